import type { Clock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { SpeechEngine, SpeechWish } from "./speech-engine.ts";

/** An operator's engine has this long, from the prompt's beginning; then the embedded one speaks. */
const engineDeadlineMs = 1500;
/** What no engine has spoken by then becomes a beep, in time for the 2.5 s that a bridge waits at most. */
const lastDeadlineMs = 2300;

export type Spoken =
  | { readonly type: "sound"; readonly pcm: Int16Array; readonly fallback: boolean }
  | { readonly type: "silent-engines" };

/** The engine that the operator chose, and the embedded one behind it. */
export class Speaker {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #chosen: SpeechEngine | undefined;
  readonly #embedded: SpeechEngine;

  constructor(parts: { clock: Clock; log: Log; chosen: SpeechEngine | undefined; embedded: SpeechEngine }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#chosen = parts.chosen;
    this.#embedded = parts.embedded;
  }

  /** The id of the engine whose sound is wanted: part of the cache's key. */
  get engineId(): string {
    return (this.#chosen ?? this.#embedded).id;
  }

  /** Never rejects. Deadlines count from `beganAtMs`, when the prompt was asked for. */
  async speak(wish: SpeechWish, beganAtMs: number, signal: AbortSignal | undefined): Promise<Spoken> {
    if (this.#chosen !== undefined) {
      const pcm = await this.#try(this.#chosen, wish, beganAtMs + engineDeadlineMs, signal);
      if (pcm !== undefined) return { type: "sound", pcm, fallback: false };
    }
    const pcm = await this.#try(this.#embedded, wish, beganAtMs + lastDeadlineMs, signal);
    if (pcm === undefined) return { type: "silent-engines" };
    return { type: "sound", pcm, fallback: this.#chosen !== undefined };
  }

  async close(): Promise<void> {
    await Promise.all([this.#chosen?.close(), this.#embedded.close()]);
  }

  async #try(
    engine: SpeechEngine,
    wish: SpeechWish,
    untilMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Int16Array | undefined> {
    const deadline = new AbortController();
    const late = new TandemError("SPEECH_FAILED", { why: "too late" });
    const cancel = this.#clock.at(untilMs, () => deadline.abort(late));
    const givenUp = new Promise<never>((_, reject) => {
      deadline.signal.addEventListener("abort", () => reject(deadline.signal.reason), { once: true });
    });
    givenUp.catch(() => {});
    const abort = (): void => deadline.abort(new TandemError("SPEECH_FAILED", { why: "no longer wanted" }));
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort();
    try {
      // An engine that does not heed its signal is not waited for either.
      return await Promise.race([engine.synthesize(wish, deadline.signal), givenUp]);
    } catch (error) {
      // The words stay out of the log: they may be a customer's.
      const why = error instanceof TandemError ? error.details : { error: String(error) };
      this.#log.warn({ code: "SPEECH_FAILED", engine: engine.id, why }, "A speech engine gave no audio.");
      return undefined;
    } finally {
      cancel();
      signal?.removeEventListener("abort", abort);
    }
  }
}
