import type { Cancel, Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Flow, SipRequest, SipResponse } from "../message/message.ts";
import type { ConnectionId } from "../transport/connections.ts";
import type { SendOutcome } from "../transport/transport.ts";
import { isReliable } from "../transport/transports.ts";
import { makeCancel } from "./ack-and-cancel.ts";
import {
  type InviteClientInput,
  type InviteClientState,
  type InviteClientTimer,
  resumeInviteClient,
  startInviteClient,
  stepInviteClient,
} from "./invite-client.ts";
import { clientKey } from "./keys.ts";
import type { Effect, TimerName } from "./machine.ts";
import {
  type RequestClientInput,
  type RequestClientState,
  type RequestClientTimer,
  startRequestClient,
  stepRequestClient,
} from "./request-client.ts";
import { RunningMachine } from "./run-machine.ts";
import { type Pace, patienceMs, type Timing } from "./timing.ts";

/** What becomes of a request of ours. After a final response other than 2xx to INVITE, or a failure, nothing more comes. */
export interface ClientHandlers {
  /** Each provisional response, then the final one. Of an INVITE every 2xx, also repeated and of other forks: ACK each. */
  onResponse(response: SipResponse, flow: Flow): void;
  /** RFC 3261 8.1.3.1: to be treated as if this status had been received. */
  onFailure(status: 408 | 503): void;
}

export interface ClientTransaction {
  /** As it went out, with its Via. */
  readonly request: SipRequest;
  /** The way it took. */
  readonly flow: Flow;
  /**
   * Asks the far end to end an INVITE, RFC 3261 9.1: as soon as it has given a sign of life, and not when it has answered.
   * The outcome comes as a response (487, or 200 when that was quicker) or, after 64*T1, as 408.
   */
  cancel(): void;
}

/** What a client transaction needs of the layer. */
export interface ClientRoom {
  readonly clock: Clock;
  readonly log: Log;
  readonly timing: Timing;
  /** `connection` is the one that it takes, if any. */
  send(flow: Flow, request: SipRequest): Sending;
  /** By `clientKey`. */
  readonly running: Map<string, RunningClient>;
}

interface Sending {
  readonly outcome: Promise<SendOutcome>;
  readonly connection: ConnectionId | undefined;
}

export interface RunningClient extends ClientTransaction {
  /** The connection that it went out on. */
  readonly connection: ConnectionId | undefined;
  receive(response: SipResponse, flow: Flow): void;
  /** That connection is gone. */
  connectionLost(): void;
  end(): void;
}

/** How a transaction begins: by sending its request, or where another process left it. */
export type ClientBeginning = "new" | "proceeding" | "accepted" | "refused";

export interface ClientWish {
  /** With its Via. */
  readonly request: SipRequest;
  readonly flow: Flow;
  /** The far end is reached by this flow and no other, and reaches us so: a phone, by the connection that it registered over. */
  readonly isOnlyWay: boolean;
  /** `new` unless told. */
  readonly as?: ClientBeginning;
}

/** Sends a request in a transaction of its own. */
export function startClient(room: ClientRoom, wish: ClientWish, handlers: ClientHandlers): RunningClient {
  return wish.request.method === "INVITE"
    ? startInvite(room, wish, handlers)
    : startOther(room, wish, handlers);
}

