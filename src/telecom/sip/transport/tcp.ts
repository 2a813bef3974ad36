import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Flow } from "../message/message.ts";
import { acceptConnection, type Connection, keepAlive, openConnection } from "./tcp-connection.ts";
import type { KnownPeers } from "./known-peers.ts";
import type { TcpLimits } from "./tcp-limits.ts";
import type { SendOutcome } from "./transport.ts";

export interface Tcp {
  readonly port: number;
  readonly connections: number;
  /** Whether the flow's connection is open. */
  has(flow: Flow): boolean;
  /** On the connection to the flow's remote end, which is opened when there is none. */
  send(flow: Flow, octets: Uint8Array): Promise<SendOutcome>;
  endFlow(flow: Flow): void;
  close(): Promise<void>;
}

export interface TcpOptions {
  readonly address: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: TcpLimits;
  readonly peers: KnownPeers;
  receive(flow: Flow, octets: Uint8Array, framing: "stream-framed"): void;
  /** The connection to the flow's remote end is gone, and none has taken its place. */
  closed(flow: Flow): void;
}

/** Whether two flows have the same remote end: they share a connection. */
export function sameConnection(flow: Flow, other: Flow): boolean {
  return flow.transport === "tcp" && other.transport === flow.transport && peerKey(flow) === peerKey(other);
}

/** Listens, and keeps the connections of both directions in one table, so that each is used both ways (RFC 3261 18). */
export async function openTcp(options: TcpOptions): Promise<Tcp> {
  const { address, limits, log } = options;
  const connections = new Map<string, Connection>();
  let refused = 0;

  // Connections of strangers' making, by address: those that they opened, and those that an answer to them has to open. What
  // we open for our calls is bounded by their number, and must not fail by a flood.
  const guests = new Map<string, number>();
  let guestsInAll = 0;

  const isFull = (address: string): boolean =>
    (guests.get(address) ?? 0) >= limits.connectionsPerAddress ||
    (guestsInAll >= limits.connections && !options.peers.has(address));

  const welcome = (connection: Connection): Connection => {
    const address = connection.flow.remoteAddress;
    guests.set(address, (guests.get(address) ?? 0) + 1);
    guestsInAll++;
    keep(connection).onClosed(() => {
      const left = (guests.get(address) ?? 1) - 1;
      if (left === 0) guests.delete(address);
      else guests.set(address, left);
      guestsInAll--;
    });
    return connection;
  };

  const keep = (connection: Connection): Connection => {
    const key = peerKey(connection.flow);
    connections.set(key, connection);
    connection.onClosed(() => {
      if (connections.get(key) !== connection) return;
      connections.delete(key);
      options.closed(connection.flow);
    });
    return connection;
  };

  const openTo = (flow: Flow): Connection | undefined => {
    const known = connections.get(peerKey(flow));
    return known?.isOpen === true ? known : undefined;
  };

  const server = createServer({ noDelay: true, ...keepAlive }, (socket: Socket) => {
    const flow: Flow = {
      transport: "tcp",
      localAddress: address,
      localPort: port,
      remoteAddress: socket.remoteAddress ?? "",
      remotePort: socket.remotePort ?? 0,
    };
    if (isFull(flow.remoteAddress)) {
      // Told once in a while: a flood must not fill the log.
      if (refused++ % 1_000 === 0)
        log.warn({ from: flow.remoteAddress, refused }, "Too many TCP connections.");
      socket.destroy();
      return;
    }
    welcome(acceptConnection(socket, flow, options));
  });
  server.listen({ host: address, port: options.port, ipv6Only: true });
  await once(server, "listening");
  server.on("error", (error) => log.warn({ error: error.message }, "The TCP listener met an error."));
  const port = boundPort(server.address());

  return {
    port,
    get connections() {
      return connections.size;
    },
    has: (flow) => flow.transport === "tcp" && openTo(flow) !== undefined,
    async send(flow, octets) {
      const known = openTo(flow);
      if (known !== undefined) return known.send(octets);
      const open = (): Connection => openConnection({ ...flow, localPort: port }, options);
      if (options.peers.has(flow.remoteAddress)) return keep(open()).send(octets);
      if (isFull(flow.remoteAddress)) return { type: "failed", why: "too many connections" };
      return welcome(open()).send(octets);
    },
    endFlow(flow) {
      if (flow.transport === "tcp") connections.get(peerKey(flow))?.end();
    },
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const connection of connections.values()) connection.destroy();
      await closed;
    },
  };
}

function peerKey({ remoteAddress, remotePort }: Flow): string {
  return `${remoteAddress} ${remotePort}`;
}

function boundPort(address: ReturnType<ReturnType<typeof createServer>["address"]>): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}
