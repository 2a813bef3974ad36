import assert from "node:assert/strict";
import { VirtualClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { withHeader, withoutHeader } from "../message/build.ts";
import type { Flow, SipMessage, SipRequest, SipResponse } from "../message/message.ts";
import { serialize } from "../message/serialize.ts";
import type { ConnectionId } from "../transport/connections.ts";
import type { SendOutcome, Transport, TransportOptions } from "../transport/transport.ts";
import type { ServerTransaction } from "./server-transaction.ts";
import { type LayerOptions, openTransactionLayer } from "./transaction-layer.ts";
import { sampleRequest } from "./transition-table.ts";

/** For tests: a layer on a network of paper: what it sends is noted with its moment, what it is to receive is handed in. */
export async function openOnPaper(more: Partial<LayerOptions> = {}) {
  const clock = new VirtualClock();
  const startMs = clock.now();
  const sent: { atMs: number; flow: Flow; message: SipMessage }[] = [];
  const transactions: ServerTransaction[] = [];
  const acquainted = new Set<string>();
  const newer = new Map<number, ConnectionId>();
  const connectionNow = (way: Flow): ConnectionId => newer.get(way.remotePort) ?? way.remotePort;
  const sentBy = { host: "192.0.2.1", port: 5060 };
  let outcome: SendOutcome = { type: "sent" };
  let hand: TransportOptions["onMessage"] = () => {};
  let closed: TransportOptions["onClosed"] = () => {};
  const flow: Flow = {
    transport: "udp",
    localAddress: "192.0.2.1",
    localPort: 5060,
    remoteAddress: "192.0.2.2",
    remotePort: 5060,
  };
  const openTransport = async (options: TransportOptions): Promise<Transport> => {
    hand = options.onMessage;
    closed = options.onClosed;
    return {
      sentBy,
      sentByOver: () => sentBy,
      flowTo: () => flow,
      flowFor: (request, wanted) =>
        serialize(request).length > 1_000 && wanted.transport === "udp"
          ? { ...wanted, transport: "tcp" }
          : wanted,
      async send(way, message) {
        sent.push({ atMs: clock.now() - startMs, flow: way, message });
        return way.transport === "tcp" && tcpRefused ? { type: "failed", why: "refused" } : outcome;
      },
      connectionTo: (way) => (way.transport === "udp" ? undefined : connectionNow(way)),
      knows: (address) => acquainted.has(address),
      endFlow: () => {},
      stats: () => ({ messages: 0, refused: 0, dropped: 0, connections: 0 }),
      close: async () => {},
    };
  };
  let tcpRefused = false;
  const layer = await openTransactionLayer({
    listen: { address: "192.0.2.1", port: 5060 },
    clock,
    random: seededRandom("transactions"),
    log: silentLog,
    abilities: {
      methods: ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"],
      extensions: [],
      contentTypes: ["application/sdp"],
      answerType: "application/sdp",
    },
    openTransport,
    onRequest: (transaction) => void transactions.push(transaction),
    ...more,
  });
  return {
    clock,
    layer,
    flow,
    sent,
    transactions,
    /** From the peer, or from another address. */
    receive: (message: SipMessage, remoteAddress = flow.remoteAddress) =>
      hand({ ...flow, remoteAddress }, message),
    /** The TCP connection to the flow's remote end is gone. */
    closes: (way: Flow) => closed(way, connectionNow(way)),
    /** A newer connection to the flow's remote end has taken the place of one that closes only now. */
    closesLate(way: Flow) {
      const older = connectionNow(way);
      newer.set(way.remotePort, older + 100_000);
      return () => closed(way, older);
    },
    /** We have sent to this address before. */
    knows: (address: string) => void acquainted.add(address),
    fail: () => {
      outcome = { type: "failed", why: "unreachable" };
    },
    refuseTcp: () => {
      tcpRefused = true;
    },
    /** `0 INVITE, 500 INVITE`, and forgets it. */
    log: () =>
      sent
        .splice(0)
        .map(({ atMs, message }) => `${atMs} ${message.type === "request" ? message.method : message.status}`)
        .join(", "),
  };
}

/** What a client's user hears, as text. */
export function listener() {
  const heard: string[] = [];
  return {
    heard,
    handlers: {
      onResponse: (response: SipResponse) => void heard.push(String(response.status)),
      onFailure: (status: number) => void heard.push(`failure ${status}`),
    },
  };
}

export const ours = (method: string): SipRequest => withoutHeader(sampleRequest(method), "Via");

export function theirs(method: string, branch = "z9hG4bKtheirs"): SipRequest {
  return withHeader(sampleRequest(method), "Via", `SIP/2.0/UDP 192.0.2.2;branch=${branch}`);
}

export function only<T>(items: readonly T[]): T {
  assert.equal(items.length, 1);
  const [item] = items;
  assert.ok(item !== undefined);
  return item;
}
