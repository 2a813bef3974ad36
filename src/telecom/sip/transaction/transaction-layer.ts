import { createHash } from "node:crypto";
import type { Clock } from "#base/clock.ts";
import { readable } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { RateLimit } from "#base/rate-limit.ts";
import { makeResponse, type ResponseWish, withTopHeader } from "../message/build.ts";
import { callId, cseq, formatVia, headerValue, topVia } from "../message/headers.ts";
import type { Flow, SipMessage, SipRequest, SipResponse } from "../message/message.ts";
import { type Abilities, validate } from "../message/validate.ts";
import { sameAddress } from "../transport/addresses.ts";
import type { ConnectionId } from "../transport/connections.ts";
import {
  openTransport,
  type Refusal,
  type SendOutcome,
  type Transport,
  type TransportOptions,
} from "../transport/transport.ts";
import {
  type ClientBeginning,
  type ClientHandlers,
  type ClientRoom,
  type ClientTransaction,
  startClient,
} from "./client-transaction.ts";
import { acknowledgedKey, clientKey, magicCookie, mergeKey, serverKey } from "./keys.ts";
import { type ServerRoom, type ServerTransaction, startServer } from "./server-transaction.ts";
import { type Timing, usualTiming } from "./timing.ts";

/**
 * RFC 3261 17 at work: gives each request its transaction, absorbs repetitions, and hands up what is new. Messages that are
 * not sound (`validate`) are answered or dropped here and never reach the user.
 */
export interface TransactionLayer {
  /** What a Contact of ours says over UDP and TCP, and over any transport. */
  readonly sentBy: Transport["sentBy"];
  readonly sentByOver: Transport["sentByOver"];
  /** The flow to a peer, by address: names were resolved before (RFC 3263). */
  flowTo: Transport["flowTo"];
  /**
   * Sends a request (any but ACK) in a transaction of its own; the Via is added here. `begun` names it, for whoever may have to go
   * on with it in another process. Throws SIP_UNSERIALIZABLE.
   */
  request(
    request: SipRequest,
    flow: Flow,
    handlers: ClientHandlers,
    choice?: FlowChoice,
    begun?: BegunRequest,
  ): ClientTransaction;
  /** A branch that nobody guesses. */
  makeBranch(): string;
  /** Sends the ACK of a 2xx (13.2.2.4): it belongs to no transaction. Say it again for each repetition of the 2xx. */
  acknowledge(ack: SipRequest, flow: Flow, choice?: FlowChoice): void;
  stats(): LayerStats;
  /** Ends all transactions without a word, and closes the sockets. */
  close(): Promise<void>;
}

/** `this-flow`: no other one to the same place, whatever the size. A phone is reached by the flow that it registered over alone. */
export type FlowChoice = "by-size" | "this-flow";

export interface BegunRequest {
  readonly branch: string;
  readonly as: ClientBeginning;
}

export interface LayerStats {
  readonly clients: number;
  readonly servers: number;
  /** Responses and ACKs that belonged to nothing. */
  readonly strays: number;
  /** Requests answered 503 because there were too many. */
  readonly overloaded: number;
  /** Requests of strangers that were left without an answer because their address asked too often. */
  readonly unanswered: number;
}

export interface LayerOptions {
  readonly listen: Pick<
    TransportOptions,
    "address" | "port" | "advertisedAddress" | "tls" | "webSocket" | "connectionLimits" | "onWire"
  >;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly abilities: Abilities;
  readonly timing?: Timing;
  /** 10,000 unless told. */
  readonly mostServers?: number;
  /** The simulator's network in place of sockets. */
  readonly openTransport?: typeof openTransport;
  /**
   * RFC 3261 8.2.7: what is answered without a transaction, so that it costs no memory however often it comes: a wish for
   * the response, the same for each repetition; undefined for a request that goes to `onRequest`. Unless told, all do.
   */
  readonly answerAtOnce?: (request: SipRequest, flow: Flow) => StatelessAnswer | undefined;
  /** A new request, any but ACK and CANCEL. Must lead to `respond`. */
  onRequest(transaction: ServerTransaction): void;
  /** Called before anything is sent: what led to it is to be written down first. */
  beforeSend?(): void;
  /** A connection that is gone, whoever closed it. */
  onFlowClosed?(flow: Flow): void;
}

export type StatelessAnswer = ResponseWish & { readonly status: number };

/**
 * What an address may hear from us without a call: a burst, then ten a second. Enough for whoever looks after a trunk, too
 * little for guessing, and for making us shout at somebody whose address was forged.
 */
const answersPerMinute = 600;
const branchCharacters = 16; // 80 bits: nobody who does not see our packets can answer for our peer.
const tagCharacters = 16;

