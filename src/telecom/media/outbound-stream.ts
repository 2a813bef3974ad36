import type { Random } from "#base/random.ts";
import { rtpHeaderLength, type RtpView, sequenceDistance, timestampDistance, writeRtpHeader } from "./rtp.ts";

/** Samples in 20 ms, and timestamp units too. */
export const frameSamples = 160;
const samplesPerMs = 8;

/**
 * The RTP stream towards one phone: one SSRC, and sequence numbers and timestamps that go on without a break, whatever
 * stands behind them: frames of our own, or packets of another phone passed on.
 *
 * Passed-on packets keep the distances that they came with (so loss and reordering stay visible, and a jitter buffer can do
 * its work); the distance between the two streams is set anew whenever the source changes.
 */
export class OutboundStream {
  readonly #random: Random;
  ssrc: number;
  /** Highest sent so far, and when that timestamp was. */
  #sequence: number;
  #timestamp: number;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  /** The timestamp after the last sample that was sent: nothing new begins before it. */
  #end: number;

  #source: object | undefined;
  #sourceSsrc = 0;
  #sourceFirst = 0;
  #sourceSequence = 0;
  #sequenceOffset = 0;
  #timestampOffset = 0;

  /** Of this SSRC, as sender reports count them. */
  packets = 0;
  octets = 0;
  #packetsBefore = 0;

  // One header is written over for each packet: the relay makes no garbage.
  readonly #header = { payloadType: 0, marker: false, sequence: 0, timestamp: 0, ssrc: 0 };

  /** @param from where a stream goes on that another process began: what may have left it by then is passed over */
  constructor(random: Random, from?: StreamMark) {
    this.#random = random;
    this.ssrc = from?.ssrc ?? random.integer(2 ** 32);
    this.#sequence = from === undefined ? this.#firstSequence() : (from.sequence + reservedPackets) & 0xffff;
    this.#timestamp = from?.timestamp ?? random.integer(2 ** 32);
    this.#end = this.#timestamp;
    this.#header.ssrc = this.ssrc;
  }

