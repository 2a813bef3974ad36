import { type Call, type CenterAttempt, currentCenterLeg } from "../call.ts";
import type { Scope } from "../kernel/scope.ts";
import type { CallOutcome } from "../pages.ts";
import type { StepEnd } from "../step.ts";

/** The route in hand led to nobody: the next one is tried, and when there is none the call is over. */
export function nextRoute(scope: Scope, result: string, over: CallOutcome): StepEnd {
  const { call, around } = scope;
  const leg = currentCenterLeg(call);
  // Safe to say of a leg that ended already.
  if (leg !== undefined) around.unit.send({ type: "hang-up", leg, reason: "normal" });
  const attempts = withResult(call, result, { letGoAtMs: around.clock.now() });
  const end = { fact: result, call: { attempts, wrongPins: 0 } };
  return call.attempts.length < call.routes.length ? { ...end, backTo: "call-center" } : { ...end, over };
}

/** The attempts, with the one in hand come to `result`. */
export function withResult(
  call: Call,
  result: string,
  more: Pick<CenterAttempt, "answeredAtMs" | "letGoAtMs"> = {},
): readonly CenterAttempt[] {
  return call.attempts.map((attempt, index) =>
    index === call.attempts.length - 1 ? { ...attempt, ...more, result } : attempt,
  );
}
