import type { Cancel } from "#base/clock.ts";
import type { LiveConnection, LiveEvent, LiveParts } from "./live-connections.ts";
import { Looks } from "./looks.ts";

/** Shorter than proxies wait for an answer. */
const longestMs = 20_000;

/**
 * A request that is answered once there is something to say, or after 20 s with nothing (RFC 6202 2.1): for browsers behind a proxy
 * that holds event streams back. The answer is a list of `{seq, page}`.
 */
export class LongPoll implements LiveConnection {
  readonly #parts: LiveParts;
  readonly #looks = new Looks(
    () => this.#readOn(),
    (error) => {
      this.#parts.log.error({ error }, "A long poll could not read its page log.");
      this.end();
    },
  );
  #cancelDue: Cancel = () => {};

  constructor(parts: LiveParts) {
    this.#parts = parts;
  }

  begin(): void {
    const { clock } = this.#parts;
    this.#cancelDue = clock.at(clock.now() + longestMs, () => this.#answer([]));
    this.look();
  }

  look(): void {
    if (!this.#isOver) this.#looks.hint();
  }

  end(): void {
    this.#answer([]);
  }

  async #readOn(): Promise<void> {
    if (this.#isOver) return;
    const events = await this.#parts.read(this.#parts.afterSeq);
    if (events.length > 0) this.#answer(events);
  }

  #answer(events: readonly LiveEvent[]): void {
    this.#cancelDue();
    if (this.#isOver) return;
    const pages = events.map(({ seq, data }) => `{"seq":${seq},"page":${data}}`);
    this.#parts.response.end(`[${pages.join()}]`);
  }

  get #isOver(): boolean {
    const { response } = this.#parts;
    return response.writableEnded || response.destroyed;
  }
}