export async function openTransactionLayer(options: LayerOptions): Promise<TransactionLayer> {
  const { clock, random, log, abilities } = options;
  const timing = options.timing ?? usualTiming;
  const mostServers = options.mostServers ?? 10_000;
  const tagSecret = random.bytes(16);
  const counts = { strays: 0, overloaded: 0, unanswered: 0 };
  const answers = new RateLimit(clock, answersPerMinute);

  const opened = await (options.openTransport ?? openTransport)({
    ...options.listen,
    clock,
    log,
    onMessage: receive,
    onRefused: refuse,
    onClosed: connectionLost,
  });
  const ackOfRefusal = new HeldBack();
  const transport: Transport = {
    ...opened,
    send(flow, message) {
      options.beforeSend?.();
      ackOfRefusal.letGo();
      return opened.send(flow, message);
    },
  };
  const clientRoom: ClientRoom = {
    clock,
    log,
    timing,
    send(flow, request) {
      const isAck = request.method === "ACK";
      const outcome = isAck
        ? ackOfRefusal.hold(() => opened.send(flow, request))
        : transport.send(flow, request);
      return { outcome, connection: transport.connectionTo(flow) };
    },
    running: new Map(),
  };
  const serverRoom: ServerRoom = {
    clock,
    log,
    timing,
    send: (flow, response) => transport.send(flow, response),
    running: new Map(),
    accepted: new Map(),
    merging: new Set(),
  };

  function receive(flow: Flow, message: SipMessage): void {
    const verdict = validate(message, abilities);
    if (message.type === "response") {
      if (verdict.type === "ok") receiveResponse(flow, message);
    } else if (verdict.type === "reject") {
      answerStateless(flow, message, verdict);
    } else if (verdict.type === "ok") receiveRequest(flow, message);
  }

  function refuse(flow: Flow, { request, status, reason }: Refusal): void {
    answerStateless(flow, request, { status, reason });
  }

  /**
   * RFC 3261 17.1.4, 18.4: nothing is repeated over a connection, so what was asked over one that is gone, and had no sign of life,
   * has failed. Where there was one the far end is at work; it answers on a new connection if it must (18.2.2), and has failed
   * too if it can have none (`this-flow`).
   */
  function connectionLost(flow: Flow, connection: ConnectionId): void {
    // What fails may be asked anew, over a new connection to the same place: that is none of these.
    const asked = [...clientRoom.running.values()].filter((client) => client.connection === connection);
    for (const client of asked) client.connectionLost();
    // RFC 5626 4.2.2 counts flows by connection, and ours by their ends: where a newer one stands, its phone has registered anew.
    if (transport.connectionTo(flow) === undefined) options.onFlowClosed?.(flow);
  }

  function receiveResponse(flow: Flow, response: SipResponse): void {
    const client = clientRoom.running.get(clientKey(response));
    // RFC 3261 18.1.2: a response whose Via is not ours is discarded.
    const via = topVia(response);
    const { host, port } = transport.sentByOver(client?.flow.transport ?? flow.transport);
    const ours = via.host === host && (via.port ?? 5060) === port;
    if (client !== undefined && ours && mayAsk(client, response, flow)) client.receive(response, flow);
    else counts.strays++;
    if (!ackOfRefusal.isHeld) return;
    options.beforeSend?.();
    ackOfRefusal.letGo();
  }

  function receiveRequest(flow: Flow, request: SipRequest): void {
    if (request.method === "ACK") return receiveAck(flow, request);
    const known = serverRoom.running.get(serverKey(request, flow));
    if (known !== undefined) return known.repeated();
    if (request.method === "CANCEL") return receiveCancel(flow, request);
    const atOnce = options.answerAtOnce?.(request, flow);
    if (atOnce !== undefined) return answerStateless(flow, request, atOnce);
    if (serverRoom.running.size >= mostServers) {
      counts.overloaded++;
      const headers = [{ name: "Retry-After", value: "5" }];
      return answerStateless(flow, request, { status: 503, headers });
    }
    // RFC 3261 8.2.2.2
    const merge = mergeKey(request, flow);
    if (merge !== undefined && serverRoom.merging.has(merge)) {
      return answerStateless(flow, request, { status: 482 });
    }
    const server = startServer(serverRoom, request, flow, makeTag());
    try {
      options.onRequest(server);
    } catch (error) {
      // A bug in the user's code costs this request, and its sender is told.
      log.error({ error, method: request.method }, "A SIP request made its user fail.");
      server.respond(makeResponse(request, 500, { toTag: server.toTag }));
    }
  }

  function receiveAck(flow: Flow, ack: SipRequest): void {
    // The ACK of a refusal has the INVITE's branch (17.1.1.3), that of a 2xx the dialog alone in common with it.
    const invite =
      serverRoom.running.get(serverKey(ack, flow, "INVITE")) ?? serverRoom.accepted.get(acknowledgedKey(ack));
    if (invite === undefined) counts.strays++;
    else invite.acknowledge(ack, flow);
  }

  // RFC 3261 9.2
  function receiveCancel(flow: Flow, cancel: SipRequest): void {
    const invite = serverRoom.running.get(serverKey(cancel, flow, "INVITE"));
    if (invite === undefined) return answerStateless(flow, cancel, { status: 481 });
    const server = startServer(serverRoom, cancel, flow, invite.toTag);
    server.respond(makeResponse(cancel, 200, { toTag: server.toTag }));
    invite.cancelled();
  }

  /** RFC 3261 8.2.7: no state is kept for what is refused, so a repetition must get the same tag again. */
  function answerStateless(flow: Flow, request: SipRequest, { status, ...wish }: StatelessAnswer): void {
    if (request.method === "ACK") return;
    if (!transport.knows(flow.remoteAddress) && answers.take(flow.remoteAddress) > 0) {
      counts.unanswered++;
      return;
    }
    const seed = ["Via", "From", "Call-ID", "CSeq"]
      .map((name) => headerValue(request, name) ?? "")
      .join("\n");
    const toTag = createHash("sha256").update(tagSecret).update(seed).digest("hex").slice(0, tagCharacters);
    void transport.send(flow, makeResponse(request, status, { ...wish, toTag }));
  }

  function makeTag(): string {
    return readable(random, tagCharacters);
  }

  function makeBranch(): string {
    return magicCookie + readable(random, branchCharacters);
  }

  function withVia(request: SipRequest, flow: Flow, branch = makeBranch()): SipRequest {
    const via = formatVia({
      transport: flow.transport.toUpperCase(),
      ...transport.sentByOver(flow.transport),
      params: [
        // RFC 3581: the response comes back through the NAT that the request went through.
        { name: "rport", value: undefined },
        { name: "branch", value: branch },
      ],
    });
    return withTopHeader(request, "Via", via);
  }

  function flowFor(request: SipRequest, wanted: Flow, choice: FlowChoice): Flow {
    return choice === "this-flow" ? wanted : transport.flowFor(request, wanted);
  }

  return {
    sentBy: transport.sentBy,
    sentByOver: transport.sentByOver,
    flowTo: transport.flowTo,
    makeBranch,
    request(request, wanted, handlers, choice = "by-size", begun) {
      const flow = flowFor(request, wanted, choice);
      const isOnlyWay = choice === "this-flow";
      const start = (way: Flow, told: ClientHandlers, as?: BegunRequest): ClientTransaction =>
        startClient(
          clientRoom,
          {
            request: withVia(request, way, as?.branch),
            flow: way,
            isOnlyWay,
            ...(as === undefined ? {} : { as: as.as }),
          },
          told,
        );
      return flow === wanted
        ? start(flow, handlers, begun)
        : startWithFallback({ start, flow, wanted, handlers, begun });
    },
    acknowledge(ack, wanted, choice = "by-size") {
      const flow = flowFor(ack, wanted, choice);
      void transport.send(flow, withVia(ack, flow)).then((outcome) => {
        if (outcome.type === "failed")
          log.debug({ callId: callId(ack), cseq: cseq(ack).number }, "An ACK was not sent.");
      });
    },
    stats: () => ({ clients: clientRoom.running.size, servers: serverRoom.running.size, ...counts }),
    async close() {
      for (const client of [...clientRoom.running.values()]) client.end();
      for (const server of [...serverRoom.running.values()]) server.end();
      await transport.close();
    },
  };
}

