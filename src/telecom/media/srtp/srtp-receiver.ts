import { longestRtpPacket, octet, rtpHeaderLength, word } from "../rtp.ts";
import { type CryptoSuite, deriveSessionKeys, longestTag, tagLengthOf } from "./crypto-suite.ts";
import { PacketCipher } from "./packet-cipher.ts";
import { PacketIndex } from "./packet-index.ts";
import { timingSafeEqual } from "node:crypto";

/**
 * Opens the far end's packets under its one master key. Nothing of a packet is kept before its tag was found right; each
 * SSRC that was authentic has its own rollover counter and replay window (RFC 3711 3.2.3).
 */
export class SrtpReceiver {
  readonly #rtp: PacketCipher;
  readonly #rtcp: PacketCipher;
  readonly #tagLength: number;
  readonly #sources = new Map<number, PacketIndex>();
  readonly #rtcpSources = new Map<number, PacketIndex>();
  readonly #before: SrtpReceiver | undefined;

  /** @param before opened what came under the key before this one */
  constructor(suite: CryptoSuite, material: Uint8Array, before?: SrtpReceiver) {
    this.#before = before;
    this.#rtp = new PacketCipher(deriveSessionKeys(material, "srtp"));
    this.#rtcp = new PacketCipher(deriveSessionKeys(material, "srtcp"));
    this.#tagLength = tagLengthOf(suite);
  }

  /**
   * Opens `packet[0..length)` in place.
   * @returns the RTP packet's length; -1, with the octets as they were, when it is not authentic or came before
   */
  rtp(packet: Buffer, length: number): number {
    const end = length - this.#tagLength;
    const start = end > longestRtpPacket ? -1 : payloadStart(packet, end);
    if (start < 0) return -1;
    const ssrc = word(packet, 8);
    const known = this.#sources.get(ssrc);
    const opened = this.#open(packet, { start, end, length }, known ?? new PacketIndex());
    if (opened >= 0 || known !== undefined) return opened;
    // RFC 3711 3.3.1: over a change of keys the rollover counter goes on. Many begin at zero all the same, and the tag tells.
    const before = this.#before === undefined ? undefined : this.#before.#sources.get(ssrc);
    return before === undefined ? -1 : this.#open(packet, { start, end, length }, before.continued());
  }

  /** Each source that was authentic, and its highest index. */
  get sources(): readonly (readonly [ssrc: number, index: number])[] {
    return Array.from(this.#sources, ([ssrc, index]) => [ssrc, index.highest] as const);
  }

  continueFrom(sources: readonly (readonly [ssrc: number, index: number])[]): void {
    for (const [ssrc, index] of sources) keep(this.#sources, ssrc, PacketIndex.from(index));
  }

  #open(
    packet: Buffer,
    { start, end, length }: { start: number; end: number; length: number },
    source: PacketIndex,
  ): number {
    const ssrc = word(packet, 8);
    const index = source.estimate((octet(packet, 2) << 8) | octet(packet, 3));
    if (!source.isNew(index)) return -1;
    const tag = this.#rtp.tag(packet, end, Math.floor(index / 0x1_0000));
    if (!isTag(packet.subarray(end, length), tag)) return -1;
    if (!keep(this.#sources, ssrc, source)) return -1;
    source.take(index);
    this.#rtp.apply(packet, { start, end }, ssrc, index);
    return end;
  }

  /** The same for SRTCP (RFC 3711 3.4). */
  rtcp(packet: Buffer, length: number): number {
    const trailer = length - longestTag - 4;
    if (trailer < 8 || trailer > longestRtpPacket || length > packet.length) return -1;
    const told = word(packet, trailer);
    const index = told & 0x7fff_ffff;
    const ssrc = word(packet, 4);
    const source = this.#rtcpSources.get(ssrc) ?? new PacketIndex();
    if (!source.isNew(index)) return -1;
    if (!isTag(packet.subarray(trailer + 4, length), this.#rtcp.tag(packet, trailer + 4))) return -1;
    if (!keep(this.#rtcpSources, ssrc, source)) return -1;
    source.take(index);
    if (told !== index) this.#rtcp.apply(packet, { start: 8, end: trailer }, ssrc, index);
    return trailer;
  }
}

/** RFC 3711 3.1: header, CSRCs and extension are in the clear. -1 when they do not fit. */
function payloadStart(packet: Buffer, end: number): number {
  if (end < rtpHeaderLength || end > packet.length || octet(packet, 0) >> 6 !== 2) return -1;
  let start = rtpHeaderLength + (octet(packet, 0) & 0x0f) * 4;
  if ((octet(packet, 0) & 0x10) !== 0) {
    if (start + 4 > end) return -1;
    start += 4 + ((octet(packet, start + 2) << 8) | octet(packet, start + 3)) * 4;
  }
  return start > end ? -1 : start;
}

function isTag(told: Buffer, right: Buffer): boolean {
  return timingSafeEqual(told, right.subarray(0, told.length));
}

/** A source that was forgotten could be replayed: who has the key and changes its SSRC without end is not heard on. */
function keep(sources: Map<number, PacketIndex>, ssrc: number, source: PacketIndex): boolean {
  if (!sources.has(ssrc) && sources.size >= mostSources) return false;
  sources.set(ssrc, source);
  return true;
}

const mostSources = 64;
