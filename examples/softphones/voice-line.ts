import { createSocket, type Socket } from "node:dgram";
import { randomInt } from "node:crypto";
import { systemClock } from "#base/clock.ts";
import type { Digit } from "#contract/telecom.ts";
import { aLawSamples, muLawSamples, muLawToALaw } from "#telecom/media/g711.ts";
import { makeRtpView, readRtp, rtpHeaderLength, writeRtpHeader } from "#telecom/media/rtp.ts";
import {
  eventOf,
  telephoneEventLength,
  TelephoneEventReceiver,
  writeTelephoneEvent,
} from "#telecom/media/telephone-event.ts";
import type { Agreement } from "./description.ts";
import { dualTone } from "./touch-tone.ts";
import { frame, type Voice } from "./voice.ts";

const frameMs = 20;
const keyFrames = 5;
const pauseFrames = 5;
const longestGapSamples = 8000;

export interface VoiceListener {
  audio(pcm: Int16Array): void;
  digit(digit: Digit): void;
}

/** The sounding half of a phone: one RTP socket, G.711 out each 20 ms, and what comes in decoded. RTCP is not sent. */
export class VoiceLine {
  readonly port: number;
  readonly #socket: Socket;
  readonly #voice: Voice;
  readonly #listener: VoiceListener;
  readonly #keys: TelephoneEventReceiver;
  readonly #view = makeRtpView();
  readonly #ssrc = randomInt(2 ** 32 - 1);
  #agreement: Agreement | undefined;
  #sequence = randomInt(2 ** 16);
  #timestamp = randomInt(2 ** 31);
  #first = true;
  #expectedTimestamp: number | undefined;
  #toPress: (Digit | "w")[] = [];
  #pressing: { readonly digit: Digit; frames: number; readonly timestamp: number } | undefined;
  #rest = 0;
  #cancel: (() => void) | undefined;
  packetsIn = 0;
  packetsOut = 0;

