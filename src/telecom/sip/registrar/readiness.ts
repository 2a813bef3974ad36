import { unreachable } from "#base/errors.ts";
import type { TransportName } from "../message/message.ts";

/**
 * Whether a telephone would ring at a place where it is registered. A page that its browser has frozen, or that has lost its
 * microphone, stays registered: its connection is kept open below it. So it is asked by OPTIONS (RFC 3261 11), one at a time:
 *
 *           200              another answer, silence, failure
 *   new ────────> ready ─────────────────────────────────────> unready
 *    │              ^                                            │ ^
 *    │              └──────────────────── 200 ───────────────────┘ │
 *    └──────────────── another answer, silence, failure ───────────┘
 */
export interface Readiness {
  readonly state: "new" | "ready" | "unready";
  /** When the OPTIONS went out that nothing has come for; undefined when none is under way. */
  readonly askedAtMs: number | undefined;
  /** When `due` is to be said; undefined while a silent phone has its OPTIONS, which ends as an answer or a failure. */
  readonly dueAtMs: number | undefined;
}

export type ReadinessInput =
  | { readonly type: "due" }
  /** A final answer. */
  | { readonly type: "answered"; readonly status: number }
  /** RFC 3261 17.1.2: the transaction ended without one. */
  | { readonly type: "failed" };

export type ReadinessStep = readonly [Readiness, readonly { readonly type: "ask" }[]];

/** From one OPTIONS to the next. */
export const askEveryMs = 4_000;
/** How long an OPTIONS may go without an answer. With the time between two, a frozen page is found out within 8 s. */
export const silentAfterMs = 4_000;

/**
 * A page can stand still without an end of its connection. A desk phone that is connected is a program that runs; many answer
 * an OPTIONS by a status that says nothing (404, 405, 486), and what goes over UDP is told by the INVITE's own silence.
 */
export function isAsked(transport: TransportName): boolean {
  return transport === "ws" || transport === "wss";
}

/** A place that has just registered: it is asked at once. */
export function newlyRegistered(nowMs: number): Readiness {
  return { state: "new", askedAtMs: undefined, dueAtMs: nowMs };
}

export function step(before: Readiness, input: ReadinessInput, nowMs: number): ReadinessStep {
  const { askedAtMs } = before;
  switch (input.type) {
    case "due":
      if (before.dueAtMs === undefined || nowMs < before.dueAtMs) return [before, []];
      // A second OPTIONS would wait behind the first in the same silence.
      if (askedAtMs !== undefined) return [{ ...before, state: "unready", dueAtMs: undefined }, []];
      return [{ ...before, askedAtMs: nowMs, dueAtMs: nowMs + silentAfterMs }, [{ type: "ask" }]];
    case "answered": {
      const state = input.status >= 200 && input.status < 300 ? "ready" : "unready";
      const dueAtMs = Math.max(nowMs, (askedAtMs ?? nowMs) + askEveryMs);
      return [{ state, askedAtMs: undefined, dueAtMs }, []];
    }
    case "failed":
      return [{ state: "unready", askedAtMs: undefined, dueAtMs: nowMs + askEveryMs }, []];
    default:
      return unreachable(input);
  }
}
