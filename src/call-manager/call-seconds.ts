import type { LegId } from "#base/ids.ts";
import type { LegState } from "#contract/telecom.ts";
import { type Call, linesEndAtMs, userLegOf } from "./call.ts";

/**
 * How long each part of a call that is over took, in whole seconds, rounded up: as the unit saw it, whenever we heard of it. Of a
 * line that the unit does not know any more (it was started anew) or whose end it has not told, what was noted while it stood
 * counts, up to the moment at which the call was over.
 */
export function callSeconds(
  call: Call,
  lines: readonly LegState[],
): Pick<Call, "userLegSeconds" | "centerLegSeconds" | "bridgedSeconds"> {
  // Both processes may have been away for a night: no line lasted longer than the unit would have let it.
  const overAtMs = Math.min(call.overAtMs ?? call.beganAtMs, linesEndAtMs(call));
  const lineOf = (leg: LegId | undefined): LegState | undefined => lines.find((line) => line.leg === leg);
  const talked = (leg: LegId, noted: Noted): number =>
    seconds(
      lineOf(leg)?.answeredAtMs ?? noted.answeredAtMs,
      lineOf(leg)?.endedAtMs ?? noted.letGoAtMs ?? overAtMs,
    );
  const user = userLegOf(call);
  const { attempts, bridgedAtMs } = call;
  // Who talks is parted by the first line that ends, also where the process was away and heard of it later.
  const ends = [user, attempts.at(-1)?.leg].map((leg) => lineOf(leg)?.endedAtMs ?? overAtMs);
  return {
    userLegSeconds: talked(user, { answeredAtMs: call.userAnsweredAtMs }),
    centerLegSeconds: attempts.reduce((sum, attempt) => sum + talked(attempt.leg, attempt), 0),
    bridgedSeconds: seconds(bridgedAtMs, Math.min(overAtMs, ...ends)),
  };
}

interface Noted {
  readonly answeredAtMs?: number | undefined;
  readonly letGoAtMs?: number | undefined;
}

function seconds(fromMs: number | undefined, toMs: number): number {
  return fromMs === undefined ? 0 : Math.max(0, Math.ceil((toMs - fromMs) / 1000));
}
