import { type Random, seededRandom } from "#base/random.ts";

/** What a seed draws, in the words of a story. */
export class Chance {
  readonly #random: Random;

  constructor(seed: string) {
    this.#random = seededRandom(seed);
  }

  happens(share: number): boolean {
    return this.#random.integer(1_000_000) < share * 1_000_000;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + this.#random.integer(most - least + 1);
  }

  pick<T>(first: T, ...others: readonly T[]): T {
    return others[this.#random.integer(others.length + 1) - 1] ?? first;
  }

  /** What comes by itself, so often on average: the time until it comes next. */
  untilNext(meanMs: number): number {
    return Math.max(1, Math.round(-meanMs * Math.log(1 - this.#random.integer(1_000_000) / 1_000_000)));
  }
}
