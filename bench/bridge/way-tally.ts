import type { WayFigures } from "./phones-process.ts";

/** Frames on one kind of way, counted: what was said, what was heard, how long it took. */
export class WayTally {
  sent = 0;
  #received = 0;
  #leastMs = Number.POSITIVE_INFINITY;
  /** By 10 us, up to 2 s. */
  readonly #delays = new Uint32Array(200_000);

  heard(delayMs: number): void {
    this.#received += 1;
    this.#leastMs = Math.min(this.#leastMs, delayMs);
    const place = Math.min(this.#delays.length - 1, Math.max(0, Math.floor(delayMs * 100)));
    this.#delays[place] = (this.#delays[place] ?? 0) + 1;
  }

  figures(): WayFigures {
    const delayP99Ms = this.#percentile(0.99);
    return {
      lossPercent: ((this.sent - this.#received) / this.sent) * 100,
      delayMedianMs: this.#percentile(0.5),
      delayP99Ms,
      jitterP99Ms: delayP99Ms - this.#leastMs,
    };
  }

  #percentile(share: number): number {
    let left = this.#received * share;
    for (const [place, count] of this.#delays.entries()) {
      left -= count;
      if (left <= 0) return place / 100;
    }
    return Number.NaN;
  }
}
