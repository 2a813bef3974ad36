import { retryAfter } from "../message/headers.ts";
import type { SipResponse } from "../message/message.ts";
import type { Attempt, CallEffect, OutgoingCall } from "./call-state.ts";
import { without } from "./requests.ts";

/** When the next target is tried if nothing has come; undefined when there is no other, or no need of one. */
export function nextTargetAtMs({ phase, attempt, giveUp }: OutgoingCall): number | undefined {
  const isWaiting = phase === "calling" && giveUp === undefined && !attempt.provisional;
  return isWaiting ? attempt.silentUntilMs : undefined;
}

/** Takes an attempt that was left for the one in use again, in place of that. */
export function goneBack(call: OutgoingCall, attempt: Attempt): OutgoingCall {
  const others = call.targets.slice(1);
  const targets = attempt.target === undefined ? others : [attempt.target, ...others];
  // It had its time; now it is waited for.
  const again = { ...attempt, silentUntilMs: undefined };
  return { ...call, attempt: again, targets, left: without(call.left, attempt.tx) };
}

/** The first sign of life. */
export function tellAlive({ target, provisional }: Attempt): readonly CallEffect[] {
  return target === undefined || provisional ? [] : [{ type: "target", target, alive: true }];
}

/** One that gave a sign of life lives, though it may never have answered our CANCEL. */
export function tellDead({ target, provisional }: Attempt): readonly CallEffect[] {
  return target === undefined || provisional ? [] : [{ type: "target", target, alive: false }];
}

/** A refusal is a sign of life, but for the one that asks us to stay away. */
export function tellRefused({ target }: Attempt, response: SipResponse): readonly CallEffect[] {
  if (target === undefined) return [];
  if (response.status !== 503) return [{ type: "target", target, alive: true }];
  return [{ type: "target", target, alive: false, restMs: restAskedMs(response) }];
}

// RFC 3261 21.5.4: one that is overloaded and does not say for how long.
const usualRestSeconds = 30;
const longestRestSeconds = 600;

/** RFC 3261 20.33: more than ten minutes are not believed, or a trunk's slip of the pen would cost us a day. */
function restAskedMs(response: SipResponse): number {
  return Math.min(retryAfter(response) ?? usualRestSeconds, longestRestSeconds) * 1_000;
}
