import type { SipResponse } from "../message/message.ts";
import { goneBack, nextTargetAtMs, tellAlive, tellDead, tellRefused } from "./attempt.ts";
import {
  type Attempt,
  lingerMs,
  type Moment,
  type OutgoingCall,
  type Step,
  tell,
  then,
} from "./call-state.ts";
import { accepted, inviteAnswered, nextTarget } from "./calling.ts";
import { without } from "./requests.ts";

/** Nothing came in time, and the next target is tried. RFC 3261 9.1 knows no way to take back what nobody has answered. */
export function silent(call: OutgoingCall, moment: Moment): Step {
  const atMs = nextTargetAtMs(call);
  if (atMs === undefined || atMs > moment.nowMs) return [call, []];
  if (call.targets.length <= 1) return givenUp(call, moment);
  const left = { ...call.left, [call.attempt.tx]: call.attempt };
  return then([{ ...call, left }, tellDead(call.attempt)], (now) =>
    nextTarget(now, { type: "no-response" }, moment),
  );
}

/**
 * A phone that registered and has gone without a word. The call is over for who made it; what the phone says late is cancelled or
 * hung up, as if we had hung up.
 */
function givenUp(call: OutgoingCall, moment: Moment): Step {
  const giveUp = { headers: [], cancelSent: false };
  const forgetAtMs = moment.nowMs + 2 * lingerMs;
  return [{ ...call, giveUp, forgetAtMs }, [tell({ type: "over", end: { type: "no-response" } })]];
}

/**
 * A response of an attempt that was left. The first that gives a sign of life is the one that we talk to: if that is this one, it
 * is gone back to, and the other is left. Else it is unwanted, and ended as soon as RFC 3261 9.1 and 15 let us.
 */
export function spokeLate(
  call: OutgoingCall,
  heard: { readonly late: Attempt; readonly response: SipResponse },
  moment: Moment,
): Step {
  const { late, response } = heard;
  const { status } = response;
  if (isFirst(call, late) && status !== 503) {
    const left = { ...call.left, [call.attempt.tx]: call.attempt };
    return inviteAnswered(goneBack({ ...call, left }, late), response, moment);
  }
  if (status >= 300) return [{ ...call, left: without(call.left, late.tx) }, tellRefused(late, response)];
  const left = { ...call.left, [late.tx]: { ...late, provisional: true } };
  const alive: Step = [{ ...call, left }, tellAlive(late)];
  if (status >= 200) return then(alive, (now) => accepted(now, response, moment, late));
  return late.provisional ? alive : then(alive, (now) => [now, [{ type: "cancel", tx: late.tx }]]);
}

function isFirst(call: OutgoingCall, late: Attempt): boolean {
  const isWanted = call.phase === "calling" && call.giveUp === undefined;
  return isWanted && !call.attempt.provisional && !late.provisional;
}
