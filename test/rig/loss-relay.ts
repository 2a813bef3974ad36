import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { seededRandom } from "#base/random.ts";

/** A wire that loses datagrams, both ways, before a program on this machine. */
export interface LossRelay extends AsyncDisposable {
  /** The names of those that were lost, in order. */
  readonly lost: readonly string[];
  readonly passed: number;
}

/** The same datagram is not lost more often than this, so that a run's length has a limit whatever the seed draws. */
const mostLossesOfOne = 3;

/**
 * Whether a datagram is lost is drawn by the seed, its name and how many of that name came before: nothing that comes earlier,
 * later or more often on another day moves the draw, so a seed loses the same messages every time.
 */
export async function openLossRelay(wish: {
  /** Where those who call believe the program to be. */
  readonly port: number;
  readonly toPort: number;
  readonly seed: string;
  readonly percent: number;
  readonly nameOf: (datagram: Buffer) => string;
}): Promise<LossRelay> {
  const came = new Map<string, number>();
  const losses = new Map<string, number>();
  const counts: { lost: string[]; passed: number } = { lost: [], passed: 0 };
  const isLost = (datagram: Buffer): boolean => {
    const name = wish.nameOf(datagram);
    const nth = countUp(came, name);
    const key = datagram.toString("latin1");
    const drawn = seededRandom(`${wish.seed} ${name} ${nth}`).integer(100) < wish.percent;
    const lost = drawn && (losses.get(key) ?? 0) < mostLossesOfOne;
    if (lost) {
      countUp(losses, key);
      counts.lost.push(name);
    } else counts.passed += 1;
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

function countUp(counts: Map<string, number>, name: string): number {
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return count;
}

async function bound(socket: Socket, port: number): Promise<void> {
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
}
