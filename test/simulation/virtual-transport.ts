import type { ConnectionId } from "#telecom/sip/transport/connections.ts";
import type { Flow, SipMessage } from "#telecom/sip/message/message.ts";
import { paramValue } from "#telecom/sip/message/grammar.ts";
import { callId, cseq, topVia } from "#telecom/sip/message/headers.ts";
import { parse } from "#telecom/sip/message/parse.ts";
import { serialize } from "#telecom/sip/message/serialize.ts";
import { KnownPeers } from "#telecom/sip/transport/known-peers.ts";
import type { openTransport, Transport, TransportOptions } from "#telecom/sip/transport/transport.ts";
import { responseFlow, withSource } from "#telecom/sip/transport/via-route.ts";
import type { Life } from "#rig/mortal.ts";
import type { Datagrams, Packet, Place } from "./datagrams.ts";

const largestDatagram = 1_180;

/** The product's transport layer without sockets: octets are written and read as the real one does, and travel over `network`. */
export function transportOver(network: Datagrams, place: Place, life: Life): typeof openTransport {
  return async (options: TransportOptions): Promise<Transport> => {
    const sentBy = { host: place.address, port: place.port };
    const peers = new KnownPeers();
    const connections = new Map<string, ConnectionId>();
    const counts = { messages: 0, refused: 0, dropped: 0 };

    network.attach(place.address, {
      settles: true,
      receive({ from, transport, octets }: Packet) {
        const flow: Flow = {
          transport,
          localAddress: place.address,
          localPort: place.port,
          remoteAddress: from.address,
          remotePort: from.port,
        };
        const read = parse(octets, "datagram");
        if (read.type === "message") {
          counts.messages += 1;
          options.onMessage(flow, withSource(read.message, flow));
        } else if (read.type === "refuse") {
          counts.refused += 1;
          options.onRefused(flow, { ...read, request: withSource(read.request, flow) });
        } else counts.dropped += 1;
      },
    });
    life.atDeath(() => network.detach(place.address));

    return {
      sentBy,
      sentByOver: () => sentBy,
      flowTo: ({ transport, address, port }) => ({
        transport,
        localAddress: place.address,
        localPort: place.port,
        remoteAddress: address,
        remotePort: port,
      }),
      flowFor: (request, flow) =>
        serialize(request).length > largestDatagram ? { ...flow, transport: "tcp" } : flow,
      async send(flow, message) {
        // A process that dies over it has said it or not.
        if (!life.cross()) return { type: "failed", why: "dead" };
        const target = message.type === "response" ? responseFlow(flow, message) : flow;
        if (message.type === "request") peers.note(target.remoteAddress);
        const outcome = network.send({
          from: place,
          to: { address: target.remoteAddress, port: target.remotePort },
          transport: target.transport === "tcp" ? "tcp" : "udp",
          octets: serialize(message),
          callId: callId(message),
          branch: branchOf(message),
          says: inShort(message),
        });
        return outcome === "sent" ? { type: "sent" } : { type: "failed", why: "unreachable" };
      },
      connectionTo(flow) {
        if (flow.transport === "udp") return undefined;
        const known = connections.get(flow.remoteAddress) ?? connections.size + 1;
        connections.set(flow.remoteAddress, known);
        return known;
      },
      knows: (address) => peers.has(address),
      endFlow: () => {},
      stats: () => ({ ...counts, connections: 0 }),
      close: async () => network.detach(place.address),
    };
  };
}

export function branchOf(message: SipMessage): string {
  return paramValue(topVia(message).params, "branch") ?? "";
}

/** `INVITE 7001 (2)`, `200 to INVITE (2)`. */
export function inShort(message: SipMessage): string {
  const { number, method } = cseq(message);
  if (message.type === "response") return `${message.status} to ${method} (${number})`;
  return `${message.method} ${message.uri.replace(/^sips?:/, "")} (${number})`;
}
