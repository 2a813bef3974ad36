import type { Digit } from "#contract/telecom.ts";
import { octet, sequenceDistance, timestampDistance } from "./rtp.ts";

/** RFC 4733 2.3: event, end bit and volume, duration in timestamp units (8 a millisecond here). */
export interface TelephoneEvent {
  event: number;
  end: boolean;
  duration: number;
}

export const telephoneEventLength = 4;
const unitsPerMs = 8;
const digits = "0123456789*#ABCD";

/** Reads one event's payload into `into`; false when it is too short. Octets after the fourth are other events' (2.5.1.2), and are left alone. */
export function readTelephoneEvent(
  packet: Buffer,
  range: { payloadStart: number; payloadEnd: number },
  into: TelephoneEvent,
): boolean {
  const at = range.payloadStart;
  if (range.payloadEnd - at < telephoneEventLength) return false;
  into.event = octet(packet, at);
  into.end = (octet(packet, at + 1) & 0x80) !== 0;
  into.duration = (octet(packet, at + 2) << 8) | octet(packet, at + 3);
  return true;
}

export function writeTelephoneEvent(packet: Buffer, at: number, event: Readonly<TelephoneEvent>): void {
  packet[at] = event.event;
  packet[at + 1] = (event.end ? 0x80 : 0) | 10; // -10 dBm0, the volume that gateways use.
  packet[at + 2] = event.duration >>> 8;
  packet[at + 3] = event.duration;
}

/** The event code of a digit (RFC 4733 3.2). */
export function eventOf(digit: Digit): number {
  return digits.indexOf(digit);
}

export function digitOf(event: number): Digit | undefined {
  return digits[event] as Digit | undefined;
}

/** What the receiver tells: a key goes down, a key has come up. Each once a key press. */
export interface KeyListener {
  began(digit: Digit): void;
  ended(digit: Digit, durationMs: number): void;
}

/**
 * Hears key presses in telephone-event packets (RFC 4733 2.5.2), whatever is lost, doubled or late.
 *
 * ```
 *            packet of a new event              end bit, or no packet for 150 ms,
 *            (unless it is the end: both)       or a packet of the next event
 *   idle ─────────────────────────────> down ───────────────────────────────────> idle
 *                                       │ ^
 *                                       └─┘ packet of the same event: duration grows
 * ```
 *
 * An event is known by its timestamp. For half a second after its last packet, packets with its timestamp or an earlier one
 * are its late repetitions. After that they are a new key press, because senders exist that replay the same recorded event;
 * but not those that the sender numbered after all that we have of it, with no marker to begin another: the network held
 * them up.
 */
export class TelephoneEventReceiver {
  readonly #listener: KeyListener;
  #down = false;
  #digit: Digit | undefined;
  #event = -1;
  #timestamp = 0;
  #sequence = 0;
  #longest = 0;
  /** Duration of the segments before this one, of an event longer than 65,535 units (RFC 4733 2.5.1.3). */
  #before = 0;
  #lastPacketMs = Number.NEGATIVE_INFINITY;

  constructor(listener: KeyListener) {
    this.#listener = listener;
  }

  /** True while a key is held, as far as packets tell. */
  get down(): boolean {
    return this.#down;
  }

  get lastPacketMs(): number {
    return this.#lastPacketMs;
  }

  packet(
    event: Readonly<TelephoneEvent>,
    rtp: { readonly timestamp: number; readonly sequence: number; readonly marker: boolean },
    nowMs: number,
  ): void {
    const digit = digitOf(event.event);
    // Flash, fax and modem tones are events too (0-16 are negotiated), but no digits.
    if (digit === undefined) return;

    const recent = nowMs - this.#lastPacketMs < lateMs;
    const distance = timestampDistance(rtp.timestamp, this.#timestamp);
    const heldUp = !rtp.marker && sequenceDistance(rtp.sequence, this.#sequence) > 0;
    if ((recent || heldUp) && distance === 0 && event.event === this.#event) {
      this.#lastPacketMs = nowMs;
      this.#noteSequence(rtp.sequence);
      if (this.#down) this.#grow(event);
      return;
    }
    if (
      recent &&
      distance < 0 &&
      distance > -reorderUnits &&
      sequenceDistance(rtp.sequence, this.#sequence) < 0
    )
      return;
    if (this.#down && event.event === this.#event && !rtp.marker && this.#endsSegment(distance)) {
      this.#before += distance;
      this.#longest = 0;
      this.#timestamp = rtp.timestamp;
      this.#lastPacketMs = nowMs;
      this.#noteSequence(rtp.sequence);
      this.#grow(event);
      return;
    }

    // RFC 4733 2.5.2.2: a new event ends the one before it, even if its end was never seen.
    this.#finish();
    this.#down = true;
    this.#digit = digit;
    this.#event = event.event;
    this.#timestamp = rtp.timestamp;
    this.#sequence = rtp.sequence;
    this.#longest = 0;
    this.#before = 0;
    this.#lastPacketMs = nowMs;
    this.#listener.began(digit);
    this.#grow(event);
  }

  /** Ends a key press whose end packets were all lost. Call it now and then (each 20 ms tick). */
  tick(nowMs: number): void {
    if (this.#down && nowMs - this.#lastPacketMs >= lostEndMs) this.#finish();
  }

  /**
   * RFC 4733 2.5.1.3: the next segment of a long event begins where this one ends, and that is after 0xFFFF units; the packet
   * that says so may be lost. Some senders end it earlier.
   */
  #endsSegment(distance: number): boolean {
    return distance === longestSegment || (distance === this.#longest && distance > 32_767);
  }

  #grow(event: Readonly<TelephoneEvent>): void {
    this.#longest = Math.max(this.#longest, event.duration);
    if (event.end) this.#finish();
  }

  #noteSequence(sequence: number): void {
    if (sequenceDistance(sequence, this.#sequence) > 0) this.#sequence = sequence;
  }

  #finish(): void {
    if (!this.#down || this.#digit === undefined) return;
    this.#down = false;
    this.#listener.ended(this.#digit, Math.round((this.#before + this.#longest) / unitsPerMs));
  }
}

const lostEndMs = 150;
const lateMs = 500;
const longestSegment = 0xffff;
const reorderUnits = 4_000;
