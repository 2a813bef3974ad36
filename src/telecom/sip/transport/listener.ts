import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Log } from "#base/log.ts";
import type { Guest, Guests } from "./guests.ts";
import { keepAlive } from "./stream-connection.ts";

/** A TCP port, whatever is spoken over its connections. */
export interface Listener {
  readonly port: number;
  /** Cuts every connection that came in, and lets go of the port. */
  close(): Promise<void>;
}

/** Listens. Each connection has its place among the strangers' when it is handed on; where there is none it is cut at once. */
export async function listen(options: {
  readonly address: string;
  readonly port: number;
  readonly log: Log;
  readonly guests: Guests;
  /** A proxy's connections are counted when it has said whose they are. */
  readonly isProxy?: (address: string) => boolean;
  readonly accept: (socket: Socket, guest: Guest) => void;
}): Promise<Listener> {
  const { address, log, guests } = options;
  const sockets = new Set<Socket>();
  let refused = 0;

  const server = createServer({ noDelay: true, ...keepAlive }, (socket) => {
    const from = socket.remoteAddress ?? "";
    const guest = guests.enter(options.isProxy?.(from) === true ? undefined : from);
    if (guest === undefined) {
      // Told once in a while: a flood must not fill the log.
      if (refused++ % 1_000 === 0) log.warn({ from, refused }, "Too many SIP connections.");
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => {
      guest.leave();
      sockets.delete(socket);
    });
    options.accept(socket, guest);
  });
  server.listen({ host: address, port: options.port, ipv6Only: true });
  await once(server, "listening");
  server.on("error", (error) => log.warn({ error: error.message }, "A SIP listener met an error."));
  const bound = server.address();

  return {
    port: typeof bound === "object" && bound !== null ? bound.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
