import { sequenceDistance } from "../rtp.ts";

/**
 * The 48-bit packet index of one SSRC (RFC 3711 3.3.1), and which of the last indices were taken (3.3.2).
 * `estimate` believes nothing; `take` is for packets that are authentic, or ours.
 */
export class PacketIndex {
  #highest = -1;
  /** Bit n of word n / 32: `#highest - n` was taken. */
  #taken = [0, 0, 0, 0];

  /**
   * RFC 3711 appendix A: the index nearest to the highest one so far.
   * @returns -1 for a packet of before the first wrap, which there cannot be
   */
  estimate(sequence: number): number {
    if (this.#highest < 0) return sequence;
    return Math.max(-1, this.#highest + sequenceDistance(sequence, this.#highest & 0xffff));
  }

  /** False for what was taken before, and for what is too old to be told. */
  isNew(index: number): boolean {
    const age = this.#highest - index;
    if (index < 0 || age >= windowSize) return false;
    return age < 0 || ((this.#taken[age >> 5] ?? 0) & (1 << (age & 31))) === 0;
  }

  take(index: number): void {
    const ahead = index - this.#highest;
    if (ahead > 0) {
      this.#shift(ahead);
      this.#highest = index;
    }
    const age = this.#highest - index;
    this.#taken[age >> 5] = (this.#taken[age >> 5] ?? 0) | (1 << (age & 31));
  }

  /** The same place in the row, of packets under another key: none of them was taken. */
  continued(): PacketIndex {
    return PacketIndex.from(this.#highest);
  }

  /** Where another process left it: what it took of the last ones is not known. */
  static from(highest: number): PacketIndex {
    const index = new PacketIndex();
    index.#highest = highest;
    return index;
  }

  get highest(): number {
    return this.#highest;
  }

  #shift(by: number): void {
    const words = Math.min(by >> 5, windowWords);
    const bits = by & 31;
    for (let at = windowWords - 1; at >= 0; at -= 1) {
      const high = this.#taken[at - words] ?? 0;
      const low = this.#taken[at - words - 1] ?? 0;
      this.#taken[at] = bits === 0 ? high : (high << bits) | (low >>> (32 - bits));
    }
  }
}

const windowWords = 4;
const windowSize = windowWords * 32;
