import { unreachable } from "#base/errors.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import { type Effect, illegal, type Step } from "./machine.ts";
import { type Pace, patienceMs } from "./timing.ts";

/**
 * The non-INVITE client transaction: RFC 3261 17.1.2.
 *
 * ```
 *                   │ start: send, set E (UDP), set F
 *   timer E:        v
 *   send       ┌────────┐  timer F: timeout; transport error, connection lost: inform
 *       └─────>│ trying │─────────────────────────────────────────────┐
 *              └────────┘──── 200-699: inform ───────────┐            │
 *                   │ 1xx: inform                        v            │
 *   timer E:        v                              ┌───────────┐      │
 *   send     ┌────────────┐  200-699: inform       │ completed │      │
 *       └───>│ proceeding │───────────────────────>└───────────┘      │
 *            └────────────┘                              │ timer K    │
 *                   │ timer F; transport error;          │            │
 *                   │ connection lost, if the only way   v            v
 *                   └───────────────────────────────> terminated <────┘
 * ```
 */
export type RequestClientState =
  | { readonly name: "trying"; readonly request: SipRequest; readonly retransmitMs: number }
  | { readonly name: "proceeding"; readonly request: SipRequest }
  | { readonly name: "completed" }
  | { readonly name: "terminated" };

export type RequestClientTimer = "E" | "F" | "K";

export type RequestClientInput =
  | { readonly type: "response"; readonly response: SipResponse }
  | { readonly type: "timer"; readonly timer: RequestClientTimer }
  | { readonly type: "transport-error" }
  /** The connection that the request took is gone. `isOnlyWay`: no other leads to the far end, nor from it. */
  | { readonly type: "connection-lost"; readonly isOnlyWay: boolean };

type RequestClientStep = Step<RequestClientState, RequestClientTimer>;
type In<Name extends RequestClientState["name"]> = Extract<RequestClientState, { readonly name: Name }>;

export function startRequestClient(request: SipRequest, pace: Pace, now: number): RequestClientStep {
  const retransmitMs = pace.timing.t1Ms;
  const effects: Effect<RequestClientTimer>[] = [{ type: "send", message: request }];
  if (!pace.reliable) effects.push({ type: "set-timer", timer: "E", atMs: now + retransmitMs });
  effects.push({ type: "set-timer", timer: "F", atMs: now + patienceMs(pace) });
  return { state: { name: "trying", request, retransmitMs }, effects };
}

export function stepRequestClient(
  state: RequestClientState,
  input: RequestClientInput,
  pace: Pace,
  now: number,
): RequestClientStep {
  switch (state.name) {
    case "trying":
      return trying(state, input, pace, now);
    case "proceeding":
      return proceeding(state, input, pace, now);
    case "completed":
      return completed(state, input);
    case "terminated":
      return illegal("request-client", state, input);
    default:
      return unreachable(state);
  }
}

function trying(state: In<"trying">, input: RequestClientInput, pace: Pace, now: number): RequestClientStep {
  if (input.type === "timer" && input.timer === "E") {
    // RFC 3261 17.1.2.2: doubling up to T2, since any server answers these at once.
    const retransmitMs = Math.min(2 * state.retransmitMs, pace.timing.t2Ms);
    return {
      state: { ...state, retransmitMs },
      effects: [
        { type: "send", message: state.request },
        { type: "set-timer", timer: "E", atMs: now + retransmitMs },
      ],
    };
  }
  return unanswered(state, input, pace, now);
}

function proceeding(
  state: In<"proceeding">,
  input: RequestClientInput,
  pace: Pace,
  now: number,
): RequestClientStep {
  if (input.type === "timer" && input.timer === "E") {
    // RFC 3261 17.1.2.2: still retransmitted, but every T2, since the server may lose its final response.
    return {
      state,
      effects: [
        { type: "send", message: state.request },
        { type: "set-timer", timer: "E", atMs: now + pace.timing.t2Ms },
      ],
    };
  }
  return unanswered(state, input, pace, now);
}

/** What holds in both states before a final response. */
function unanswered(
  state: In<"trying" | "proceeding">,
  input: RequestClientInput,
  pace: Pace,
  now: number,
): RequestClientStep {
  switch (input.type) {
    case "response":
      return judge(state, input.response, pace, now);
    case "transport-error":
      // RFC 3261 17.1.4
      return unsent;
    case "connection-lost":
      // RFC 3261 18.2.2: who is at work answers on a new connection, where it may open one.
      return state.name === "trying" || input.isOnlyWay ? unsent : { state, effects: [] };
    case "timer":
      if (input.timer === "F") {
        return { state: { name: "terminated" }, effects: [{ type: "failure", failure: "timeout" }] };
      }
      return illegal("request-client", state, input);
    default:
      return unreachable(input);
  }
}

const unsent: RequestClientStep = {
  state: { name: "terminated" },
  effects: [{ type: "failure", failure: "transport-error" }],
};

function judge(
  { request }: In<"trying" | "proceeding">,
  response: SipResponse,
  pace: Pace,
  now: number,
): RequestClientStep {
  const inform: Effect<RequestClientTimer> = { type: "response", response };
  // RFC 3261 17.1.2.2: timer E runs on in Proceeding as it was set, F ends the wait all the same.
  if (response.status < 200) return { state: { name: "proceeding", request }, effects: [inform] };
  // Timer K is zero over TCP: there the response comes once.
  if (pace.reliable) return { state: { name: "terminated" }, effects: [inform] };
  return {
    state: { name: "completed" },
    effects: [
      { type: "cancel-timer", timer: "E" },
      { type: "cancel-timer", timer: "F" },
      inform,
      { type: "set-timer", timer: "K", atMs: now + pace.timing.t4Ms },
    ],
  };
}

function completed(state: In<"completed">, input: RequestClientInput): RequestClientStep {
  switch (input.type) {
    case "response":
    case "transport-error":
    case "connection-lost":
      // RFC 3261 17.1.2.2: this state is there to absorb the retransmissions of the response.
      return { state, effects: [] };
    case "timer":
      if (input.timer === "K") return { state: { name: "terminated" }, effects: [] };
      return illegal("request-client", state, input);
    default:
      return unreachable(input);
  }
}
