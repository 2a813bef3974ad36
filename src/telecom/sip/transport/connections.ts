import type { Flow } from "../message/message.ts";
import type { Guest } from "./guests.ts";
import type { SendOutcome } from "./transport.ts";

/** One connection, whoever opened it, over whatever transport. */
export interface Connection {
  readonly flow: Flow;
  /** False once either side has begun to close it: what is said then takes another connection. */
  readonly isOpen: boolean;
  send(octets: Uint8Array): Promise<SendOutcome>;
  /** Its peer is no stranger: we ask it something, or have let it register. */
  vouch(): void;
  /** Closes once what was written has gone out. */
  end(): void;
  destroy(): void;
  onClosed(listener: () => void): void;
}

/** Tells two connections with the same remote end apart, one of which took the other's place. */
export type ConnectionId = number;

interface Kept {
  readonly id: ConnectionId;
  readonly connection: Connection;
  readonly guest: Guest | undefined;
}

/** The connections of both directions in one table, so that each is used both ways (RFC 3261 18). */
export class Connections {
  readonly #closed: (flow: Flow, id: ConnectionId) => void;
  readonly #byEnd = new Map<string, Kept>();
  readonly #all = new Set<Connection>();
  #lastId = 0;

  constructor(closed: (flow: Flow, id: ConnectionId) => void) {
    this.#closed = closed;
  }

  get size(): number {
    return this.#all.size;
  }

  /** What is sent to its remote end goes over it from now on. `guest` is its place among the strangers', if it has one. */
  keep(connection: Connection, guest?: Guest): Kept {
    const kept = { id: ++this.#lastId, connection, guest };
    const end = remoteEnd(connection.flow);
    this.#byEnd.set(end, kept);
    this.#all.add(connection);
    connection.onClosed(() => {
      guest?.leave();
      this.#all.delete(connection);
      // A newer one may have taken its place, and stays; what was asked over this one is lost all the same.
      if (this.#byEnd.get(end) === kept) this.#byEnd.delete(end);
      this.#closed(connection.flow, kept.id);
    });
    return kept;
  }

  /** The open connection to a flow's remote end. */
  to(flow: Flow): Kept | undefined {
    const kept = this.#byEnd.get(remoteEnd(flow));
    return kept?.connection.isOpen === true ? kept : undefined;
  }

  endAll(): void {
    for (const connection of this.#all) connection.destroy();
  }
}

/**
 * RFC 5922 4: a connection whose far end was proven to be one name serves no other name, though it has the same address. Those
 * that the far end opened have proven no name.
 */
function remoteEnd({ transport, remoteAddress, remotePort, serverName }: Flow): string {
  return [transport, remoteAddress, remotePort, serverName?.toLowerCase() ?? ""].join(" ");
}
