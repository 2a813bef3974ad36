import type { Cancel, Clock } from "#base/clock.ts";

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly then: () => void;
  readonly settles: boolean;
  isOff: boolean;
}

/**
 * The world's time, for many timers: it goes from one to the next, in the order of moments, then of arming. After what concerns the
 * product every promise settles before time goes on; the far ends hold none, so that `outside` costs no such pause.
 */
export class WorldClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #heap: Due[] = [];
  #live = 0;

  constructor(nowMs = Date.UTC(2026, 0, 5)) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  at(atMs: number, then: () => void): Cancel {
    return this.#arm(atMs, then, true);
  }

  /** For far ends and the weather: nothing of the product is woken by it. */
  outside(atMs: number, then: () => void): Cancel {
    return this.#arm(atMs, then, false);
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#live;
  }

  async runUntil(endMs: number): Promise<void> {
    await settled();
    for (;;) {
      const [next] = this.#heap;
      if (next === undefined || next.atMs > endMs) break;
      this.#takeFirst();
      if (next.isOff) continue;
      next.isOff = true;
      this.#live -= 1;
      this.#nowMs = next.atMs;
      next.then();
      if (next.settles) await settled();
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  #arm(atMs: number, then: () => void, settles: boolean): Cancel {
    const due: Due = {
      atMs: Math.max(this.#nowMs, Math.ceil(atMs)),
      order: this.#order++,
      then,
      settles,
      isOff: false,
    };
    this.#live += 1;
    this.#put(due);
    return () => {
      if (due.isOff) return;
      due.isOff = true;
      this.#live -= 1;
    };
  }

  #put(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(due, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = due;
  }

  #takeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = heap[below];
      if (child === undefined) break;
      const other = heap[below + 1];
      if (other !== undefined && isBefore(other, child)) {
        below += 1;
        child = other;
      }
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.atMs === other.atMs ? one.order < other.order : one.atMs < other.atMs;
}

/** Every promise that can settle without time has done so. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
