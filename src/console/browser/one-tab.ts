/**
 * Of a browser's tabs one has the telephone (Web Locks API): the first, until it is closed or another takes it. The others wait, and
 * the longest waiting has it when it comes free.
 */
export class OneTab {
  readonly #name: string;
  readonly #here: () => void;
  readonly #elsewhere: () => void;
  #release: () => void = () => {};
  #waiting = new AbortController();
  #left = false;

  constructor(name: string, turns: { readonly here: () => void; readonly elsewhere: () => void }) {
    this.#name = name;
    this.#here = turns.here;
    this.#elsewhere = turns.elsewhere;
    this.#ask({ ifAvailable: true });
  }

  /** Takes the telephone from the tab that has it. */
  take(): void {
    this.#waiting.abort();
    this.#waiting = new AbortController();
    this.#ask({ steal: true });
  }

  /** For good. */
  leave(): void {
    this.#left = true;
    this.#waiting.abort();
    this.#release();
  }

  #ask(how: LockOptions): void {
    navigator.locks
      .request(this.#name, how, async (lock) => {
        if (lock === null) return "taken";
        this.#here();
        await new Promise<void>((resolve) => (this.#release = resolve));
        return "released";
      })
      .then(
        (end) => {
          if (end === "taken") this.#wait();
        },
        // It was taken from us, or we wait no longer.
        (error: unknown) => {
          if (!(error instanceof DOMException) || error.name !== "AbortError") throw error;
          if (!this.#left && how.signal?.aborted !== true) this.#wait();
        },
      );
  }

  #wait(): void {
    this.#elsewhere();
    this.#ask({ signal: this.#waiting.signal });
  }
}
