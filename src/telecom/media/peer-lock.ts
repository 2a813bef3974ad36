import type { Endpoint } from "./rtp-sockets.ts";
import ipaddr from "ipaddr.js";

/**
 * Decides whose packets are heard, for one port of ours.
 *
 * 1. The endpoint that the session description names is heard, and no other.
 * 2. A phone behind a NAT names an address that cannot be reached from here, and its packets come from its router. Only when
 *    the named address is not a public one, and differs from where the phone's SIP came from, the first valid packet from
 *    exactly that signalling address (any port) is learned as the far end, and locked.
 * 3. Until ten packets were heard from a learned endpoint, a packet from the named one takes its place; then never again.
 * 4. A new session description with another endpoint, or another signalling address, begins anew; the same one changes nothing.
 *
 * So without a signalling address nothing is ever learned, and with one, an attacker would need that very address.
 */
export class PeerLock {
  #named: Endpoint | undefined;
  #signallingAddress: string | undefined;
  #learned: Endpoint | undefined;
  #mayLearn = false;
  #heard = 0;

  constructor(from?: PeerStanding) {
    this.#named = from?.named;
    this.#signallingAddress = from?.signallingAddress;
    this.#learned = from?.learned;
    this.#mayLearn = from?.mayLearn ?? false;
    this.#heard = from?.heard ?? 0;
  }

  get standing(): PeerStanding {
    return {
      named: this.#named,
      signallingAddress: this.#signallingAddress,
      learned: this.#learned,
      mayLearn: this.#mayLearn,
      heard: this.#heard,
    };
  }

  /** Where to send. */
  get peer(): Endpoint | undefined {
    return this.#learned ?? this.#named;
  }

  isPeer(from: Endpoint): boolean {
    const peer = this.#learned ?? this.#named;
    return peer !== undefined && from.port === peer.port && from.address === peer.address;
  }

  negotiated(named: Endpoint, signallingAddress: string | undefined): void {
    const same =
      this.#named?.address === named.address &&
      this.#named.port === named.port &&
      this.#signallingAddress === signallingAddress;
    if (same) return;
    this.#named = { address: named.address, port: named.port };
    this.#signallingAddress = signallingAddress;
    this.#learned = undefined;
    this.#heard = 0;
    this.#mayLearn =
      signallingAddress !== undefined && signallingAddress !== named.address && !isPublic(named.address);
  }

  /** True when a packet from `from` is to be heard. Call it for valid packets alone: it may learn. */
  accepts(from: Endpoint): boolean {
    const peer = this.#learned ?? this.#named;
    // RFC 768: port 0 is a sender that hears no answer, and no system sends there.
    if (peer === undefined || from.port === 0) return false;
    if (this.isPeer(from)) {
      if (this.#heard < learningPackets) this.#heard += 1;
      // RFC 4961 has no word for two endpoints: once the named one was heard, there is nothing left to learn.
      if (this.#learned === undefined) this.#mayLearn = false;
      return true;
    }
    if (this.#learned !== undefined) return this.#namedTakesOver(from);
    if (!this.#mayLearn || from.address !== this.#signallingAddress) return false;
    this.#learned = { address: from.address, port: from.port };
    this.#heard = 1;
    return true;
  }

  /** Whether a packet from `from` would be heard if it is valid. Learns nothing: for those whose validity costs a look inside. */
  wouldAccept(from: Endpoint): boolean {
    if (this.peer === undefined || from.port === 0) return false;
    if (this.isPeer(from)) return true;
    if (this.#learned !== undefined) return this.#isEarlyNamed(from);
    return this.#mayLearn && from.address === this.#signallingAddress;
  }

  #isEarlyNamed(from: Endpoint): boolean {
    const named = this.#named;
    if (named === undefined || this.#heard >= learningPackets) return false;
    return from.port === named.port && from.address === named.address;
  }

  #namedTakesOver(from: Endpoint): boolean {
    if (!this.#isEarlyNamed(from)) return false;
    this.#learned = undefined;
    this.#mayLearn = false;
    return true;
  }
}

/** As plain JSON: whose packets are heard, and what may yet be learned. */
export interface PeerStanding {
  readonly named?: Endpoint | undefined;
  readonly signallingAddress?: string | undefined;
  readonly learned?: Endpoint | undefined;
  readonly mayLearn: boolean;
  readonly heard: number;
}

const learningPackets = 10;

/** Private, carrier-grade NAT, loopback, link-local and the like are not. */
function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.parse(address).range() === "unicast";
}