function startInvite(
  room: ClientRoom,
  { request: invite, flow, isOnlyWay, as = "new" }: ClientWish,
  handlers: ClientHandlers,
): RunningClient {
  const pace = paceOf(room, flow);
  const nowMs = room.clock.now();
  const key = clientKey(invite);
  let cancelling: "no" | "wanted" | "sent" = "no";
  let stopWaiting: Cancel = () => {};
  let lastFlow = flow;
  let connection: ConnectionId | undefined;

  const machine = new RunningMachine<InviteClientState, InviteClientInput, InviteClientTimer>({
    first:
      as === "new" ? startInviteClient(invite, pace, nowMs) : resumeInviteClient(invite, as, pace, nowMs),
    step: (state, input) => stepInviteClient(state, input, pace, room.clock.now()),
    timerInput: (timer) => ({ type: "timer", timer }),
    perform: (effect) =>
      performFor(effect, {
        send(request) {
          connection = sendOrFail(room, flow, request, () => machine.input({ type: "transport-error" }));
        },
        inform: (response) => {
          if (cancelling === "wanted") sendCancel();
          handlers.onResponse(response, lastFlow);
        },
        fail: handlers.onFailure,
      }),
    ended: () => {
      stopWaiting();
      room.running.delete(key);
    },
    clock: room.clock,
    log: room.log,
  });

  // RFC 3261 9.1: not before a provisional response, or CANCEL might overtake its INVITE; not after a final one.
  const sendCancel = (): void => {
    if (machine.state.name !== "proceeding" || cancelling === "sent") return;
    cancelling = "sent";
    startOther(
      room,
      { request: makeCancel(invite), flow, isOnlyWay },
      { onResponse: () => {}, onFailure: () => {} },
    );
    stopWaiting = room.clock.at(room.clock.now() + patienceMs(pace), () => {
      if (machine.state.name === "proceeding") machine.input({ type: "abandon" });
    });
  };

  const transaction: RunningClient = {
    request: invite,
    flow,
    get connection() {
      return connection;
    },
    cancel() {
      if (cancelling === "no") cancelling = "wanted";
      sendCancel();
    },
    receive(response, from) {
      lastFlow = from;
      machine.input({ type: "response", response });
    },
    connectionLost() {
      machine.input({ type: "connection-lost", isOnlyWay });
    },
    end: () => machine.end(),
  };
  room.running.set(key, transaction);
  machine.start();
  return transaction;
}

function startOther(
  room: ClientRoom,
  { request, flow, isOnlyWay }: ClientWish,
  handlers: ClientHandlers,
): RunningClient {
  const pace = paceOf(room, flow);
  const key = clientKey(request);
  let lastFlow = flow;
  let connection: ConnectionId | undefined;

  const machine = new RunningMachine<RequestClientState, RequestClientInput, RequestClientTimer>({
    first: startRequestClient(request, pace, room.clock.now()),
    step: (state, input) => stepRequestClient(state, input, pace, room.clock.now()),
    timerInput: (timer) => ({ type: "timer", timer }),
    perform: (effect) =>
      performFor(effect, {
        send(message) {
          connection = sendOrFail(room, flow, message, () => machine.input({ type: "transport-error" }));
        },
        inform: (response) => handlers.onResponse(response, lastFlow),
        fail: handlers.onFailure,
      }),
    ended: () => void room.running.delete(key),
    clock: room.clock,
    log: room.log,
  });

  const transaction: RunningClient = {
    request,
    flow,
    get connection() {
      return connection;
    },
    // RFC 3261 9.1: only INVITE is cancelled.
    cancel: () => {},
    receive(response, from) {
      lastFlow = from;
      machine.input({ type: "response", response });
    },
    connectionLost() {
      machine.input({ type: "connection-lost", isOnlyWay });
    },
    end: () => machine.end(),
  };
  room.running.set(key, transaction);
  machine.start();
  return transaction;
}

function paceOf(room: ClientRoom, flow: Flow): Pace {
  return { timing: room.timing, reliable: isReliable(flow) };
}

type Outward = Exclude<Effect<TimerName>, { readonly type: "set-timer" | "cancel-timer" }>;

interface Performers {
  send(request: SipRequest): void;
  inform(response: SipResponse): void;
  fail(status: 408 | 503): void;
}

function performFor(effect: Outward, { send, inform, fail }: Performers): void {
  if (effect.type === "send" && effect.message.type === "request") send(effect.message);
  else if (effect.type === "response") inform(effect.response);
  else if (effect.type === "failure") fail(effect.failure === "timeout" ? 408 : 503);
}

/** Tells the connection that the request takes. */
function sendOrFail(
  room: ClientRoom,
  flow: Flow,
  request: SipRequest,
  fail: () => void,
): ConnectionId | undefined {
  const { outcome, connection } = room.send(flow, request);
  void outcome.then((told) => {
    if (told.type === "failed") {
      room.log.debug({ to: flow.remoteAddress, why: told.why }, "A SIP request could not be sent.");
      fail();
    }
  });
  return connection;
}
