/** One look at a time; a hint during a look causes one more. `failed` hears of a look that threw. */
export class Looks {
  readonly #look: () => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #looking = false;
  #again = false;

  constructor(look: () => Promise<void>, failed: (error: unknown) => void) {
    this.#look = look;
    this.#failed = failed;
  }

  hint(): void {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    this.#untilQuiet()
      .catch(this.#failed)
      .finally(() => {
        this.#looking = false;
      });
  }

  async #untilQuiet(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#look();
    }
  }
}
