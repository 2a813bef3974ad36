import { octet, word, writeWord } from "../rtp.ts";
import { type CryptoSuite, deriveSessionKeys, longestTag, tagLengthOf } from "./crypto-suite.ts";
import { PacketCipher } from "./packet-cipher.ts";
import { PacketIndex } from "./packet-index.ts";

/** Octets by which a packet grows at most: SRTCP's index and tag (RFC 3711 3.4). */
export const longestSrtpTrailer = 4 + longestTag;

/** Protects our packets under one master key, of one SSRC after the other: an SSRC that was left does not come back. */
export class SrtpSender {
  readonly #rtp: PacketCipher;
  readonly #rtcp: PacketCipher;
  readonly #tagLength: number;
  #ssrc = -1;
  #index = new PacketIndex();
  #rtcpIndex = 0;

  constructor(suite: CryptoSuite, material: Uint8Array) {
    this.#rtp = new PacketCipher(deriveSessionKeys(material, "srtp"));
    this.#rtcp = new PacketCipher(deriveSessionKeys(material, "srtcp"));
    this.#tagLength = tagLengthOf(suite);
  }

  /**
   * Protects an RTP packet of ours (a header of 12 octets) in `packet[0..length)`; behind it is room for the tag.
   * @returns its new length; -1 when its sequence number was sent before. RFC 3711 9.1: two packets under one index would
   *   tell their difference.
   */
  rtp(packet: Buffer, length: number): number {
    const ssrc = word(packet, 8);
    if (ssrc !== this.#ssrc) {
      this.#ssrc = ssrc;
      this.#index = new PacketIndex();
    }
    const index = this.#index.estimate((octet(packet, 2) << 8) | octet(packet, 3));
    if (!this.#index.isNew(index)) return -1;
    this.#index.take(index);
    this.#rtp.apply(packet, { start: 12, end: length }, ssrc, index);
    this.#rtp.tag(packet, length, Math.floor(index / 0x1_0000)).copy(packet, length, 0, this.#tagLength);
    return length + this.#tagLength;
  }

  /** Protects a compound RTCP packet in `packet[0..length)`; returns its new length. */
  rtcp(packet: Buffer, length: number): number {
    const index = this.#rtcpIndex;
    this.#rtcpIndex = (this.#rtcpIndex + 1) % 0x8000_0000;
    this.#rtcp.apply(packet, { start: 8, end: length }, word(packet, 4), index);
    writeWord(packet, length, (index | encrypted) >>> 0);
    this.#rtcp.tag(packet, length + 4).copy(packet, length + 4, 0, longestTag);
    return length + 4 + longestTag;
  }
}

/** RFC 3711 3.4: the E flag before the 31 bits of index. */
const encrypted = 0x8000_0000;
