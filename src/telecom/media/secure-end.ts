import { type CryptoAttribute, type CryptoPair, sameKey } from "../sdp/crypto-attribute.ts";
import { longestRtpPacket } from "./rtp.ts";
import { SrtpReceiver } from "./srtp/srtp-receiver.ts";
import { longestSrtpTrailer, SrtpSender } from "./srtp/srtp-sender.ts";

/** A termination's SRTP and SRTCP, both ways, under whatever keys were agreed on last. */
export class SecureEnd {
  /** By our key: one that comes back goes on where it was, and puts no second packet under one index. */
  readonly #senders = new WeakMap<Uint8Array, SrtpSender>();
  #sender: SrtpSender | undefined;
  #theirs: CryptoAttribute | undefined;
  #receiver: SrtpReceiver | undefined;
  /** Under their key before, until something came under the new one. */
  #former: SrtpReceiver | undefined;
  /** A few in turn: a socket that cannot send at once may still read the last one. */
  readonly #buffers = Array.from({ length: 4 }, () => Buffer.alloc(longestRtpPacket + longestSrtpTrailer));
  #turn = 0;

  /** @returns true when our stream towards the far end must go on under another SSRC */
  agreed({ ours, theirs }: CryptoPair): boolean {
    if (this.#theirs === undefined || !sameKey(this.#theirs, theirs)) {
      this.#former = this.#receiver;
      this.#receiver = new SrtpReceiver(theirs.suite, theirs.material, this.#former);
      this.#theirs = theirs;
    }
    const before = this.#sender;
    const known = this.#senders.get(ours.material);
    this.#sender = known ?? new SrtpSender(ours.suite, ours.material);
    this.#senders.set(ours.material, this.#sender);
    // RFC 3711 3.3.1 keeps the rollover counter over a change of keys, RFC 4568 7.1.4 sets it to zero where the far end may be
    // another, and telephones do either. Of a source that was never heard before it is zero for everybody.
    return before !== undefined && known === undefined;
  }

  /** Goes on under keys that another process had, where the far end's sources have got so far. */
  resume({ ours, theirs }: CryptoPair, sources: SrtpReceiver["sources"]): void {
    this.#receiver = new SrtpReceiver(theirs.suite, theirs.material);
    this.#receiver.continueFrom(sources);
    this.#theirs = theirs;
    this.#sender = new SrtpSender(ours.suite, ours.material);
    this.#senders.set(ours.material, this.#sender);
  }

  get sources(): SrtpReceiver["sources"] {
    return this.#receiver?.sources ?? [];
  }

  /** What protected packets stand in, from its first octet, until the fourth one after them. */
  get protected(): Buffer {
    return this.#buffers[this.#turn] ?? Buffer.alloc(longestRtpPacket + longestSrtpTrailer);
  }

  /** @returns the length of what stands in `protected` now; -1 when it must not be sent */
  protectRtp(packet: Buffer, range: { start: number; end: number }): number {
    return this.#sender?.rtp(this.#next(packet, range), range.end - range.start) ?? -1;
  }

  /** The same for a compound RTCP packet, `packet[0..length)`. */
  protectRtcp(packet: Buffer, length: number): number {
    return this.#sender?.rtcp(this.#next(packet, { start: 0, end: length }), length) ?? -1;
  }

  /** Opens `packet[0..length)` in place. @returns -1 when it is not authentic, or came before */
  openRtp(packet: Buffer, length: number): number {
    const opened = this.#receiver?.rtp(packet, length) ?? -1;
    if (opened >= 0) this.#former = undefined;
    // Sent before the far end knew our answer to its new key.
    else if (this.#former !== undefined) return this.#former.rtp(packet, length);
    return opened;
  }

  openRtcp(packet: Buffer, length: number): number {
    return this.#receiver?.rtcp(packet, length) ?? -1;
  }

  #next(packet: Buffer, { start, end }: { start: number; end: number }): Buffer {
    this.#turn = (this.#turn + 1) % this.#buffers.length;
    const next = this.protected;
    packet.copy(next, 0, start, end);
    return next;
  }
}
