/** The only place where time comes from. Moments are whole milliseconds since 1970 (`...Ms`), so they survive JSON. */
export interface Clock {
  /** Wall time, ms since the epoch. */
  now(): number;
  /** Calls `then` once at `atMs` (at once, on a later turn, if that has passed). Returns the cancellation; saying it twice is safe. */
  at(atMs: number, then: () => void): Cancel;
}

export type Cancel = () => void;

// Node fires a timer at once when its delay exceeds 2^31-1 ms: longer waits are taken in stages.
const longestTimeoutMs = 2 ** 31 - 1;

export const systemClock: Clock = clockBy(() => Date.now());

/**
 * A clock that nobody sets: it began with the wall clock and goes on whatever becomes of that. For what is measured from one
 * moment to the next within a process. What is told to others or stored has wall time.
 */
export const steadyClock: Clock = clockBy(() => Math.floor(performance.timeOrigin + performance.now()));

function clockBy(now: () => number): Clock {
  return {
    now,
    at(atMs, then) {
      let timer: NodeJS.Timeout;
      const wait = (): void => {
        const waitMs = Math.max(0, atMs - now());
        timer = setTimeout(fire, Math.min(waitMs, longestTimeoutMs));
      };
      // Timers run by another clock than moments do: about one in seven fires while its moment is still a millisecond off, and
      // the wall clock may be set back under it. Who asks `now` in `then` finds that the moment has come.
      const fire = (): void => (now() < atMs ? wait() : then());
      wait();
      return () => clearTimeout(timer);
    },
  };
}

/** Resolves at `atMs`; rejects with the signal's reason when that fires first. */
export function until(clock: Clock, atMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const cancel = clock.at(atMs, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    const abort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** A clock that stands still until a test or the simulator moves it. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #timers = new Map<number, { atMs: number; order: number; then: () => void }>();

  constructor(nowMs = Date.UTC(2026, 0, 5, 12)) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  at(atMs: number, then: () => void): Cancel {
    const order = this.#order++;
    this.#timers.set(order, { atMs, order, then });
    return () => void this.#timers.delete(order);
  }

  /** How many timers wait; a test that ends with any has leaked one. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** When the next timer falls due, if any waits: a story may go from one to the next. */
  get nextAtMs(): number | undefined {
    const moments = [...this.#timers.values()].map((timer) => timer.atMs);
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  /** Moves on by `ms`, firing what falls due, in the order of moments, then of arming. Lets promises settle between two timers. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      const next = [...this.#timers.values()]
        .filter((t) => t.atMs <= endMs)
        .sort((x, y) => x.atMs - y.atMs || x.order - y.order)[0];
      if (next === undefined) break;
      this.#timers.delete(next.order);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.then();
    }
    this.#nowMs = endMs;
    await settle();
  }
}

/** Lets every promise that can settle without time or I/O do so. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
