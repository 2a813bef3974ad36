import { TandemError } from "#base/errors.ts";
import type { SipMessage, SipRequest, SipResponse } from "../message/message.ts";

/**
 * The four transaction machines are pure: `step(state, input, pace, now)` gives the next state and what is to be done.
 * Nothing waits and nothing is sent inside; `transaction-layer.ts` carries the effects out, in their order.
 */
export interface Step<State, Timer extends TimerName> {
  readonly state: State;
  readonly effects: readonly Effect<Timer>[];
}

/** RFC 3261 table 4, RFC 6026 (L, M), and the 200 ms after which INVITE is answered 100 (17.2.1). */
export type TimerName = "A" | "B" | "D" | "E" | "F" | "G" | "H" | "I" | "J" | "K" | "L" | "M" | "trying";

export type Effect<Timer extends TimerName> =
  | { readonly type: "send"; readonly message: SipMessage }
  /** Setting a timer that runs moves it. */
  | { readonly type: "set-timer"; readonly timer: Timer; readonly atMs: number }
  | { readonly type: "cancel-timer"; readonly timer: Timer }
  /** To the transaction user. */
  | { readonly type: "response"; readonly response: SipResponse }
  | { readonly type: "ack"; readonly ack: SipRequest }
  | { readonly type: "failure"; readonly failure: Failure };

/** RFC 3261 8.1.3.1: to the user of a client transaction a time-out is a 408, a transport error a 503. */
export type Failure = "timeout" | "transport-error";

/** An input that the RFC's table does not have in that state. Its timers are cancelled when a state is left. */
export function illegal(
  machine: string,
  state: { readonly name: string },
  input: { readonly type: string },
): never {
  throw new TandemError("BUG", { machine, state: state.name, input: input.type });
}
