import { cancel, inviteAnswered, inviteUnanswered } from "./calling.ts";
import { type CallInput, lingerMs, type Moment, type OutgoingCall, type Step } from "./call-state.ts";
import { due, offerMade, requestAnswered, requestUnanswered } from "./refresh.ts";
import { sendBye } from "./requests.ts";
import {
  acknowledged,
  offerAnswered,
  offerRefused,
  requested,
  unacknowledged,
  withdrawn,
} from "./their-requests.ts";
import { silent, spokeLate } from "./silent-target.ts";
import type { HeaderLine } from "../message/message.ts";
import { unreachable } from "#base/errors.ts";

/** One input, the call after it, and what is to be done: the whole of `OutgoingCall`'s drawing. */
export function step(call: OutgoingCall, input: CallInput, moment: Moment): Step {
  switch (input.type) {
    case "response": {
      if (input.tx === call.attempt.tx) return inviteAnswered(call, input.response, moment);
      const late = call.left[input.tx];
      return late === undefined
        ? requestAnswered(call, input, moment)
        : spokeLate(call, { late, response: input.response }, moment);
    }
    case "no-response":
      return input.tx === call.attempt.tx || call.left[input.tx] !== undefined
        ? inviteUnanswered(call, input.tx, moment)
        : requestUnanswered(call, input, moment);
    case "request":
      return requested(call, input, moment);
    case "acknowledged":
      return acknowledged(call, input, moment);
    case "unacknowledged":
      return unacknowledged(call, input.key, moment);
    case "withdrawn":
      return withdrawn(call, input.key);
    case "hang-up":
      return hangUp(call, input.headers, moment);
    case "offer-answered":
      return offerAnswered(call, input);
    case "offer-refused":
      return offerRefused(call, input.key);
    case "offer-made":
      return offerMade(call, input.sdp, moment);
    case "due":
      return call.phase === "calling" ? silent(call, moment) : due(call, moment);
    default:
      return unreachable(input);
  }
}

/** RFC 3261 15: CANCEL before the answer, BYE after it, nothing when it is over. */
function hangUp(call: OutgoingCall, headers: readonly HeaderLine[], moment: Moment): Step {
  switch (call.phase) {
    case "calling": {
      if (call.giveUp !== undefined) return [call, []];
      // RFC 3261 9.1: a far end that answers not even the CANCEL is held to have done so after 64 * T1.
      const forgetAtMs = moment.nowMs + 2 * lingerMs;
      return cancel({ ...call, giveUp: { headers, cancelSent: false }, forgetAtMs });
    }
    case "answered":
      return sendBye(call, { tag: call.chosen ?? "", headers }, moment);
    case "over":
      return [call, []];
    default:
      return unreachable(call.phase);
  }
}
