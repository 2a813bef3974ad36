import type { Cancel, Clock } from "#base/clock.ts";
import { type CallId, type SessionId, sessionMark } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { network } from "#base/rate-limit.ts";
import type { ServerResponse } from "node:http";
import type { TrafficLimits } from "./settings.ts";

/**
 * Server-Sent Events (WHATWG HTML 9.2). Each connection knows the number of the last page-log row that it sent; whatever wakes it
 * (a hint, the heartbeat), it reads on from there. So a lost hint costs seconds, not a page.
 */
export class LiveConnections {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #limits: TrafficLimits;
  readonly #bySession = new Map<SessionId, Set<LiveConnection>>();
  readonly #byAddress = new Map<string, number>();
  #open = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
    readonly limits: TrafficLimits;
  }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#log = options.log;
    this.#limits = options.limits;
  }

  get count(): number {
    return this.#open;
  }

  /** Whether one more may be opened. */
  admits(session: SessionId, address: string): boolean {
    return (
      this.#open < this.#limits.liveConnections &&
      (this.#bySession.get(session)?.size ?? 0) < this.#limits.liveConnectionsPerSession &&
      (this.#byAddress.get(network(address)) ?? 0) < this.#limits.liveConnectionsPerAddress
    );
  }

  /** Takes over an answered request until its visitor goes away or `read` says that nothing more will come. */
  open(wish: {
    readonly session: SessionId;
    readonly call: CallId;
    readonly address: string;
    readonly response: ServerResponse;
    readonly afterSeq: number;
    /** The events after a row, oldest first. */
    readonly read: (afterSeq: number) => Promise<readonly LiveEvent[]>;
  }): void {
    // The visitor went away while their call was looked up: `close` has been said, and nobody would ever count back.
    if (wish.response.destroyed) return;
    const connection = new LiveConnection({
      ...wish,
      clock: this.#clock,
      random: this.#random,
      log: this.#log.with({ call: wish.call, session: sessionMark(wish.session) }),
    });
    const siblings = this.#bySession.get(wish.session) ?? new Set();
    const place = network(wish.address);
    this.#bySession.set(wish.session, siblings.add(connection));
    this.#byAddress.set(place, (this.#byAddress.get(place) ?? 0) + 1);
    this.#open += 1;
    wish.response.once("close", () => {
      connection.end();
      siblings.delete(connection);
      if (siblings.size === 0) this.#bySession.delete(wish.session);
      const left = (this.#byAddress.get(place) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(place);
      else this.#byAddress.set(place, left);
      this.#open -= 1;
    });
    connection.begin();
  }

  /** New rows stand in this session's page log. */
  changed(session: SessionId): void {
    for (const connection of this.#bySession.get(session) ?? []) connection.look();
  }

  closeAll(): void {
    for (const connections of [...this.#bySession.values()]) {
      for (const connection of [...connections]) connection.end();
    }
  }
}

export interface LiveEvent {
  readonly seq: number;
  /** JSON, so it holds no line end and cannot break out of its `data:` line. */
  readonly data: string;
  /** The last one: the connection is closed after it. */
  readonly final: boolean;
}

const heartbeatMs = 15_000;

/**
 * One event is on its way at a time: the next is read when the socket has taken it. A browser that takes nothing for a whole
 * heartbeat is cut; it comes back and reads on.
 */
class LiveConnection {
  readonly #response: ServerResponse;
  readonly #read: (afterSeq: number) => Promise<readonly LiveEvent[]>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  #afterSeq: number;
  #looking = false;
  #lookAgain = false;
  #stuck = false;
  #stopHeartbeat: Cancel = () => {};

  constructor(wish: {
    readonly response: ServerResponse;
    readonly afterSeq: number;
    readonly read: (afterSeq: number) => Promise<readonly LiveEvent[]>;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
  }) {
    this.#response = wish.response;
    this.#read = wish.read;
    this.#afterSeq = wish.afterSeq;
    this.#clock = wish.clock;
    this.#random = wish.random;
    this.#log = wish.log;
  }

  begin(): void {
    // A restart of ours throws every visitor off at once: each comes back after a wait of its own.
    this.#write(`retry: ${1000 + this.#random.integer(2000)}\n\n`);
    this.#armHeartbeat();
    this.look();
  }

  /** Reads on, one read at a time; a hint during a read causes one more. */
  look(): void {
    this.#lookAgain = true;
    if (this.#looking || this.#response.destroyed) return;
    this.#looking = true;
    this.#lookUntilQuiet()
      .catch((error: unknown) => {
        // The visitor's browser reconnects and reads on: better than a page that silently stands still.
        this.#log.error({ error }, "A live connection could not read its page log.");
        this.end();
      })
      .finally(() => {
        this.#looking = false;
      });
  }

  end(): void {
    this.#stopHeartbeat();
    if (!this.#response.writableEnded) this.#response.end();
  }

  async #lookUntilQuiet(): Promise<void> {
    while (this.#lookAgain && !this.#response.writableEnded) {
      this.#lookAgain = false;
      for (const event of await this.#read(this.#afterSeq)) {
        if (event.seq <= this.#afterSeq) continue;
        this.#afterSeq = event.seq;
        this.#write(`id: ${event.seq}\nevent: page\ndata: ${event.data}\n\n`);
        if (event.final) return this.end();
        await this.#drained();
      }
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
