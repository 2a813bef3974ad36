import { setTimeout as pause } from "node:timers/promises";
import { EventStream } from "#rig/event-stream.ts";
import type { PlainBrowser } from "#rig/plain-browser.ts";

/** One pushed page as the visitor's page met it: shown at that moment, or refused because it had been taken back. */
export interface MetPush {
  readonly push: number;
  readonly atMs: number;
  readonly isShown: boolean;
}

const longestWaitMs = 15_000;
const askWithinMs = 2_000;

/** A call's page without a browser: it follows its events, asks before it shows a pushed page, and comes back, as `assets/live.js` does. */
export class PageClient {
  readonly call: string;
  /** In the order in which it met them; a number that stands there twice was shown twice. */
  readonly met: MetPush[] = [];
  connects = 0;
  /** The last page has come, and all before it is shown or refused. */
  readonly over: Promise<void>;
  readonly #origin: string;
  readonly #way: string;
  readonly #headers: Record<string, string>;
  readonly #closing = new AbortController();
  #turn: Promise<void> = Promise.resolve();
  #seq = 0;

  /** `origin` is the platform's own; `way`, where it is reached, may be a relay before it. */
  constructor(
    browser: PlainBrowser,
    of: { readonly origin: string; readonly way: string; readonly address: string },
  ) {
    this.call = /\/call\/(call_[0-9a-z]+)/.exec(browser.page.url)?.[1] ?? "";
    if (this.call === "") throw new Error(`No call's page: ${browser.text}`);
    this.#origin = of.origin;
    this.#way = of.way;
    this.#headers = { cookie: browser.cookies, "x-forwarded-for": of.address };
    this.over = this.#follow().then(() => this.#turn);
  }

  /** Follows no longer. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.over;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await using stream = await EventStream.open(
          `${this.#way}/call/${this.call}/events?after=${this.#seq}`,
          this.#headers,
          signal,
        );
        await stream.opened();
        this.connects += 1;
        failures = 0;
        for (;;) {
          const { id, data } = await stream.next();
          this.#seq = Number(id);
          this.#turn = this.#turn.then(() => this.#take(data.push));
          if (data.final) return;
        }
      } catch {
        // The connection is gone, or the platform: the page comes back by itself.
        failures += 1;
      }
      const longest = Math.min(longestWaitMs, 500 * 1.5 ** failures);
      await pause(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
    }
  }

  async #take(push: number | undefined): Promise<void> {
    if (push === undefined) return;
    const isShown = await this.#isMine(push);
    this.met.push({ push, atMs: Date.now(), isShown });
  }

  async #isMine(push: number): Promise<boolean> {
    for (let longest = 200; !this.#closing.signal.aborted; longest = Math.min(3_000, 2 * longest)) {
      try {
        const answer = await fetch(`${this.#way}/call/${this.call}/shown/${push}`, {
          method: "POST",
          headers: { ...this.#headers, origin: this.#origin },
          signal: AbortSignal.timeout(askWithinMs),
        });
        await answer.text();
        if (answer.status < 500 && answer.status !== 429) return answer.ok;
      } catch {
        // Lost on the way there, or back: it is asked again.
      }
      await pause(longest * (0.5 + Math.random() / 2));
    }
    return false;
  }
}
