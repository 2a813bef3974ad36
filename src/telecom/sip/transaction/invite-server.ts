import { unreachable } from "#base/errors.ts";
import { makeResponse } from "../message/build.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import { type Effect, illegal, type Step } from "./machine.ts";
import { type Pace, patienceMs } from "./timing.ts";

/**
 * The INVITE server transaction: RFC 3261 17.2.1, with the Accepted state of RFC 6026 7.1.
 *
 * ```
 *                    │ INVITE: inform, set "trying" (200 ms: send 100)
 *   INVITE: send     v
 *   last 1xx   ┌────────────┐──── 2xx from user: send ──────────┐
 *       └─────>│ proceeding │<──┐                               v
 *              └────────────┘───┘ 1xx from user: send     ┌──────────┐ INVITE: nothing
 *                    │                                    │ accepted │ ACK: inform
 *                    │ 300-699 from user: send,           └──────────┘ 2xx from user: send
 *   INVITE,          │ set G (UDP), set H                       │ timer L
 *   timer G: send    v                                          │
 *       │      ┌───────────┐ timer H: timeout                   │
 *       └─────>│ completed │─────────────────────────────────┐  │
 *              └───────────┘                                 │  │
 *                    │ ACK: set I                            │  │
 *   INVITE, ACK:     v                                       v  v
 *   nothing    ┌───────────┐ timer I                     ┌────────────┐
 *       └─────>│ confirmed │────────────────────────────>│ terminated │
 *              └───────────┘                             └────────────┘
 * ```
 */
export type InviteServerState =
  | { readonly name: "proceeding"; readonly invite: SipRequest; readonly last: SipResponse | undefined }
  /** Refused; the refusal is repeated until its ACK. */
  | { readonly name: "completed"; readonly refusal: SipResponse; readonly retransmitMs: number }
  | { readonly name: "confirmed" }
  /** Accepted; the user repeats its 2xx until the ACK (13.3.1.4), this state absorbs the INVITE's repetitions. */
  | { readonly name: "accepted" }
  | { readonly name: "terminated" };

export type InviteServerTimer = "trying" | "G" | "H" | "I" | "L";

export type InviteServerInput =
  /** The INVITE again. */
  | { readonly type: "retransmission" }
  | { readonly type: "ack"; readonly ack: SipRequest }
  | { readonly type: "respond"; readonly response: SipResponse }
  | { readonly type: "timer"; readonly timer: InviteServerTimer }
  | { readonly type: "transport-error" };

type InviteServerStep = Step<InviteServerState, InviteServerTimer>;
type In<Name extends InviteServerState["name"]> = Extract<InviteServerState, { readonly name: Name }>;

// RFC 3261 17.2.1: 100 unless the user gives a response within 200 ms.
const tryingMs = 200;

export function startInviteServer(invite: SipRequest, now: number): InviteServerStep {
  return {
    state: { name: "proceeding", invite, last: undefined },
    effects: [{ type: "set-timer", timer: "trying", atMs: now + tryingMs }],
  };
}

export function stepInviteServer(
  state: InviteServerState,
  input: InviteServerInput,
  pace: Pace,
  now: number,
): InviteServerStep {
  // RFC 6026 7.1: an error of the transport is told and changes no state, so that repetitions of the INVITE stay absorbed.
  if (input.type === "transport-error" && state.name !== "terminated") {
    return { state, effects: [{ type: "failure", failure: "transport-error" }] };
  }
  switch (state.name) {
    case "proceeding":
      return proceeding(state, input, pace, now);
    case "completed":
      return completed(state, input, pace, now);
    case "confirmed":
      return confirmed(state, input);
    case "accepted":
      return accepted(state, input);
    case "terminated":
      return illegal("invite-server", state, input);
    default:
      return unreachable(state);
  }
}

function proceeding(
  state: In<"proceeding">,
  input: InviteServerInput,
  pace: Pace,
  now: number,
): InviteServerStep {
  switch (input.type) {
    case "retransmission":
      // RFC 3261 17.2.1: the most recent provisional response again; before the first there is nothing to say.
      return { state, effects: state.last === undefined ? [] : [{ type: "send", message: state.last }] };
    case "respond":
      return respond(state, input.response, pace, now);
    case "timer": {
      if (input.timer !== "trying") return illegal("invite-server", state, input);
      const trying = makeResponse(state.invite, 100);
      return { state: { ...state, last: trying }, effects: [{ type: "send", message: trying }] };
    }
    case "ack":
      // Nothing was sent that an ACK could acknowledge: a stray, or a forger.
      return { state, effects: [] };
    case "transport-error":
      return illegal("invite-server", state, input);
    default:
      return unreachable(input);
  }
}

