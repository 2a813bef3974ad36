import { unreachable } from "#base/errors.ts";
import type { PlayId } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import type { PlayEnd } from "#contract/telecom.ts";
import type { Agreement } from "../sdp/session-description.ts";
import { DigitSender, type DigitStep } from "./digit-sender.ts";
import { aLawSilence, muLawSilence, muLawToALaw, rewriteOctets } from "./g711.ts";
import type { Codec } from "./media-engine.ts";
import { frameSamples, OutboundStream, type StreamMark } from "./outbound-stream.ts";
import { Player } from "./player.ts";
import { rtpHeaderLength, type RtpView } from "./rtp.ts";
import { telephoneEventLength, writeTelephoneEvent } from "./telephone-event.ts";

/** Whom a speaker tells, and through whom it sends. */
export interface SpeakerWorld {
  readonly random: Random;
  send(packet: Buffer, range: { start: number; end: number }): void;
  playEnded(play: PlayId, end: PlayEnd): void;
}

/**
 * What one phone hears.
 *
 * In each 20 ms, the first that applies: nothing (the phone holds us), our digits, what is played, the partner's packets as
 * they come, silence. So a phone hears a steady stream from the answer on, and bridge audio comes back by itself when a play
 * ends.
 */
export class Speaker {
  readonly stream: OutboundStream;
  readonly #world: SpeakerWorld;
  readonly #digits = new DigitSender();
  #player: Player | undefined;
  /** Ids of plays that have ended: saying one of them again plays nothing. */
  readonly #played = new Set<PlayId>();
  #passedAtMs = Number.NEGATIVE_INFINITY;
  #eventTimestamp = 0;
  readonly #frames = Array.from({ length: 4 }, () => Buffer.alloc(rtpHeaderLength + frameSamples));
  #frame = 0;

  constructor(world: SpeakerWorld, from?: StreamMark) {
    this.#world = world;
    this.stream = new OutboundStream(world.random, from);
  }

  play(wish: { play: PlayId; audio: Uint8Array; loop: boolean; barge: boolean }): void {
    if (this.#player?.play === wish.play || this.#played.has(wish.play)) return;
    this.endPlay("stopped");
    this.#player = new Player(wish);
  }

  stopPlay(play: PlayId): void {
    if (this.#player?.play === play) this.endPlay("stopped");
  }

  /** A key of the phone's went down. */
  barge(): void {
    if (this.#player?.barge === true) this.endPlay("barged");
  }

  get playing(): PlayId | undefined {
    return this.#player?.play;
  }

  sendDigits(digits: string): void {
    this.#digits.add(digits);
  }

  /** True while the partner is not heard because of what we say ourselves. */
  get busy(): boolean {
    return this.#player !== undefined || this.#digits.busy;
  }

  /** Passes on the packet that `view` shows, from `source`. */
  pass(
    packet: Buffer,
    view: RtpView,
    passed: { source: object; payloadType: number; units: number; nowMs: number },
  ): void {
    const start = this.stream.pass(packet, view, passed);
    this.#passedAtMs = passed.nowMs;
    if (start >= 0) this.#world.send(packet, { start, end: view.payloadEnd });
  }

  /** Every 20 ms. @param partnerSpeaks false: there is none, or nothing of it may be heard now */
  tick(agreement: Agreement, nowMs: number, partnerSpeaks: boolean): void {
    if (this.#player?.finished === true) this.endPlay("done");
    if (!agreement.maySend) this.#player?.skipFrame();
    else if (this.#digits.busy) this.#sendDigitStep(agreement, nowMs);
    else if (this.#player !== undefined) this.#sendPlayed(this.#player, agreement, nowMs);
    else if (!partnerSpeaks || nowMs - this.#passedAtMs >= patienceMs) this.#sendSilence(agreement, nowMs);
  }

  endPlay(end: PlayEnd): void {
    const player = this.#player;
    if (player === undefined) return;
    this.#player = undefined;
    this.#played.add(player.play);
    for (const oldest of this.#played) {
      if (this.#played.size <= rememberedPlays) break;
      this.#played.delete(oldest);
    }
    this.#world.playEnded(player.play, end);
  }

  #sendPlayed(player: Player, agreement: Agreement, nowMs: number): void {
    const packet = this.#nextPacket();
    player.nextFrame(packet, rtpHeaderLength, agreement.codec);
    this.#sendFrame(packet, { payloadType: agreement.payloadType, marker: !player.started, nowMs });
    player.started = true;
  }

  #sendSilence(agreement: Agreement, nowMs: number): void {
    const packet = this.#nextPacket();
    packet.fill(silenceOf(agreement.codec), rtpHeaderLength);
    this.#sendFrame(packet, { payloadType: agreement.payloadType, marker: false, nowMs });
  }

  #sendDigitStep(agreement: Agreement, nowMs: number): void {
    const step = this.#digits.next(agreement.telephoneEventPayloadType !== undefined);
    switch (step?.type) {
      case undefined:
      case "silence":
        return this.#sendSilence(agreement, nowMs);
      case "tone":
        return this.#sendTone(step.octets, agreement, nowMs);
      case "event":
        return this.#sendEvent(step, agreement, nowMs);
      default:
        return unreachable(step);
    }
  }

  #sendTone(octets: Uint8Array, agreement: Agreement, nowMs: number): void {
    const packet = this.#nextPacket();
    packet.set(octets, rtpHeaderLength);
    const range = { start: rtpHeaderLength, end: packet.length };
    if (agreement.codec === "PCMA") rewriteOctets(packet, range, muLawToALaw);
    this.#sendFrame(packet, { payloadType: agreement.payloadType, marker: false, nowMs });
  }

  #sendEvent(step: DigitStep & { type: "event" }, agreement: Agreement, nowMs: number): void {
    const packet = this.#nextPacket();
    writeTelephoneEvent(packet, rtpHeaderLength, step);
    const frame = {
      payloadType: agreement.telephoneEventPayloadType ?? agreement.payloadType,
      marker: step.first,
      octets: telephoneEventLength,
      nowMs,
    };
    if (step.first) this.#eventTimestamp = this.stream.frame(packet, frame);
    else {
      // RFC 4733 2.5.1.2: an event's packets share its timestamp, and time goes on under them.
      this.stream.skipFrame();
      this.stream.frame(packet, { ...frame, timestamp: this.#eventTimestamp });
    }
    this.#world.send(packet, { start: 0, end: rtpHeaderLength + telephoneEventLength });
  }

  #sendFrame(packet: Buffer, frame: { payloadType: number; marker: boolean; nowMs: number }): void {
    this.stream.frame(packet, { ...frame, octets: frameSamples });
    this.#world.send(packet, { start: 0, end: packet.length });
  }

  /** A few in turn: a socket that cannot send at once may still read the last one. */
  #nextPacket(): Buffer {
    this.#frame = (this.#frame + 1) % this.#frames.length;
    return this.#frames[this.#frame] ?? Buffer.alloc(rtpHeaderLength + frameSamples);
  }
}

export function silenceOf(codec: Codec): number {
  return codec === "PCMU" ? muLawSilence : aLawSilence;
}

/** How long a silent partner is waited for before we send silence in its stead: more than any jitter buffer bears. */
const patienceMs = 500;
const rememberedPlays = 64;
