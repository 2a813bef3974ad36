import { unreachable } from "#base/errors.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import { makeAck } from "./ack-and-cancel.ts";
import { type Effect, illegal, type Step } from "./machine.ts";
import { type Pace, patienceMs } from "./timing.ts";

/**
 * The INVITE client transaction: RFC 3261 17.1.1, with the Accepted state of RFC 6026 7.2.
 *
 * ```
 *                      │ start: send INVITE, set A (UDP), set B
 *   timer A:           v
 *   send INVITE   ┌─────────┐  timer B: timeout
 *        └───────>│ calling │──────────────────────────────────┐
 *                 └─────────┘  transport error,                │
 *                   │  │  │    connection lost: inform         │
 *                   │  │  └───── 2xx: inform ────────────────┐  │
 *        1xx:       │  │                                     │  │
 *        inform     v  └───── 300-699: send ACK, inform ──┐  │  │
 *             ┌────────────┐                              │  │  │
 *  1xx: ┌─────│ proceeding │── 300-699: send ACK, inform ─┤  │  │
 *  inform└───>└────────────┘── 2xx: inform ──────────────────┤  │
 *                   │ abandon: timeout; connection lost,  │  │  │
 *                   │ where it is the only way: inform    │  │  │
 *                   │                                     v  │  │
 *                   │        300-699: send ACK  ┌───────────┐│  │
 *                   │                 └────────>│ completed ││  │
 *                   │                           └───────────┘│  │
 *                   │            timer D; transport error: │ v  │
 *                   │            inform                    │ ┌──────────┐ 2xx: inform
 *                   │                                      │ │ accepted │<───┘
 *                   │                                      │ └──────────┘
 *                   v                                      v     │ timer M
 *             ┌────────────────────────────────────────────────────┐
 *             │ terminated                                         │
 *             └────────────────────────────────────────────────────┘
 * ```
 */
export type InviteClientState =
  /** The INVITE has gone out and nothing has come back. */
  | { readonly name: "calling"; readonly invite: SipRequest; readonly retransmitMs: number }
  /** The far end is at work: it may ring for minutes, and only its final response or the user ends that. */
  | { readonly name: "proceeding"; readonly invite: SipRequest }
  /** Refused, and the refusal acknowledged; its retransmissions are acknowledged again. */
  | { readonly name: "completed"; readonly invite: SipRequest }
  /** Accepted, by one or more of a proxy's branches; every 2xx is the user's to acknowledge (13.2.2.4). */
  | { readonly name: "accepted"; readonly invite: SipRequest }
  | { readonly name: "terminated" };

export type InviteClientTimer = "A" | "B" | "D" | "M";

export type InviteClientInput =
  | { readonly type: "response"; readonly response: SipResponse }
  | { readonly type: "timer"; readonly timer: InviteClientTimer }
  | { readonly type: "transport-error" }
  /** The connection that the INVITE took is gone. `isOnlyWay`: no other leads to the far end, nor from it. */
  | { readonly type: "connection-lost"; readonly isOnlyWay: boolean }
  /** The CANCEL of this INVITE has waited 64*T1 for a final response (9.1). */
  | { readonly type: "abandon" };

type InviteClientStep = Step<InviteClientState, InviteClientTimer>;
type In<Name extends InviteClientState["name"]> = Extract<InviteClientState, { readonly name: Name }>;

// RFC 3261 17.1.1.2: timer D is at least 32 seconds over UDP, as long as the far end may retransmit (its timer H).
const timerDMs = 32_000;

/** RFC 3261 17.1.1.2: "the client transaction MUST pass the request to the transport layer". */
export function startInviteClient(invite: SipRequest, pace: Pace, now: number): InviteClientStep {
  const retransmitMs = pace.timing.t1Ms;
  const effects: Effect<InviteClientTimer>[] = [{ type: "send", message: invite }];
  // A transport that repeats lost packets by itself must not be helped.
  if (!pace.reliable) effects.push({ type: "set-timer", timer: "A", atMs: now + retransmitMs });
  effects.push({ type: "set-timer", timer: "B", atMs: now + patienceMs(pace) });
  return { state: { name: "calling", invite, retransmitMs }, effects };
}

/**
 * One that another process began: the far end was at work, has accepted, or refused. Where nothing had come it begins anew: a
 * repetition, by its branch.
 */
export function resumeInviteClient(
  invite: SipRequest,
  as: "proceeding" | "accepted" | "refused",
  pace: Pace,
  now: number,
): InviteClientStep {
  if (as === "proceeding") return { state: { name: "proceeding", invite }, effects: [] };
  if (as === "refused") {
    const timerD: Effect<InviteClientTimer> = { type: "set-timer", timer: "D", atMs: now + timerDMs };
    return { state: { name: "completed", invite }, effects: [timerD] };
  }
  const timer: Effect<InviteClientTimer> = { type: "set-timer", timer: "M", atMs: now + patienceMs(pace) };
  return { state: { name: "accepted", invite }, effects: [timer] };
}

export function stepInviteClient(
  state: InviteClientState,
  input: InviteClientInput,
  pace: Pace,
  now: number,
): InviteClientStep {
  switch (state.name) {
    case "calling":
      return calling(state, input, pace, now);
    case "proceeding":
      return proceeding(state, input, pace, now);
    case "completed":
      return completed(state, input);
    case "accepted":
      return accepted(state, input);
    case "terminated":
      return illegal("invite-client", state, input);
    default:
      return unreachable(state);
  }
}

