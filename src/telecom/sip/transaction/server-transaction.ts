import type { Cancel, Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { makeResponse } from "../message/build.ts";
import type { Flow, SipMessage, SipRequest, SipResponse } from "../message/message.ts";
import { serialize } from "../message/serialize.ts";
import type { SendOutcome } from "../transport/transport.ts";
import { isReliable } from "../transport/transports.ts";
import { repeatAccept } from "./accept-repeater.ts";
import {
  type InviteServerInput,
  type InviteServerState,
  type InviteServerTimer,
  startInviteServer,
  stepInviteServer,
} from "./invite-server.ts";
import { acknowledgedKey, mergeKey, serverKey } from "./keys.ts";
import {
  type RequestServerInput,
  type RequestServerState,
  type RequestServerTimer,
  startRequestServer,
  stepRequestServer,
} from "./request-server.ts";
import { RunningMachine } from "./run-machine.ts";
import { type Pace, patienceMs, type Timing } from "./timing.ts";

/** A request of a peer's, until it is answered and its repetitions have died out. */
export interface ServerTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  /** Our tag, new for each request: for the To of responses, and for the dialog that they make. */
  readonly toTag: string;
  /** True once a final response was given. */
  readonly answered: boolean;
  /**
   * Sends a response (`makeResponse(request, status, {toTag})`). A 2xx to INVITE is repeated until its ACK (13.3.1.4).
   * Once a final response was given the first one stands, and others are ignored. Throws SIP_UNSERIALIZABLE.
   */
  respond(response: SipResponse): void;
  /** What else may happen to it. INVITE alone: nothing else comes for other requests. */
  handle(handlers: ServerHandlers): void;
}

export interface ServerHandlers {
  /** The peer has taken its INVITE back, and the CANCEL was answered: respond 487 (9.2). Without a handler that is done. */
  onCancel?(): void;
  /** The first ACK of our 2xx. */
  onAck?(ack: SipRequest, flow: Flow): void;
  /** No ACK of our 2xx came in 64*T1: send BYE (13.3.1.4). */
  onNoAck?(): void;
}

/** What a server transaction needs of the layer. */
export interface ServerRoom {
  readonly clock: Clock;
  readonly log: Log;
  readonly timing: Timing;
  send(flow: Flow, response: SipResponse): Promise<SendOutcome>;
  /** By `serverKey`. */
  readonly running: Map<string, RunningServer>;
  /** INVITEs that were accepted, by `acknowledgedKey`. */
  readonly accepted: Map<string, RunningServer>;
  /** `mergeKey`s of the requests that are being served. */
  readonly merging: Set<string>;
}

export interface RunningServer extends ServerTransaction {
  repeated(): void;
  acknowledge(ack: SipRequest, flow: Flow): void;
  cancelled(): void;
  end(): void;
}

export function startServer(room: ServerRoom, request: SipRequest, flow: Flow, toTag: string): RunningServer {
  const server =
    request.method === "INVITE"
      ? startInvite(room, request, flow, toTag)
      : startOther(room, request, flow, toTag);
  const merge = mergeKey(request, flow);
  if (merge !== undefined) room.merging.add(merge);
  room.running.set(serverKey(request, flow), server);
  return server;
}

function forget(room: ServerRoom, request: SipRequest, flow: Flow): void {
  room.running.delete(serverKey(request, flow));
  const merge = mergeKey(request, flow);
  if (merge !== undefined) room.merging.delete(merge);
}

