import type { Cancel, Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { ServerResponse } from "node:http";
import type { LiveConnection, LiveEvent, LiveParts } from "./live-connections.ts";
import { Looks } from "./looks.ts";

const heartbeatMs = 15_000;

/**
 * Server-Sent Events (WHATWG HTML 9.2). One event is on its way at a time: the next is read when the socket has taken it. A browser that
 * takes nothing for a whole heartbeat is cut; it comes back and reads on.
 */
export class EventStream implements LiveConnection {
  readonly #response: ServerResponse;
  readonly #read: (afterSeq: number) => Promise<readonly LiveEvent[]>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  #afterSeq: number;
  readonly #looks = new Looks(
    () => this.#readOn(),
    (error) => {
      // The visitor's browser reconnects and reads on: better than a page that silently stands still.
      this.#log.error({ error }, "A live connection could not read its page log.");
      this.end();
    },
  );
  #stuck = false;
  #stopHeartbeat: Cancel = () => {};

  constructor(wish: LiveParts) {
    this.#response = wish.response;
    this.#read = wish.read;
    this.#afterSeq = wish.afterSeq;
    this.#clock = wish.clock;
    this.#random = wish.random;
    this.#log = wish.log;
  }

  begin(): void {
    // A restart of ours throws every visitor off at once: each comes back after a wait of its own.
    this.#write(`retry: ${1000 + this.#random.integer(2000)}\n`);
    // Who does not hear this has a proxy that holds streams back, and asks by long polls instead.
    this.#write("event: hello\ndata: hello\n\n");
    this.#armHeartbeat();
    this.look();
  }

  look(): void {
    if (!this.#response.destroyed) this.#looks.hint();
  }

  end(): void {
    this.#stopHeartbeat();
    if (!this.#response.writableEnded) this.#response.end();
  }

  async #readOn(): Promise<void> {
    if (this.#response.writableEnded) return;
    for (const event of await this.#read(this.#afterSeq)) {
      if (event.seq <= this.#afterSeq) continue;
      this.#afterSeq = event.seq;
      this.#write(`id: ${event.seq}\nevent: page\ndata: ${event.data}\n\n`);
      if (event.final) return this.end();
      await this.#drained();
    }
  }

  #armHeartbeat(): void {
    this.#stopHeartbeat = this.#clock.at(this.#clock.now() + heartbeatMs, () => {
      const full = this.#response.writableNeedDrain;
      if (full && this.#stuck) return void this.#response.destroy();
      this.#stuck = full;
      if (!full) this.#write(": still here\n\n");
      this.look();
      this.#armHeartbeat();
    });
  }

  /** Resolves when the socket wants more, or is gone. */
  async #drained(): Promise<void> {
    if (!this.#response.writableNeedDrain || this.#response.destroyed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#response.off("drain", done).off("close", done);
        this.#stuck = false;
        resolve();
      };
      this.#response.on("drain", done).on("close", done);
    });
  }

  #write(text: string): void {
    if (!this.#response.writableEnded && !this.#response.destroyed) this.#response.write(text);
  }
}
