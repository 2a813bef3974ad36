import type { LegId } from "#base/ids.ts";
import type { LegEndCause } from "#contract/telecom.ts";
import type { Scope } from "../kernel/scope.ts";

/** What becomes of a telephone that was called. */
export type Answered =
  | "answered"
  | "busy"
  | "no-answer"
  | "declined"
  | "unreachable"
  | "time-limit"
  /** It was answered, and was gone before this was looked at: after a crash, say. */
  | "hung-up";

/** When a leg that was found answered did, as the unit saw it. */
export function answeredAtMs(scope: Scope, leg: LegId): number {
  const { unit, clock } = scope.around;
  return unit.leg(leg)?.answeredAtMs ?? clock.now();
}

/** After the moment at which the unit itself stops the ringing. */
const graceMs = 5_000;

/** Waits until the called telephone has answered or will not. */
export async function answeredOrNot(scope: Scope, leg: LegId, ringUntilMs: number): Promise<Answered> {
  const { unit, clock } = scope.around;
  const seen = await scope.wait((): Answered | undefined => {
    const line = unit.leg(leg);
    // It was said in time, and the unit did not take it; or it was too late to say it.
    if (line === undefined) return clock.now() < ringUntilMs ? "unreachable" : "no-answer";
    if (line.state === "answered") return "answered";
    if (line.state !== "ended") return undefined;
    return line.answeredAtMs === undefined ? notAnswered(line.endCause) : "hung-up";
  }, ringUntilMs + graceMs);
  if (seen !== "too-late") return seen;
  unit.send({ type: "hang-up", leg, reason: "normal" });
  return "no-answer";
}

function notAnswered(cause: LegEndCause | undefined): Answered {
  switch (cause) {
    case "busy":
    case "no-answer":
    case "declined":
    case "time-limit":
      return cause;
    case "hung-up-by-us":
    case "cancelled":
      return "no-answer";
    case "unreachable":
    case "hung-up-by-far-end":
    case "media-lost":
    case "failed":
    case undefined:
      return "unreachable";
  }
}
