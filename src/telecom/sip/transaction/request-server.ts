import { unreachable } from "#base/errors.ts";
import type { SipResponse } from "../message/message.ts";
import { illegal, type Step } from "./machine.ts";
import { type Pace, patienceMs } from "./timing.ts";

/**
 * The non-INVITE server transaction: RFC 3261 17.2.2.
 *
 * ```
 *                    │ request: inform
 *  request:          v
 *  nothing     ┌──────────┐──── 200-699 from user: send ─────────┐
 *        └────>│  trying  │                                      │
 *              └──────────┘                                      v
 *                    │ 1xx from user: send                 ┌───────────┐
 *  request: send     v                                     │ completed │ request: send the response
 *  last 1xx   ┌────────────┐── 200-699 from user: send ───>└───────────┘
 *        └───>│ proceeding │                                      │ timer J
 *             └────────────┘                                      v
 *                    └──────────── transport error: inform ──> terminated
 * ```
 */
export type RequestServerState =
  | { readonly name: "trying" }
  | { readonly name: "proceeding"; readonly last: SipResponse }
  | { readonly name: "completed"; readonly final: SipResponse }
  | { readonly name: "terminated" };

export type RequestServerTimer = "J";

export type RequestServerInput =
  | { readonly type: "retransmission" }
  | { readonly type: "respond"; readonly response: SipResponse }
  | { readonly type: "timer"; readonly timer: RequestServerTimer }
  | { readonly type: "transport-error" };

type RequestServerStep = Step<RequestServerState, RequestServerTimer>;
type In<Name extends RequestServerState["name"]> = Extract<RequestServerState, { readonly name: Name }>;

export function startRequestServer(): RequestServerStep {
  return { state: { name: "trying" }, effects: [] };
}

export function stepRequestServer(
  state: RequestServerState,
  input: RequestServerInput,
  pace: Pace,
  now: number,
): RequestServerStep {
  switch (state.name) {
    case "trying":
    case "proceeding":
      return unanswered(state, input, pace, now);
    case "completed":
      return completed(state, input);
    case "terminated":
      return illegal("request-server", state, input);
    default:
      return unreachable(state);
  }
}

function unanswered(
  state: In<"trying" | "proceeding">,
  input: RequestServerInput,
  pace: Pace,
  now: number,
): RequestServerStep {
  switch (input.type) {
    case "retransmission":
      // RFC 3261 17.2.2: discarded in Trying, answered by the last provisional response in Proceeding.
      return { state, effects: state.name === "trying" ? [] : [{ type: "send", message: state.last }] };
    case "respond":
      return respond(input.response, pace, now);
    case "transport-error":
      return { state: { name: "terminated" }, effects: [{ type: "failure", failure: "transport-error" }] };
    case "timer":
      return illegal("request-server", state, input);
    default:
      return unreachable(input);
  }
}

function respond(response: SipResponse, pace: Pace, now: number): RequestServerStep {
  const send = { type: "send", message: response } as const;
  if (response.status < 200) return { state: { name: "proceeding", last: response }, effects: [send] };
  // Timer J is zero over TCP: the request comes once.
  if (pace.reliable) return { state: { name: "terminated" }, effects: [send] };
  return {
    state: { name: "completed", final: response },
    effects: [send, { type: "set-timer", timer: "J", atMs: now + patienceMs(pace) }],
  };
}

function completed(state: In<"completed">, input: RequestServerInput): RequestServerStep {
  switch (input.type) {
    case "retransmission":
      return { state, effects: [{ type: "send", message: state.final }] };
    case "transport-error":
      return { state: { name: "terminated" }, effects: [{ type: "failure", failure: "transport-error" }] };
    case "timer":
      return { state: { name: "terminated" }, effects: [] };
    case "respond":
      return illegal("request-server", state, input);
    default:
      return unreachable(input);
  }
}
