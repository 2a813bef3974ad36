import type { Clock } from "#base/clock.ts";
import { type CallId, type SessionId, sessionMark } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { network } from "#base/rate-limit.ts";
import type { ServerResponse } from "node:http";
import { EventStream } from "./event-stream.ts";
import { LongPoll } from "./long-poll.ts";
import type { TrafficLimits } from "./settings.ts";

/**
 * The requests of browsers that wait for what comes next, each an answer without an end (`event-stream.ts`) or one that comes when
 * there is something (`long-poll.ts`). Each knows the number of the last page-log row that its browser has; whatever wakes it (a hint,
 * the heartbeat), it reads on from there. So a lost hint costs seconds, not a page.
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
  open(way: "event-stream" | "long-poll", wish: LiveWish): void {
    // The visitor went away while their call was looked up: `close` has been said, and nobody would ever count back.
    if (wish.response.destroyed) return;
    const parts = {
      ...wish,
      clock: this.#clock,
      random: this.#random,
      log: this.#log.with({ call: wish.call, session: sessionMark(wish.session) }),
    };
    const connection = way === "event-stream" ? new EventStream(parts) : new LongPoll(parts);
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

export interface LiveWish {
  readonly session: SessionId;
  readonly call: CallId;
  readonly address: string;
  readonly response: ServerResponse;
  readonly afterSeq: number;
  /** The events after a row, oldest first. */
  readonly read: (afterSeq: number) => Promise<readonly LiveEvent[]>;
}

/** One request that waits. */
export interface LiveConnection {
  begin(): void;
  /** Something may have come. */
  look(): void;
  end(): void;
}

export type LiveParts = LiveWish & { readonly clock: Clock; readonly random: Random; readonly log: Log };

export interface LiveEvent {
  readonly seq: number;
  /** JSON, so it holds no line end and cannot break out of its `data:` line. */
  readonly data: string;
  /** The last one: the connection is closed after it. */
  readonly final: boolean;
}
