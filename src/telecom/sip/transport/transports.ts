import type { Flow, TransportName } from "../message/message.ts";

/** The transports over which we call; a WebSocket is opened by its browser alone (RFC 7118 5). */
type DialledTransport = Exclude<TransportName, "ws" | "wss">;

const dialled: readonly string[] = ["udp", "tcp", "tls"] satisfies readonly DialledTransport[];

/** Whether a URI's `transport` parameter, in lower case, names one of them. */
export function isDialled(name: string): name is DialledTransport {
  return dialled.includes(name);
}

/** RFC 3261 18.2.2, 19.1.2 and RFC 7118 4: the port where none is told. */
export const usualPort: Readonly<Record<TransportName, number>> = {
  udp: 5060,
  tcp: 5060,
  tls: 5061,
  ws: 80,
  wss: 443,
};

/** RFC 3261 17: over these nothing is sent twice, for the transport itself repeats what was lost. */
export function isReliable({ transport }: Flow): boolean {
  return transport !== "udp";
}

/** RFC 7118 5, RFC 5626 5.3: such a peer is reached by the connection that it opened, and by no other. */
export function isWebSocket({ transport }: Flow): boolean {
  return transport === "ws" || transport === "wss";
}
