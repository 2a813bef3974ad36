import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { seededRandom } from "#base/random.ts";

/** A wire that loses, holds up and delays what goes over it, both ways. TCP hides a lost packet: what is left of it is this. */
export interface FaultyRelay extends AsyncDisposable {
  readonly url: string;
  /** What has met a fault, and all that went over it. */
  readonly counts: Readonly<Record<"passed" | "cut" | "held" | "delayed", number>>;
}

/** A stall that outlives TCP's repetitions and a page's five seconds, and one that does not. */
const heldMs = { least: 500, further: 7_000 };
const delayedMs = { least: 20, further: 400 };

/** Faults meet a page's events and what it says of them; how a visitor comes to the page is not what is tried here. */
const tried = /^(?:GET|POST) \/call\/[0-9a-z_]+\/(?:events|shown)/;

export async function openFaultyRelay(wish: {
  readonly toPort: () => number;
  readonly percent: number;
  readonly seed: string;
}): Promise<FaultyRelay> {
  const random = seededRandom(wish.seed);
  const counts = { passed: 0, cut: 0, held: 0, delayed: 0 };
  const sockets = new Set<Socket>();
  const draw = (): keyof typeof counts => {
    if (random.integer(1_000) >= wish.percent * 10) return "passed";
    return (["cut", "held", "delayed"] as const)[random.integer(3)] ?? "cut";
  };
  const carry = (from: Socket, to: Socket, isTried: (piece: Buffer) => boolean): void => {
    sockets.add(from);
    from.on("error", () => to.destroy());
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
    from.on("data", (piece) => {
      const fate = isTried(piece) ? draw() : "passed";
      counts[fate] += 1;
      if (fate === "cut") return void from.destroy();
      if (fate === "passed") return void to.write(piece);
      const { least, further } = fate === "held" ? heldMs : delayedMs;
      // Nothing overtakes it.
      from.pause();
      setTimeout(() => {
        if (!to.destroyed) to.write(piece);
        from.resume();
      }, least + random.integer(further));
    });
  };
  const server = createServer((near) => {
    const far = connect(wish.toPort(), "127.0.0.1");
    let isOfPush = false;
    carry(near, far, (piece) => (isOfPush = tried.test(piece.toString("latin1", 0, 100))));
    carry(far, near, () => isOfPush);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    counts,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
