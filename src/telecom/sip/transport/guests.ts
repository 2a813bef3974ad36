import type { ConnectionLimits } from "./connection-limits.ts";
import type { KnownPeers } from "./known-peers.ts";

/** The place that one connection takes among those of strangers' making. */
export interface Guest {
  /** Where it comes from turned out: behind a proxy that is told late. False when that address has no room left. */
  comesFrom(address: string): boolean;
  /** Gives the place back: the connection is gone, or its peer is no stranger any more. Safe to say twice. */
  leave(): void;
}

/**
 * Connections of strangers' making, over one transport or several, by address: those that they opened, and those that an answer to them has
 * to open. What we open for our calls is bounded by their number, and must not fail by a flood.
 */
export class Guests {
  readonly #limits: Pick<ConnectionLimits, "connections" | "connectionsPerAddress">;
  readonly #peers: KnownPeers;
  readonly #byAddress = new Map<string, number>();
  #inAll = 0;

  constructor(limits: Pick<ConnectionLimits, "connections" | "connectionsPerAddress">, peers: KnownPeers) {
    this.#limits = limits;
    this.#peers = peers;
  }

  /** Undefined when there is no room. Without an address it counts for nobody yet, but in the sum. */
  enter(address: string | undefined): Guest | undefined {
    const isKnown = address !== undefined && this.#peers.has(address);
    if (this.#inAll >= this.#limits.connections && !isKnown) return undefined;
    if (address !== undefined && !this.#hasRoom(address)) return undefined;
    this.#inAll++;
    let from = address;
    if (from !== undefined) this.#count(from, 1);
    let isHere = true;
    return {
      comesFrom: (told) => {
        if (told === from) return true;
        if (!this.#hasRoom(told)) return false;
        if (from !== undefined) this.#count(from, -1);
        from = told;
        this.#count(told, 1);
        return true;
      },
      leave: () => {
        if (!isHere) return;
        isHere = false;
        this.#inAll--;
        if (from !== undefined) this.#count(from, -1);
      },
    };
  }

  #hasRoom(address: string): boolean {
    return (this.#byAddress.get(address) ?? 0) < this.#limits.connectionsPerAddress;
  }

  #count(address: string, change: number): void {
    const left = (this.#byAddress.get(address) ?? 0) + change;
    if (left <= 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, left);
  }
}
