import { TandemError } from "#base/errors.ts";
import type { Random } from "#base/random.ts";
import type { Receive, RtpSocket, RtpSockets } from "./rtp-sockets.ts";

/** Both ends included. RTP takes the even port, RTCP the odd one after it (RFC 3550 11). */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export interface PortPair {
  readonly rtp: RtpSocket;
  readonly rtcp: RtpSocket;
}

/** Hands out pairs of a range, beginning at a random place so that the next call's ports cannot be told from the last one's. */
export class PortPairs {
  readonly #sockets: RtpSockets;
  readonly #random: Random;
  readonly #firstEven: number;
  readonly #count: number;
  readonly #taken = new Set<number>();

  constructor(range: PortRange, sockets: RtpSockets, random: Random) {
    this.#sockets = sockets;
    this.#random = random;
    this.#firstEven = range.first + (range.first % 2);
    this.#count = Math.max(0, Math.floor((range.last - this.#firstEven + 1) / 2));
  }

  figures(): { readonly used: number; readonly all: number } {
    return { used: this.#taken.size, all: this.#count };
  }

  /** @throws TandemError MEDIA_EXHAUSTED when no pair is free, or the address is none of this machine's. */
  async bind(wish: { address: string; rtp: Receive; rtcp: Receive }): Promise<PortPair> {
    let lastError: unknown;
    const begin = this.#count === 0 ? 0 : this.#random.integer(this.#count);
    for (let tried = 0; tried < this.#count; tried += 1) {
      const port = this.#firstEven + ((begin + tried) % this.#count) * 2;
      const key = port;
      if (this.#taken.has(key)) continue;
      this.#taken.add(key);
      try {
        return await this.#bindPair(port, wish);
      } catch (error) {
        this.#taken.delete(key);
        lastError = error;
        // Another program has this pair: the next one. Any other error would meet us at every pair.
        if (!isAddressInUse(error)) break;
      }
    }
    throw new TandemError("MEDIA_EXHAUSTED", { address: wish.address, pairs: this.#count }, lastError);
  }

  /** That very pair, for a session that has it already. Rejects with the system's error when another program took it. */
  async bindAt(port: number, wish: { address: string; rtp: Receive; rtcp: Receive }): Promise<PortPair> {
    this.#taken.add(port);
    try {
      return await this.#bindPair(port, wish);
    } catch (error) {
      this.#taken.delete(port);
      throw error;
    }
  }

  async #bindPair(port: number, wish: { address: string; rtp: Receive; rtcp: Receive }): Promise<PortPair> {
    const rtp = await this.#sockets.bind({ address: wish.address, port, receive: wish.rtp });
    try {
      const rtcp = await this.#sockets.bind({ address: wish.address, port: port + 1, receive: wish.rtcp });
      return { rtp, rtcp };
    } catch (error) {
      await rtp.close();
      throw error;
    }
  }

  async release(pair: PortPair): Promise<void> {
    await Promise.all([pair.rtp.close(), pair.rtcp.close()]);
    this.#taken.delete(pair.rtp.port);
  }
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}
