import type { Cancel } from "#base/clock.ts";
import type { WorldClock } from "./world-clock.ts";

/** RFC 3261 17: what goes over UDP is said again until it is heard of. Ours are the product's, these the far end's own. */
const t1Ms = 500;
const t2Ms = 4_000;
export const givenUpMs = 64 * t1Ms;

export class Repeated {
  #cancel: Cancel = () => {};
  #isOver = false;

  /** Says it at once, again after 0.5 s, 1 s and so on, and calls `inVain` after 32 s. `growsOn`: without the 4 s (INVITE). */
  constructor(
    clock: WorldClock,
    of: { readonly say: () => void; readonly inVain: () => void; readonly growsOn?: boolean },
  ) {
    const endMs = clock.now() + givenUpMs;
    const say = (waitMs: number): void => {
      if (this.#isOver) return;
      if (clock.now() >= endMs) {
        this.#isOver = true;
        return of.inVain();
      }
      of.say();
      const nextMs = of.growsOn === true ? waitMs * 2 : Math.min(waitMs * 2, t2Ms);
      this.#cancel = clock.outside(Math.min(endMs, clock.now() + waitMs), () => say(nextMs));
    };
    say(t1Ms);
  }

  stop(): void {
    this.#isOver = true;
    this.#cancel();
  }
}