function startInvite(room: ServerRoom, invite: SipRequest, flow: Flow, toTag: string): RunningServer {
  const pace = paceOf(room, flow);
  let handlers: ServerHandlers = {};
  let answered = false;
  let acknowledged = false;
  let stopRepeating: Cancel = () => {};
  let acceptedKey: string | undefined;

  const machine = new RunningMachine<InviteServerState, InviteServerInput, InviteServerTimer>({
    first: startInviteServer(invite, room.clock.now()),
    step: (state, input) => stepInviteServer(state, input, pace, room.clock.now()),
    timerInput: (timer) => ({ type: "timer", timer }),
    perform(effect) {
      if (effect.type === "send") {
        sendOrTell(room, flow, effect.message, () => machine.input({ type: "transport-error" }));
      } else if (effect.type === "failure") {
        room.log.debug(
          { to: flow.remoteAddress, failure: effect.failure },
          "A response to INVITE found no way.",
        );
      }
    },
    ended() {
      stopRepeating();
      forget(room, invite, flow);
      if (acceptedKey === undefined) return;
      room.accepted.delete(acceptedKey);
      // Timer L is as long as the 2xx is repeated. When the layer closes, the state is not yet terminated.
      if (machine.state.name === "terminated" && !acknowledged) guarded(room, () => handlers.onNoAck?.());
    },
    clock: room.clock,
    log: room.log,
  });

  const accept = (response: SipResponse): void => {
    acceptedKey = acknowledgedKey(response);
    room.accepted.set(acceptedKey, server);
    stopRepeating = repeatAccept(room.clock, room.timing, () => machine.input({ type: "respond", response }));
  };

  const server: RunningServer = {
    request: invite,
    flow,
    toTag,
    get answered() {
      return answered;
    },
    respond(response) {
      serialize(response);
      if (answered || machine.ended) return;
      answered = response.status >= 200;
      machine.input({ type: "respond", response });
      if (response.status >= 200 && response.status < 300) accept(response);
    },
    handle(wanted) {
      handlers = wanted;
    },
    repeated: () => machine.input({ type: "retransmission" }),
    acknowledge(ack, from) {
      machine.input({ type: "ack", ack });
      if (machine.state.name !== "accepted" || acknowledged) return;
      acknowledged = true;
      stopRepeating();
      guarded(room, () => handlers.onAck?.(ack, from));
    },
    cancelled() {
      if (answered) return;
      guarded(room, () => handlers.onCancel?.());
      server.respond(makeResponse(invite, 487, { toTag }));
    },
    end: () => machine.end(),
  };
  machine.start();
  return server;
}

function startOther(room: ServerRoom, request: SipRequest, flow: Flow, toTag: string): RunningServer {
  const pace = paceOf(room, flow);
  let answered = false;

  const machine = new RunningMachine<RequestServerState, RequestServerInput, RequestServerTimer>({
    first: startRequestServer(),
    step: (state, input) => stepRequestServer(state, input, pace, room.clock.now()),
    timerInput: (timer) => ({ type: "timer", timer }),
    perform(effect) {
      if (effect.type !== "send") return;
      sendOrTell(room, flow, effect.message, () => machine.input({ type: "transport-error" }));
    },
    ended() {
      stopWaiting();
      forget(room, request, flow);
    },
    clock: room.clock,
    log: room.log,
  });

  const server: RunningServer = {
    request,
    flow,
    toTag,
    get answered() {
      return answered;
    },
    respond(response) {
      serialize(response);
      if (answered || machine.ended) return;
      answered = response.status >= 200;
      if (answered) stopWaiting();
      machine.input({ type: "respond", response });
    },
    handle: () => {},
    repeated: () => machine.input({ type: "retransmission" }),
    acknowledge: () => {},
    cancelled: () => {},
    end: () => machine.end(),
  };
  // The RFC gives an unanswered request no end. After timer F its client has none either: then it is our fault, and over.
  const stopWaiting = room.clock.at(room.clock.now() + patienceMs(pace), () => {
    room.log.error({ method: request.method }, "A SIP request was never answered by its user.");
    server.respond(makeResponse(request, 500, { toTag }));
  });
  machine.start();
  return server;
}

function paceOf(room: ServerRoom, flow: Flow): Pace {
  return { timing: room.timing, reliable: isReliable(flow) };
}

function sendOrTell(room: ServerRoom, flow: Flow, message: SipMessage, fail: () => void): void {
  if (message.type !== "response") return;
  void room.send(flow, message).then((outcome) => {
    if (outcome.type === "failed") fail();
  });
}

/** A bug in the user's code costs this call, not the process. */
function guarded(room: ServerRoom, work: () => void): void {
  try {
    work();
  } catch (error) {
    room.log.error({ error }, "A SIP transaction's user failed.");
  }
}