  /** Where it stands. It is noted again before `reservedPackets` more have left. */
  markAt(nowMs: number): StreamMark {
    return { ssrc: this.ssrc, sequence: this.#sequence, timestamp: this.timestampAt(nowMs) };
  }

  /** How many packets it is beyond that sequence number. */
  beyond({ sequence }: StreamMark): number {
    return sequenceDistance(this.#sequence, sequence);
  }

  /** Goes on as another SSRC. To a far end that got it under another key this is a source that it has never heard. */
  becomeAnother(): void {
    this.ssrc = this.#random.integer(2 ** 32);
    this.#header.ssrc = this.ssrc;
    this.#sequence = this.#firstSequence();
    // The distance to the partner's packets is set anew.
    this.#source = undefined;
    this.#packetsBefore += this.packets;
    this.packets = 0;
    this.octets = 0;
  }

  get allPackets(): number {
    return this.#packetsBefore + this.packets;
  }

  /** RFC 3711 3.3.1: below 2^15, so that no loss at the beginning can hide the first rollover from the far end. */
  #firstSequence(): number {
    return this.#random.integer(2 ** 15);
  }

  /** The timestamp that a sample of `nowMs` has (RFC 3550 6.4.1: what a sender report pairs with the wall clock). */
  timestampAt(nowMs: number): number {
    const passed = Number.isFinite(this.#sentAtMs) ? nowMs - this.#sentAtMs : 0;
    return (this.#timestamp + passed * samplesPerMs) >>> 0;
  }

  /**
   * Writes the header of a frame of our own, `rtpHeaderLength` octets at the start of `packet`.
   * @param frame.timestamp given for telephone-events alone, whose packets share the timestamp of their beginning
   * @returns the frame's timestamp
   */
  frame(
    packet: Buffer,
    frame: { payloadType: number; marker: boolean; octets: number; nowMs: number; timestamp?: number },
  ): number {
    const continued = this.#source === undefined;
    this.#source = undefined;
    const timestamp = frame.timestamp ?? this.#nextTimestamp(frame.nowMs, continued);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    if (timestampDistance(timestamp, this.#timestamp) > 0) this.#timestamp = timestamp;
    this.#sentAtMs = frame.nowMs;
    this.#end = (this.#timestamp + frameSamples) >>> 0;
    this.#write(packet, 0, frame, timestamp, this.#sequence);
    this.#count(frame.octets);
    return timestamp;
  }

  /**
   * Lets time pass while an event is sent: the audio after it goes on where it would be without it (RFC 4733 2.5.1.2).
   */
  skipFrame(): void {
    this.#timestamp = (this.#timestamp + frameSamples) >>> 0;
  }

  /**
   * Rewrites a packet of `source` in place, its new header right before its payload.
   * @param passed.units how long it lasts, in timestamp units: a telephone-event from its beginning
   * @returns where the packet starts now; -1 when it is older than the change to this source, and must not be sent
   */
  pass(
    packet: Buffer,
    view: RtpView,
    passed: { source: object; payloadType: number; units: number; nowMs: number },
  ): number {
    const changed = this.#source !== passed.source || this.#sourceSsrc !== view.ssrc;
    const jumped = !changed && Math.abs(sequenceDistance(view.sequence, this.#sourceSequence)) > mostMissing;
    const begins = changed || jumped;
    if (begins) {
      const timestamp = this.#nextTimestamp(passed.nowMs, false);
      this.#source = passed.source;
      this.#sourceSsrc = view.ssrc;
      this.#sourceFirst = view.sequence;
      this.#sourceSequence = view.sequence;
      this.#sequenceOffset = this.#sequence + 1 - view.sequence;
      this.#timestampOffset = timestamp - view.timestamp;
    } else if (sequenceDistance(view.sequence, this.#sourceSequence) > 0) {
      this.#sourceSequence = view.sequence;
      // A source that runs for hours must not see its first packet come round again.
      if (sequenceDistance(view.sequence, this.#sourceFirst) > 16_384)
        this.#sourceFirst = view.sequence - 8_192;
    } else if (sequenceDistance(view.sequence, this.#sourceFirst) < 0) {
      return -1;
    }

    const sequence = (view.sequence + this.#sequenceOffset) & 0xffff;
    const timestamp = (view.timestamp + this.#timestampOffset) >>> 0;
    if (sequenceDistance(sequence, this.#sequence) > 0) this.#sequence = sequence;
    // The packets of an event say its beginning again and again: that moment is the first one's.
    if (begins || timestampDistance(timestamp, this.#timestamp) > 0) {
      this.#timestamp = timestamp;
      this.#sentAtMs = passed.nowMs;
    }
    this.#end = later(this.#end, (timestamp + passed.units) >>> 0);

    const start = view.payloadStart - rtpHeaderLength;
    this.#header.payloadType = passed.payloadType;
    this.#header.marker = begins || view.marker;
    this.#header.sequence = sequence;
    this.#header.timestamp = timestamp;
    writeRtpHeader(packet, start, this.#header);
    this.#count(view.payloadEnd - view.payloadStart);
    return start;
  }

  /** Right after what was sent; later when nothing was for a while, so that a pause is a pause in the far end's ear too. */
  #nextTimestamp(nowMs: number, continued: boolean): number {
    const missedMs = Number.isFinite(this.#sentAtMs) ? nowMs - this.#sentAtMs : 0;
    // The wheel ticks a few ms early or late; within one run of frames only a real pause counts.
    if (missedMs < (continued ? pauseMs : 40)) return this.#end;
    return later(this.#end, (this.#timestamp + Math.floor(missedMs / 20) * frameSamples) >>> 0);
  }

  #write(
    packet: Buffer,
    at: number,
    { payloadType, marker }: { payloadType: number; marker: boolean },
    timestamp: number,
    sequence: number,
  ): void {
    this.#header.payloadType = payloadType;
    this.#header.marker = marker;
    this.#header.sequence = sequence;
    this.#header.timestamp = timestamp;
    writeRtpHeader(packet, at, this.#header);
  }

  #count(octets: number): void {
    this.packets += 1;
    this.octets = (this.octets + octets) >>> 0;
  }
}

/** Of a stream towards a phone, for the process that goes on with it. */
export interface StreamMark {
  readonly ssrc: number;
  /** Highest sent. */
  readonly sequence: number;
  /** The timestamp that a sample of this moment has. */
  readonly timestamp: number;
}

/** The timestamp so much later. */
export function timestampAfter(timestamp: number, passedMs: number): number {
  return (timestamp + Math.max(0, Math.floor(passedMs)) * samplesPerMs) >>> 0;
}

/**
 * A stream that goes on after its process died leaves out so many numbers, which the far end takes for lost packets: fewer than
 * would make it begin anew (RFC 3550 A.1: MAX_DROPOUT, 3,000), more than are sent between two marks.
 */
export const reservedPackets = 500;

function later(one: number, other: number): number {
  return timestampDistance(one, other) > 0 ? one : other;
}

const pauseMs = 100;
// RFC 3550 A.1: MAX_DROPOUT. A greater jump is a source that began anew.
const mostMissing = 3_000;