/**
 * RFC 3261 17.1.1.3: a refusal is not said again once it is acknowledged. So its ACK waits until what the refusal means has been written
 * down, and leaves before anything that follows from it.
 */
class HeldBack {
  #send: (() => void) | undefined;

  get isHeld(): boolean {
    return this.#send !== undefined;
  }

  hold(send: () => Promise<SendOutcome>): Promise<SendOutcome> {
    return new Promise((resolve) => {
      this.#send = () => resolve(send());
    });
  }

  letGo(): void {
    const send = this.#send;
    this.#send = undefined;
    send?.();
  }
}

/**
 * A challenge makes us prove that we know the trunk's password, so it counts only from the address that was asked. Any other
 * response may come from another address of the same far end.
 */
function mayAsk(client: ClientTransaction, { status }: SipResponse, from: Flow): boolean {
  return (status !== 401 && status !== 407) || sameAddress(client.flow.remoteAddress, from.remoteAddress);
}

/** RFC 3261 18.1.1: TCP was our choice, for the request's size; where nobody listens for it, UDP is tried after all. */
function startWithFallback(attempt: {
  start(flow: Flow, handlers: ClientHandlers, begun?: BegunRequest): ClientTransaction;
  readonly flow: Flow;
  readonly wanted: Flow;
  readonly handlers: ClientHandlers;
  readonly begun: BegunRequest | undefined;
}): ClientTransaction {
  const { start, flow, wanted, handlers, begun } = attempt;
  let cancelled = false;
  let current = start(
    flow,
    {
      onResponse: (response, from) => handlers.onResponse(response, from),
      onFailure(status) {
        if (status !== 503 || cancelled) return handlers.onFailure(status);
        current = start(wanted, handlers);
      },
    },
    begun,
  );
  return {
    get request() {
      return current.request;
    },
    get flow() {
      return current.flow;
    },
    cancel() {
      cancelled = true;
      current.cancel();
    },
  };
}
