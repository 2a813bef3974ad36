import { createHmac, timingSafeEqual } from "node:crypto";
import type { Random } from "#base/random.ts";

/** What a nonce is worth for one more request. `stale`: whoever knows the password may prove it again with a new one. */
export type NonceVerdict = "good" | "stale";

export interface NonceUse {
  readonly nonce: string;
  /** RFC 7616 3.4: how often the client has used it, this time included. */
  readonly nc: number;
  /** Where the request came from. */
  readonly address: string;
}

const lifetimeMs = 5 * 60_000;
const randomOctets = 9;
const macOctets = 18;
const mostInUse = 20_000;
const nonceCharacters = Math.ceil(((6 + randomOctets + macOctets) * 4) / 3);

/**
 * The nonces that phones log in with. RFC 7616 3.3: each holds its own moment and is for one address, under a secret of ours: handing
 * one out costs no memory, and who forges another's address never sees one that is good for it. Remembered are those that a right
 * password has come with, and their count: what was heard on the wire is good for nothing.
 */
export class Nonces {
  readonly #random: Random;
  readonly #secret: Uint8Array;
  /** The highest `nc` that each has come with, and when it was made; the one that was used first is first. */
  readonly #inUse = new Map<string, { readonly nc: number; readonly madeAtMs: number }>();
  /** What was made up to here is stale: it may have been used, and forgotten since. */
  #forgottenThroughMs = -1;

  constructor(random: Random) {
    this.#random = random;
    this.#secret = random.bytes(32);
  }

  issue(address: string, nowMs: number): string {
    const head = Buffer.alloc(6 + randomOctets);
    head.writeUIntBE(nowMs, 0, 6);
    head.set(this.#random.bytes(randomOctets), 6);
    return Buffer.concat([head, this.#mac(head, address)]).toString("base64url");
  }

  /** RFC 7616 3.3: one that is not ours, for another address, too old, or used with this `nc` or a higher one, is stale. */
  judge(use: NonceUse, nowMs: number): NonceVerdict {
    const madeAtMs = this.#madeAtMs(use);
    if (madeAtMs === undefined || madeAtMs <= this.#forgottenThroughMs) return "stale";
    // A wall clock that was set back makes the age negative.
    if (nowMs - madeAtMs > lifetimeMs || madeAtMs > nowMs) return "stale";
    return use.nc > (this.#inUse.get(use.nonce)?.nc ?? 0) ? "good" : "stale";
  }

  /** A right password came with it: this `nc` and those below it are used up. */
  spend(use: NonceUse, nowMs: number): void {
    this.#inUse.set(use.nonce, { nc: use.nc, madeAtMs: this.#madeAtMs(use) ?? nowMs });
    for (const [nonce, { madeAtMs }] of this.#inUse) {
      if (this.#inUse.size <= mostInUse && nowMs - madeAtMs <= lifetimeMs) return;
      this.#inUse.delete(nonce);
      this.#forgottenThroughMs = Math.max(this.#forgottenThroughMs, madeAtMs);
    }
  }

  #madeAtMs({ nonce, address }: NonceUse): number | undefined {
    if (nonce.length !== nonceCharacters) return undefined;
    const octets = Buffer.from(nonce, "base64url");
    const head = octets.subarray(0, 6 + randomOctets);
    const mac = octets.subarray(head.length);
    const isOurs = mac.length === macOctets && timingSafeEqual(mac, this.#mac(head, address));
    return isOurs ? head.readUIntBE(0, 6) : undefined;
  }

  #mac(head: Uint8Array, address: string): Uint8Array {
    return createHmac("sha256", this.#secret).update(head).update(address).digest().subarray(0, macOctets);
  }
}
