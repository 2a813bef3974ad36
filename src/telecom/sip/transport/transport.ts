import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { headerValue } from "../message/headers.ts";
import type { Flow, SipMessage, SipRequest, TransportName } from "../message/message.ts";
import { type Framing, parse } from "../message/parse.ts";
import { serialize } from "../message/serialize.ts";
import { isUnicast } from "./addresses.ts";
import { type ConnectionLimits, usualConnectionLimits } from "./connection-limits.ts";
import { type ConnectionId, Connections } from "./connections.ts";
import { openDoors, type TlsOptions } from "./doors.ts";
import { Guests } from "./guests.ts";
import { KnownPeers } from "./known-peers.ts";
import type { StreamParts } from "./tcp.ts";
import { isWebSocket } from "./transports.ts";
import { responseFlow, withSource } from "./via-route.ts";
import type { WebSocketOptions } from "./web-socket.ts";

/**
 * The transport layer, RFC 3261 18: moves messages over UDP, TCP, TLS and WebSocket, between flows and their reader. Knows addresses and
 * ports, never names (RFC 3263 is above it). Nothing that comes from the network throws here; what cannot be sent is told
 * as an outcome.
 */
export interface Transport {
  /** What our Via and Contact say over UDP and TCP: the advertised address, the port that was bound. */
  readonly sentBy: SentBy;
  /** The same over any transport. Where one has no port of its own, nobody can call us over it, and that of UDP is told. */
  sentByOver(transport: TransportName): SentBy;
  /** The flow to a peer; no connection is made yet. */
  flowTo(peer: {
    readonly transport: TransportName;
    readonly address: string;
    readonly port: number;
    /** TLS alone, and needed there: the name that the far end must prove. */
    readonly serverName?: string;
  }): Flow;
  /** RFC 3261 18.1.1: the flow that a request of this size takes: TCP when it is too large for a datagram. Throws as `send`. */
  flowFor(request: SipRequest, flow: Flow): Flow;
  /**
   * Sends a request to the flow's remote end, and a response to where its top Via says (18.2.2), which is always the
   * address that the request came from. Throws SIP_UNSERIALIZABLE; every other failure is an outcome.
   */
  send(flow: Flow, message: SipMessage): Promise<SendOutcome>;
  /** The connection that a request to this flow takes now, and took if it was sent this instant. Over UDP there is none. */
  connectionTo(flow: Flow): ConnectionId | undefined;
  /** Whether we have sent a request to this address of late: a trunk, not a stranger. */
  knows(address: string): boolean;
  /** Ends the flow's connection once what was written has gone out. UDP flows have no end. */
  endFlow(flow: Flow): void;
  /** What came in since the start, and the connections that are open. */
  stats(): TransportStats;
  close(): Promise<void>;
}

export interface SentBy {
  readonly host: string;
  readonly port: number;
}

export type SendOutcome = { readonly type: "sent" } | { readonly type: "failed"; readonly why: string };

export interface TransportStats {
  readonly messages: number;
  readonly refused: number;
  readonly dropped: number;
  readonly connections: number;
}

export interface TransportOptions {
  /** The address to bind: IPv4 or IPv6. */
  readonly address: string;
  /** 0 takes a free one, the same for UDP and TCP. */
  readonly port: number;
  /** What Via and Contact say instead of `address`: behind a 1:1 NAT, or when that is a wildcard. */
  readonly advertisedAddress?: string;
  readonly tls?: TlsOptions;
  readonly webSocket?: WebSocketOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly connectionLimits?: Partial<ConnectionLimits>;
  /** Every message that comes in, sound or not, and every one that leaves: for whoever looks on. Must not throw. */
  onWire?(message: WireMessage): void;
  /** A message that could be read. The top Via of a request holds `received` and `rport` already. */
  onMessage(flow: Flow, message: SipMessage): void;
  /** A request that could not, and must be answered so. Over TCP the flow is ended after the answer. */
  onRefused(flow: Flow, refusal: Refusal): void;
  /**
   * A connection that is gone, whoever closed it: what was asked over it may never be answered. A newer one may have taken its
   * place by then: `connectionTo` tells.
   */
  onClosed(flow: Flow, connection: ConnectionId): void;
}

export interface WireMessage {
  readonly direction: "in" | "out";
  readonly transport: Flow["transport"];
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly octets: Uint8Array;
}

export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly request: SipRequest;
}

// RFC 3261 18.1.1: 200 octets below the path's MTU, or 1300 when that is unknown.
const largestDatagram = 1300;
// The Via that the transaction layer adds is not there yet when the flow is chosen.
const viaOctets = 120;