  private constructor(socket: Socket, voice: Voice, listener: VoiceListener) {
    this.#socket = socket;
    this.#voice = voice;
    this.#listener = listener;
    this.#keys = new TelephoneEventReceiver({ began: () => {}, ended: (digit) => listener.digit(digit) });
    this.port = socket.address().port;
    socket.on("message", (packet, from) => this.#receive(packet, from.address, from.port));
  }

  static async open(wish: { address: string; voice: Voice; listener: VoiceListener }): Promise<VoiceLine> {
    const socket = createSocket(wish.address.includes(":") ? "udp6" : "udp4");
    await new Promise<void>((bound, failed) => {
      socket.once("error", failed);
      socket.bind(0, wish.address, bound);
    });
    socket.on("error", () => {});
    return new VoiceLine(socket, wish.voice, wish.listener);
  }

  /** From now on with this far end; said again after a re-INVITE. */
  agree(agreement: Agreement): void {
    this.#agreement = agreement;
    if (this.#cancel === undefined) this.#tickFrom(systemClock.now());
  }

  press(digits: readonly (Digit | "w")[]): void {
    this.#toPress.push(...digits.slice(0, 100));
  }

  close(): void {
    this.#cancel?.();
    this.#socket.close();
  }

  /** By absolute moments: a late tick is followed by an early one, so the stream does not drift. */
  #tickFrom(startMs: number, ticks = 1): void {
    this.#cancel = systemClock.at(startMs + ticks * frameMs, () => {
      this.#send();
      this.#keys.tick(systemClock.now());
      this.#tickFrom(startMs, ticks + 1);
    });
  }

  #send(): void {
    const agreement = this.#agreement;
    this.#timestamp = (this.#timestamp + frame) >>> 0;
    if (agreement === undefined || !agreement.sends) return;
    if (this.#pressing === undefined && this.#rest > 0) this.#rest -= 1;
    else if (this.#pressing === undefined && this.#toPress.length > 0) this.#startKey();
    const { telephoneEvent } = agreement;
    if (this.#pressing !== undefined && telephoneEvent !== undefined)
      return this.#sendKey(agreement, telephoneEvent);
    const payload = this.#pressing === undefined ? this.#voice.next() : this.#nextTone(this.#pressing);
    if (agreement.codec === "PCMA")
      for (const [at, octet] of payload.entries()) payload[at] = muLawToALaw[octet] ?? 0xd5;
    this.#packet(agreement, { payloadType: agreement.payloadType, timestamp: this.#timestamp, payload });
  }

  #startKey(): void {
    const key = this.#toPress.shift();
    if (key === undefined) return;
    if (key === "w") this.#rest = 25;
    else this.#pressing = { digit: key, frames: 0, timestamp: this.#timestamp };
  }

  /** RFC 4733 2.5.1: one event at one timestamp, its duration growing; the end is sent three times. */
  #sendKey(agreement: Agreement, payloadType: number): void {
    const key = this.#pressing;
    if (key === undefined) return;
    key.frames += 1;
    const end = key.frames >= keyFrames;
    for (let copy = 0; copy < (end ? 3 : 1); copy += 1) {
      const payload = Buffer.alloc(telephoneEventLength);
      writeTelephoneEvent(payload, 0, { event: eventOf(key.digit), end, duration: key.frames * frame });
      this.#packet(agreement, { payloadType, timestamp: key.timestamp, payload, marker: key.frames === 1 });
    }
    if (end) this.#keyUp();
  }

  #nextTone(key: { readonly digit: Digit; frames: number }): Uint8Array {
    const tone = dualTone(key.digit, key.frames * frame, frame);
    key.frames += 1;
    if (key.frames >= keyFrames) this.#keyUp();
    return tone;
  }

  #keyUp(): void {
    this.#pressing = undefined;
    this.#rest = pauseFrames;
  }

  #packet(
    agreement: Agreement,
    what: { payloadType: number; timestamp: number; payload: Uint8Array; marker?: boolean },
  ): void {
    const packet = Buffer.alloc(rtpHeaderLength + what.payload.length);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    writeRtpHeader(packet, 0, {
      payloadType: what.payloadType,
      marker: what.marker ?? this.#first,
      sequence: this.#sequence,
      timestamp: what.timestamp,
      ssrc: this.#ssrc,
    });
    this.#first = false;
    packet.set(what.payload, rtpHeaderLength);
    this.packetsOut += 1;
    this.#socket.send(packet, agreement.port, agreement.address);
  }

  #receive(packet: Buffer, address: string, port: number): void {
    const agreement = this.#agreement;
    // The negotiated far end alone is heard.
    if (agreement === undefined || address !== agreement.address || port !== agreement.port) return;
    const view = this.#view;
    if (!readRtp(packet, packet.length, view)) return;
    this.packetsIn += 1;
    if (
      view.payloadType === agreement.telephoneEvent &&
      view.payloadEnd - view.payloadStart >= telephoneEventLength
    ) {
      const at = view.payloadStart;
      const event = {
        event: packet[at] ?? 0,
        end: ((packet[at + 1] ?? 0) & 0x80) !== 0,
        duration: packet.readUInt16BE(at + 2),
      };
      this.#keys.packet(event, view, systemClock.now());
      return;
    }
    const samples = view.payloadType === 0 ? muLawSamples : view.payloadType === 8 ? aLawSamples : undefined;
    if (samples === undefined) return;
    const payload = packet.subarray(view.payloadStart, view.payloadEnd);
    const missing =
      this.#expectedTimestamp === undefined ? 0 : (view.timestamp - this.#expectedTimestamp) | 0;
    // What a timestamp leaps over was silence, or lost: the length of what is heard stays true.
    if (missing > 0 && missing <= longestGapSamples) this.#listener.audio(new Int16Array(missing));
    this.#expectedTimestamp = (view.timestamp + payload.length) >>> 0;
    this.#listener.audio(Int16Array.from(payload, (octet) => samples[octet] ?? 0));
  }
}
