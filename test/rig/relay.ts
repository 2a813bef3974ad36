import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A wire between a browser and the platform that a test can cut and mend. */
export interface Relay {
  readonly port: number;
  /** Ends what is open and refuses what comes, until `mend`. */
  cut(): void;
  mend(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function openRelay(toPort: () => number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) return void near.destroy();
    const far = connect(toPort(), "127.0.0.1");
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const end = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    cut() {
      whole = false;
      end();
    },
    mend() {
      whole = true;
    },
    async [Symbol.asyncDispose]() {
      end();
      server.close();
      await once(server, "close");
    },
  };
}
