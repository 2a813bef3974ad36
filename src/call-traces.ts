import { createHash } from "node:crypto";
import type { CallId, LegId } from "#base/ids.ts";
import type { Noted, WatchedCalls } from "#call-manager/call-manager.ts";
import { callOfLeg } from "#call-manager/call.ts";
import { factOf } from "#call-manager/journal-fact.ts";
import type { TelecomEvent } from "#contract/telecom.ts";
import type { TelecomUnit } from "#telecom/client.ts";
import type { Span, SpanExport } from "./span-export.ts";

/** What is heard of a call before its end, and told then. */
interface Known {
  readonly beganAtMs: number;
  reference?: string;
  subject?: string;
  outcome?: string;
  /** Of the last key that somebody pressed. */
  keyedAtMs?: number;
}

/** More than can be up at once. The oldest is one whose end was never seen. */
const mostCalls = 20_000;

/**
 * Each call as a trace: the call, each of its steps, each leg, each push. A trace's id comes of the call's, and a span's of what it is
 * about, so that nothing has to be stored: a web process that goes on with a call goes on with its trace, and who has a call's id has the
 * trace's. It looks on from outside, and tells what the log may tell: no number, no context, no digit.
 */
export class CallTraces {
  readonly #unit: Pick<TelecomUnit, "leg">;
  readonly #spans: Pick<SpanExport, "add">;
  readonly #calls = new Map<CallId, Known>();
  readonly #ends: readonly (() => void)[];

  constructor(around: {
    readonly unit: Pick<TelecomUnit, "leg" | "onEvent">;
    readonly calls: Pick<WatchedCalls, "watch">;
    readonly spans: Pick<SpanExport, "add">;
  }) {
    this.#unit = around.unit;
    this.#spans = around.spans;
    this.#ends = [
      around.calls.watch((noted) => this.#noted(noted)),
      around.unit.onEvent((event) => this.#heard(event)),
    ];
  }

  close(): void {
    for (const end of this.#ends) end();
  }

  #noted({ row }: Noted): void {
    const { call, atMs, step, subscriber } = row;
    const fact = factOf(row);
    const known = this.#known(call, fact.beganAtMs ?? atMs);
    if (fact.begun !== undefined) {
      known.reference = fact.begun.reference;
      known.subject = fact.begun.subject;
    }
    if (fact.outcome !== undefined) known.outcome = fact.outcome;
    const root = spanId(call, "call");
    if (fact.beganAtMs !== undefined) {
      const facts = { "tandem.became": fact.became };
      // A step may come twice in a call: a second center is called.
      this.#add(call, `step ${step}`, `${step} ${fact.beganAtMs}`, {
        parent: root,
        startMs: fact.beganAtMs,
        endMs: atMs,
        facts,
      });
    }
    if (fact.pushed !== undefined) {
      const facts = { "tandem.page": fact.pushed.page };
      const startMs = Math.min(known.keyedAtMs ?? atMs, atMs);
      this.#add(call, "push", `push ${atMs}`, { parent: root, startMs, endMs: atMs, facts });
    }
    if (fact.ended === undefined) return;
    this.#calls.delete(call);
    const { reference, subject, outcome } = known;
    this.#add(call, "call", "call", {
      kind: "server",
      startMs: known.beganAtMs,
      endMs: fact.ended.endedAtMs,
      failed: outcome === "platform-failed",
      facts: {
        "tandem.call": call,
        "tandem.subscriber": subscriber,
        ...(outcome === undefined ? {} : { "tandem.outcome": outcome }),
        ...(subject === undefined ? {} : { "tandem.subject": subject }),
        ...(reference === undefined ? {} : { "tandem.reference": reference }),
        "tandem.bridged_seconds": fact.ended.bridgedSeconds,
      },
    });
  }

  #heard(event: TelecomEvent): void {
    if (event.type === "digit") {
      const known = this.#calls.get(callOfLeg(event.leg));
      if (known !== undefined) known.keyedAtMs = event.key.atMs;
    }
    if (event.type === "leg-ended") this.#legEnded(event.leg, event.atMs);
  }

  #legEnded(leg: LegId, endMs: number): void {
    const line = this.#unit.leg(leg);
    if (line === undefined) return;
    const call = callOfLeg(leg);
    const { dialedAtMs, ringingAtMs, answeredAtMs, endCause, sipStatus, sipCallId } = line;
    this.#add(call, leg.includes(".user") ? "leg user" : "leg center", leg, {
      kind: "client",
      parent: spanId(call, "call"),
      startMs: dialedAtMs,
      endMs,
      failed: endCause === "failed" || endCause === "media-lost" || endCause === "unreachable",
      facts: {
        "tandem.leg": leg,
        ...(endCause === undefined ? {} : { "tandem.cause": endCause }),
        ...(ringingAtMs === undefined ? {} : { "tandem.ringing_after_ms": ringingAtMs - dialedAtMs }),
        ...(answeredAtMs === undefined ? {} : { "tandem.answered_after_ms": answeredAtMs - dialedAtMs }),
        ...(sipStatus === undefined ? {} : { "sip.status": sipStatus }),
        ...(sipCallId === undefined ? {} : { "sip.call_id": sipCallId }),
      },
    });
  }

  /** Of a call that a process before this one began, its beginning is the first that is heard of it. */
  #known(call: CallId, atMs: number): Known {
    const before = this.#calls.get(call);
    if (before !== undefined) return before;
    const known: Known = { beganAtMs: atMs };
    this.#calls.set(call, known);
    if (this.#calls.size > mostCalls) {
      const [oldest] = this.#calls.keys();
      if (oldest !== undefined) this.#calls.delete(oldest);
    }
    return known;
  }

  #add(
    call: CallId,
    name: string,
    about: string,
    of: Pick<Span, "startMs" | "endMs"> & {
      readonly kind?: Span["kind"];
      readonly parent?: string;
      readonly failed?: boolean;
      readonly facts: Span["attributes"];
    },
  ): void {
    const { kind = "internal", parent, failed = false, facts: attributes, startMs, endMs } = of;
    this.#spans.add({
      trace: hash(`trace ${call}`).slice(0, 32),
      span: spanId(call, about),
      ...(parent === undefined ? {} : { parent }),
      name,
      kind,
      startMs,
      endMs,
      failed,
      attributes,
    });
  }
}

function spanId(call: CallId, about: string): string {
  return hash(`span ${call} ${about}`).slice(0, 16);
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