function calling(state: In<"calling">, input: InviteClientInput, pace: Pace, now: number): InviteClientStep {
  switch (input.type) {
    case "response":
      return firstResponse(state.invite, input.response, pace, now);
    case "transport-error":
    case "connection-lost":
      // RFC 3261 17.1.4. Over a connection nothing is repeated: where it is gone before a sign of life, nobody may have heard.
      return unsent;
    case "timer":
      if (input.timer === "A") return retransmit(state, now);
      // RFC 3261 17.1.1.2: "the client transaction SHOULD inform the TU that a timeout has occurred".
      if (input.timer === "B") return timedOut;
      return illegal("invite-client", state, input);
    case "abandon":
      // A CANCEL goes out after a provisional response at the earliest (9.1).
      return illegal("invite-client", state, input);
    default:
      return unreachable(input);
  }
}

/** RFC 3261 17.1.1.2: timer A doubles each time, until timer B ends it: 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s. */
function retransmit(state: In<"calling">, now: number): InviteClientStep {
  const retransmitMs = 2 * state.retransmitMs;
  return {
    state: { ...state, retransmitMs },
    effects: [
      { type: "send", message: state.invite },
      { type: "set-timer", timer: "A", atMs: now + retransmitMs },
    ],
  };
}

const timedOut: InviteClientStep = {
  state: { name: "terminated" },
  effects: [{ type: "failure", failure: "timeout" }],
};

const unsent: InviteClientStep = {
  state: { name: "terminated" },
  effects: [{ type: "failure", failure: "transport-error" }],
};

/** The first response ends the retransmissions, and the wait for any sign of life. */
function firstResponse(invite: SipRequest, response: SipResponse, pace: Pace, now: number): InviteClientStep {
  const { state, effects } = judge(invite, response, pace, now);
  const quiet: Effect<InviteClientTimer>[] = [
    { type: "cancel-timer", timer: "A" },
    { type: "cancel-timer", timer: "B" },
  ];
  return { state, effects: [...quiet, ...effects] };
}

function proceeding(
  state: In<"proceeding">,
  input: InviteClientInput,
  pace: Pace,
  now: number,
): InviteClientStep {
  switch (input.type) {
    case "response":
      // RFC 3261 17.1.1.2: no retransmission once Proceeding; further provisional responses are passed up.
      return judge(state.invite, input.response, pace, now);
    case "abandon":
      return timedOut;
    case "transport-error":
      // The INVITE got through, or nobody would have answered it: a late error of a duplicate says nothing.
      return { state, effects: [] };
    case "connection-lost":
      // RFC 3261 18.2.2: a trunk that has closed it opens another to us for its answer. A phone that is reached by the flow that it
      // registered over alone (RFC 5626 5.3, RFC 7118 5) cannot be told of the end any more, nor an answer of its be acknowledged:
      // it is gone, and that is a 503 (8.1.3.1) now, not silence until the time to ring is up.
      return input.isOnlyWay ? unsent : { state, effects: [] };
    case "timer":
      return illegal("invite-client", state, input);
    default:
      return unreachable(input);
  }
}

/** What a response means before any final one, RFC 3261 17.1.1.2 and RFC 6026 7.2. */
function judge(invite: SipRequest, response: SipResponse, pace: Pace, now: number): InviteClientStep {
  const inform: Effect<InviteClientTimer> = { type: "response", response };
  if (response.status < 200) return { state: { name: "proceeding", invite }, effects: [inform] };
  if (response.status < 300) {
    // RFC 6026 8.4: stay for more 2xx, of this branch again or of other branches of a fork, whatever the transport.
    const timer: Effect<InviteClientTimer> = { type: "set-timer", timer: "M", atMs: now + patienceMs(pace) };
    return { state: { name: "accepted", invite }, effects: [inform, timer] };
  }
  // RFC 3261 17.1.1.3: the ACK of a refusal is the transaction's own, and goes out before the user hears.
  const acknowledge: Effect<InviteClientTimer> = { type: "send", message: makeAck(invite, response) };
  // Timer D is zero over TCP: there the refusal comes once.
  if (pace.reliable) return { state: { name: "terminated" }, effects: [acknowledge, inform] };
  const timer: Effect<InviteClientTimer> = { type: "set-timer", timer: "D", atMs: now + timerDMs };
  return { state: { name: "completed", invite }, effects: [acknowledge, inform, timer] };
}

function completed(state: In<"completed">, input: InviteClientInput): InviteClientStep {
  switch (input.type) {
    case "response":
      // RFC 3261 17.1.1.2: a refusal again means that the ACK was lost; the user has heard it once and hears no more.
      if (input.response.status < 300) return { state, effects: [] };
      return { state, effects: [{ type: "send", message: makeAck(state.invite, input.response) }] };
    case "transport-error":
      // RFC 3261 17.1.1.2: the ACK could not be sent.
      return unsent;
    case "connection-lost":
      // This state is one of datagrams alone (timer D is zero elsewhere).
      return illegal("invite-client", state, input);
    case "timer":
      if (input.timer === "D") return { state: { name: "terminated" }, effects: [] };
      return illegal("invite-client", state, input);
    case "abandon":
      return illegal("invite-client", state, input);
    default:
      return unreachable(input);
  }
}

function accepted(state: In<"accepted">, input: InviteClientInput): InviteClientStep {
  switch (input.type) {
    case "response":
      // RFC 6026 8.4: every 2xx goes up, to be acknowledged by the user; anything else is a straggler.
      if (input.response.status < 200 || input.response.status > 299) return { state, effects: [] };
      return { state, effects: [{ type: "response", response: input.response }] };
    case "timer":
      if (input.timer === "M") return { state: { name: "terminated" }, effects: [] };
      return illegal("invite-client", state, input);
    case "transport-error":
    case "connection-lost":
      // A late error of a duplicate of the INVITE, which was accepted. What the call's end needs is its dialog's to find out.
      return { state, effects: [] };
    case "abandon":
      return illegal("invite-client", state, input);
    default:
      return unreachable(input);
  }
}
