import type { Clock } from "#base/clock.ts";

/** A change that another process makes to the configuration is seen after so long. */
const freshMs = 1_000;
const mostFound = 10_000;

/**
 * A call asks for the same few rows of the configuration dozens of times, and they change a few times a day: what was found is
 * given again for a second. What is not there is asked for each time, since ids come from strangers and would fill the memory.
 */
export class RecentLookUps {
  readonly #clock: Clock;
  readonly #found = new Map<string, unknown>();
  #sinceMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `key` names the question: the same key, the same question. */
  async find<T>(key: string, ask: () => Promise<T | undefined>): Promise<T | undefined> {
    this.#forget();
    const known = this.#found.get(key);
    if (known !== undefined) return known as T;
    const found = await ask();
    if (found !== undefined) this.#found.set(key, found);
    return found;
  }

  #forget(): void {
    const ageMs = this.#clock.now() - this.#sinceMs;
    // A wall clock that was set back makes the age negative.
    if (ageMs >= 0 && ageMs < freshMs && this.#found.size < mostFound) return;
    this.#found.clear();
    this.#sinceMs = this.#clock.now();
  }
}