/** Binds UDP and TCP, and TLS and WebSocket if asked. Rejects with the system's error when that fails, or SETTINGS_INVALID. */
export async function openTransport(options: TransportOptions): Promise<Transport> {
  const { address, clock, log } = options;
  const limits = { ...usualConnectionLimits, ...options.connectionLimits };
  const counts = { messages: 0, refused: 0, dropped: 0 };
  const peers = new KnownPeers();
  const guests = new Guests(limits, peers);
  const connections = new Connections((flow, id) => guarded(() => options.onClosed(flow, id)));

  // What arrives while the other socket is still being bound is lost, as it would be a moment earlier.
  let open = false;
  const receive = (flow: Flow, octets: Uint8Array, framing: Framing): void => {
    if (!open) return;
    options.onWire?.({ direction: "in", ...ends(flow), octets });
    const parsed = parse(octets, framing);
    switch (parsed.type) {
      case "message":
        counts.messages++;
        return guarded(() => options.onMessage(flow, withSource(parsed.message, flow)));
      case "refuse":
        counts.refused++;
        guarded(() => options.onRefused(flow, { ...parsed, request: withSource(parsed.request, flow) }));
        // The framing of what follows on a stream can no longer be trusted (RFC 4475 3.1.2.3, 3.3.9).
        return framing === "stream-framed" ? connections.to(flow)?.connection.end() : undefined;
      case "drop":
        counts.dropped++;
        log.debug({ why: parsed.why, from: flow.remoteAddress }, "A packet was dropped.");
    }
  };

  // One message may fail in the code above; the sockets, and every other call, must not.
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      log.error({ error }, "What came from the network made its reader fail.");
    }
  };

  const parts: StreamParts = { address, clock, log, limits, connections, guests, receive };
  const doors = await openDoors(options, { ...parts, browsers: new Guests(limits, peers) });
  const { udp, ports } = doors;
  open = true;
  let closing: Promise<unknown> | undefined;
  const host = options.advertisedAddress ?? address;

  /** On a connection of our making: for our own requests, or for an answer whose connection is gone. */
  function dial(flow: Flow, octets: Uint8Array): Promise<SendOutcome> {
    const way = doors.way({ ...flow, localPort: ports[flow.transport] ?? udp.port });
    if (way.type === "closed") return failed(way.why);
    if (peers.has(flow.remoteAddress)) return connections.keep(way.connect()).connection.send(octets);
    const guest = guests.enter(flow.remoteAddress);
    if (guest === undefined) return failed("too many connections");
    return connections.keep(way.connect(), guest).connection.send(octets);
  }

  const sentByOver = (transport: TransportName): SentBy => ({ host, port: ports[transport] ?? udp.port });

  return {
    sentBy: sentByOver("udp"),
    sentByOver,
    flowTo: ({ transport, address: remoteAddress, port: remotePort, serverName }) => ({
      transport,
      localAddress: address,
      localPort: ports[transport] ?? udp.port,
      remoteAddress,
      remotePort,
      ...(serverName === undefined ? {} : { serverName }),
    }),
    flowFor(request, flow) {
      const tooLarge = serialize(request).length + viaOctets > largestDatagram;
      return tooLarge && flow.transport === "udp" ? { ...flow, transport: "tcp" } : flow;
    },
    send(flow, message) {
      const octets = serialize(message);
      const target = message.type === "response" ? responseFlow(flow, message) : flow;
      if (!isUnicast(target.remoteAddress)) return failed("not a unicast address");
      if (target.remotePort < 1 || target.remotePort > 65_535) return failed("no such port");
      // Of a browser's address strangers have a share: it is not known by it.
      if (message.type === "request" && !isWebSocket(target)) peers.note(target.remoteAddress);
      options.onWire?.({ direction: "out", ...ends(target), octets });
      if (target.transport === "udp") return udp.send(target, octets);
      // A response goes back on the connection of its request; when that has gone, a new one is opened to the Via's port.
      const kept = connections.to(flow) ?? connections.to(target);
      if (kept === undefined) return dial(target, octets);
      if (isForOneOfOurs(message)) {
        kept.guest?.leave();
        kept.connection.vouch();
      }
      return kept.connection.send(octets);
    },
    connectionTo: (flow) => connections.to(flow)?.id,
    knows: (address) => peers.has(address),
    endFlow: (flow) => connections.to(flow)?.connection.end(),
    stats: () => ({ ...counts, connections: connections.size }),
    async close() {
      closing ??= doors.close();
      connections.endAll();
      await closing;
    },
  };
}

function ends({ transport, remoteAddress, remotePort }: Flow) {
  return { transport, remoteAddress, remotePort };
}

/** We ask something of a peer that we know: a trunk, a telephone of ours. RFC 3261 10.3: it has proven that it is one. */
function isForOneOfOurs(message: SipMessage): boolean {
  if (message.type === "request") return true;
  const isAccepted = message.status >= 200 && message.status < 300;
  return isAccepted && headerValue(message, "CSeq")?.endsWith(" REGISTER") === true;
}

function failed(why: string): Promise<SendOutcome> {
  return Promise.resolve({ type: "failed", why });
}
