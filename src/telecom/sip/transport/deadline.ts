import type { Cancel, Clock } from "#base/clock.ts";

/** One moment by which something must have happened; setting it again moves it. */
export class Deadline {
  readonly #clock: Clock;
  readonly #passed: () => void;
  #atMs = 0;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, passed: () => void) {
    this.#clock = clock;
    this.#passed = passed;
  }

  set(inMs: number): void {
    const atMs = this.#clock.now() + inMs;
    const sooner = this.#cancel !== undefined && atMs < this.#atMs;
    this.#atMs = atMs;
    // A later deadline leaves the timer alone: it looks again when it fires, so a busy connection arms few timers.
    if (sooner) this.clear();
    if (this.#cancel === undefined) this.#arm();
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    this.#cancel = this.#clock.at(this.#atMs, () => {
      this.#cancel = undefined;
      if (this.#clock.now() < this.#atMs) this.#arm();
      else this.#passed();
    });
  }
}
