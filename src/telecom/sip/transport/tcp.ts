import { connect } from "node:net";
import ipaddr from "ipaddr.js";
import type { Flow } from "../message/message.ts";
import type { Connection, Connections } from "./connections.ts";
import type { Guests } from "./guests.ts";
import { listen, type Listener } from "./listener.ts";
import { acceptStream, type ConnectionParts, keepAlive, openStream } from "./stream-connection.ts";

/** What the connections of every transport have in common. */
export interface StreamParts extends ConnectionParts {
  /** The address to bind. */
  readonly address: string;
  readonly connections: Connections;
  readonly guests: Guests;
}

/** Listens for TCP; what comes in is kept among the connections. */
export function listenTcp(parts: StreamParts, port: number): Promise<Listener> {
  const { address, connections } = parts;
  return listen({
    ...parts,
    port,
    accept: (socket, guest) => {
      const flow: Flow = {
        transport: "tcp",
        localAddress: address,
        localPort: socket.localPort ?? port,
        remoteAddress: socket.remoteAddress ?? "",
        remotePort: socket.remotePort ?? 0,
      };
      connections.keep(acceptStream(socket, flow, parts), guest);
    },
  });
}

export function connectTcp(flow: Flow, parts: StreamParts): Connection {
  const socket = connect({ ...towards(flow, parts), noDelay: true, ...keepAlive });
  return openStream(socket, flow, parts, "connect");
}

/** Where a connection of ours goes, and from which of our addresses. */
export function towards(flow: Flow, { address }: Pick<StreamParts, "address">) {
  const wildcard = ipaddr.process(address).range() === "unspecified";
  return {
    host: flow.remoteAddress,
    port: flow.remotePort,
    ...(wildcard ? {} : { localAddress: address }),
  };
}
