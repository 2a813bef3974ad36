import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { seededRandom } from "#base/random.ts";

/** A wire that loses datagrams, both ways, before a program on this machine. */
export interface LossRelay extends AsyncDisposable {
  readonly lost: number;
  readonly passed: number;
}

/** The same datagram is not lost more often than this, so that a run's length has a limit whatever the seed draws. */
const mostLossesOfOne = 3;

export async function openLossRelay(wish: {
  /** Where those who call believe the program to be. */
  readonly port: number;
  readonly toPort: number;
  readonly seed: string;
  readonly percent: number;
}): Promise<LossRelay> {
  const random = seededRandom(wish.seed);
  const losses = new Map<string, number>();
  const counts = { lost: 0, passed: 0 };
  const isLost = (datagram: Buffer): boolean => {
    const key = datagram.toString("latin1");
    const before = losses.get(key) ?? 0;
    // The draw comes first: what was lost before does not move the sequence.
    const drawn = random.integer(100) < wish.percent;
    const lost = drawn && before < mostLossesOfOne;
    if (lost) losses.set(key, before + 1);
    counts[lost ? "lost" : "passed"] += 1;
    return lost;
  };

  const near = createSocket("udp4");
  const far = createSocket("udp4");
  let caller: { readonly port: number; readonly address: string } | undefined;
  near.on("message", (datagram, from) => {
    caller = from;
    if (!isLost(datagram)) far.send(datagram, wish.toPort, "127.0.0.1");
  });
  far.on("message", (datagram) => {
    if (caller !== undefined && !isLost(datagram)) near.send(datagram, caller.port, caller.address);
  });
  await bound(near, wish.port);
  await bound(far, 0);
  return {
    get lost() {
      return counts.lost;
    },
    get passed() {
      return counts.passed;
    },
    async [Symbol.asyncDispose]() {
      near.close();
      far.close();
      await Promise.all([once(near, "close"), once(far, "close")]);
    },
  };
}

async function bound(socket: Socket, port: number): Promise<void> {
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
}