function respond(state: In<"proceeding">, response: SipResponse, pace: Pace, now: number): InviteServerStep {
  const said: Effect<InviteServerTimer>[] = [
    { type: "cancel-timer", timer: "trying" },
    { type: "send", message: response },
  ];
  if (response.status < 200) return { state: { ...state, last: response }, effects: said };
  if (response.status < 300) {
    // RFC 6026 8.7: timer L, whatever the transport.
    const timer: Effect<InviteServerTimer> = { type: "set-timer", timer: "L", atMs: now + patienceMs(pace) };
    return { state: { name: "accepted" }, effects: [...said, timer] };
  }
  const retransmitMs = pace.timing.t1Ms;
  if (!pace.reliable) said.push({ type: "set-timer", timer: "G", atMs: now + retransmitMs });
  said.push({ type: "set-timer", timer: "H", atMs: now + patienceMs(pace) });
  return { state: { name: "completed", refusal: response, retransmitMs }, effects: said };
}

function completed(
  state: In<"completed">,
  input: InviteServerInput,
  pace: Pace,
  now: number,
): InviteServerStep {
  switch (input.type) {
    case "retransmission":
      return { state, effects: [{ type: "send", message: state.refusal }] };
    case "ack":
      return acknowledged(pace, now);
    case "timer":
      if (input.timer === "G") return repeatRefusal(state, pace, now);
      // RFC 3261 17.2.1: the ACK never came.
      if (input.timer === "H") {
        return { state: { name: "terminated" }, effects: [{ type: "failure", failure: "timeout" }] };
      }
      return illegal("invite-server", state, input);
    case "respond":
    case "transport-error":
      return illegal("invite-server", state, input);
    default:
      return unreachable(input);
  }
}

/** RFC 3261 17.2.1: timer G doubles up to T2. */
function repeatRefusal(state: In<"completed">, pace: Pace, now: number): InviteServerStep {
  const retransmitMs = Math.min(2 * state.retransmitMs, pace.timing.t2Ms);
  return {
    state: { ...state, retransmitMs },
    effects: [
      { type: "send", message: state.refusal },
      { type: "set-timer", timer: "G", atMs: now + retransmitMs },
    ],
  };
}

function acknowledged(pace: Pace, now: number): InviteServerStep {
  // Timer I is zero over TCP: no further ACK is under way.
  if (pace.reliable) return { state: { name: "terminated" }, effects: [] };
  return {
    state: { name: "confirmed" },
    effects: [
      { type: "cancel-timer", timer: "G" },
      { type: "cancel-timer", timer: "H" },
      { type: "set-timer", timer: "I", atMs: now + pace.timing.t4Ms },
    ],
  };
}

function confirmed(state: In<"confirmed">, input: InviteServerInput): InviteServerStep {
  switch (input.type) {
    case "retransmission":
    case "ack":
      // RFC 3261 17.2.1: this state is there to absorb them.
      return { state, effects: [] };
    case "timer":
      if (input.timer === "I") return { state: { name: "terminated" }, effects: [] };
      return illegal("invite-server", state, input);
    case "respond":
    case "transport-error":
      return illegal("invite-server", state, input);
    default:
      return unreachable(input);
  }
}

function accepted(state: In<"accepted">, input: InviteServerInput): InviteServerStep {
  switch (input.type) {
    case "retransmission":
      // RFC 6026 7.1: absorbed; the user repeats its 2xx by itself.
      return { state, effects: [] };
    case "ack":
      return { state, effects: [{ type: "ack", ack: input.ack }] };
    case "respond":
      // The same 2xx again, until its ACK.
      if (input.response.status < 200 || input.response.status > 299)
        return illegal("invite-server", state, input);
      return { state, effects: [{ type: "send", message: input.response }] };
    case "timer":
      if (input.timer === "L") return { state: { name: "terminated" }, effects: [] };
      return illegal("invite-server", state, input);
    case "transport-error":
      return illegal("invite-server", state, input);
    default:
      return unreachable(input);
  }
}
