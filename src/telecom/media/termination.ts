import type { Clock } from "#base/clock.ts";
import type { LegId, PlayId } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import type { Digit, PlayEnd } from "#contract/telecom.ts";
import { SdpSession } from "../sdp/session-description.ts";
import { DigitSender, type DigitStep } from "./digit-sender.ts";
import {
  aLawSamples,
  aLawSilence,
  aLawToMuLaw,
  muLawSamples,
  muLawSilence,
  muLawToALaw,
  rewriteOctets,
} from "./g711.ts";
import { InbandDtmfDetector } from "./inband-dtmf.ts";
import { InboundStream } from "./inbound-stream.ts";
import type { Codec, MediaEvent, TerminationStats, TerminationWish } from "./media-engine.ts";
import { frameSamples, OutboundStream } from "./outbound-stream.ts";
import { PeerLock } from "./peer-lock.ts";
import { Player } from "./player.ts";
import type { PortPair } from "./port-pairs.ts";
import { longestRtcpPacket, readRtcp, writeRtcp } from "./rtcp.ts";
import { makeRtpView, readRtp, rtpHeaderLength, type RtpView } from "./rtp.ts";
import type { Endpoint } from "./rtp-sockets.ts";
import {
  readTelephoneEvent,
  type TelephoneEvent,
  TelephoneEventReceiver,
  telephoneEventLength,
  writeTelephoneEvent,
} from "./telephone-event.ts";
import { unreachable } from "#base/errors.ts";

/** What a termination needs of its engine. */
export interface TerminationWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly mediaTimeoutMs: number;
  emit(event: MediaEvent): void;
}

/**
 * A leg's end: one port pair, one phone.
 *
 * What goes out in a 20 ms, first that applies: nothing (the phone holds us), our digits, what is played, the partner's
 * packets as they come, silence. So a phone hears a steady stream from the answer on, and bridge audio comes back by itself
 * when a play ends.
 */
export class Termination {
  readonly id: LegId;
  readonly sdp: SdpSession;
  readonly #world: TerminationWorld;
  readonly #rtpLock = new PeerLock();
  readonly #rtcpLock = new PeerLock();
  readonly #inbound = new InboundStream();
  readonly #outbound: OutboundStream;
  readonly #digits = new DigitSender();
  readonly #keys: TelephoneEventReceiver;
  readonly #tones: InbandDtmfDetector;
  #ports: PortPair | undefined;
  #player: Player | undefined;
  /** Ids of plays that have ended: saying one of them again plays nothing. */
  readonly #played = new Set<PlayId>();
  #partner: Termination | undefined;
  #digitsBlocked = false;

  #started = false;
  #refused = 0;
  #heardAtMs = 0;
  #passedAtMs = Number.NEGATIVE_INFINITY;
  #keyUpAtMs = Number.NEGATIVE_INFINITY;
  #eventTimestamp = 0;
  #nextReportMs = 0;
  #packetsAtReport = 0;
  readonly #frames = Array.from({ length: 4 }, () => Buffer.alloc(rtpHeaderLength + frameSamples));
  #frame = 0;

  constructor(wish: TerminationWish, world: TerminationWorld, ports: PortPair) {
    this.id = wish.termination;
    this.#world = world;
    this.#ports = ports;
    this.#outbound = new OutboundStream(world.random);
    this.#keys = new TelephoneEventReceiver(this.#keyListener("rfc4733"));
    this.#tones = new InbandDtmfDetector(this.#keyListener("inband"));
    this.sdp = new SdpSession({
      address: wish.advertisedAddress ?? wish.address,
      rtpPort: ports.rtp.port,
      rtcpPort: ports.rtcp.port,
      codecs: wish.codecs,
      sessionId: world.random.integer(2 ** 32),
    });
  }

  /** A description of the far end has been agreed on: hear its endpoint, and no other. */
  negotiated(signallingAddress: string | undefined): void {
    const agreement = this.sdp.agreement;
    if (agreement === undefined) return;
    this.#rtpLock.negotiated(agreement.remote, signallingAddress);
    this.#rtcpLock.negotiated(agreement.remoteRtcp, signallingAddress);
    const nowMs = this.#world.clock.now();
    this.#heardAtMs = nowMs;
    if (this.#nextReportMs === 0) this.#nextReportMs = nowMs + this.#reportInterval();
    if (agreement.telephoneEventPayloadType !== undefined) this.#tones.reset();
  }

  play(wish: { play: PlayId; audio: Uint8Array; loop: boolean; barge: boolean }): void {
    if (this.#player?.play === wish.play || this.#played.has(wish.play)) return;
    this.#endPlay("stopped");
    this.#player = new Player(wish);
  }

  stopPlay(play: PlayId): void {
    if (this.#player?.play === play) this.#endPlay("stopped");
  }

  get playing(): PlayId | undefined {
    return this.#player?.play;
  }

  sendDigits(digits: string): void {
    this.#digits.add(digits);
  }

  joinTo(partner: Termination, digitsBlocked: boolean): void {
    this.#partner = partner;
    this.#digitsBlocked = digitsBlocked;
  }

  unjoin(): void {
    this.#partner = undefined;
    this.#digitsBlocked = false;
  }

  stats(): TerminationStats {
    const agreement = this.sdp.agreement;
    return {
      codec: agreement?.codec,
      telephoneEventPayloadType: agreement?.telephoneEventPayloadType,
      localPort: this.#ports?.rtp.port ?? 0,
      remote: this.#rtpLock.peer,
      packetsIn: this.#inbound.packets,
      packetsOut: this.#outbound.packets,
      packetsLost: this.#inbound.lost,
      packetsRefused: this.#refused,
      jitterMs: this.#inbound.jitterMs,
    };
  }

  /** Says goodbye; gives the ports back to whoever closes them. */
  release(): PortPair | undefined {
    const ports = this.#ports;
    this.#endPlay("leg-ended");
    if (this.#nextReportMs !== 0) this.#sendReport(this.#world.clock.now(), true);
    this.#ports = undefined;
    return ports;
  }

  /** A datagram at the RTP port. Costs a stranger's sender more than us: nothing is kept of it but a number. */
  rtp(packet: Buffer, length: number, from: Endpoint): void {
    const agreement = this.sdp.agreement;
    if (agreement === undefined) return this.#refuse();
    const kind = readRtp(packet, length, view) ? agreement.receives.get(view.payloadType) : undefined;
    // What we cannot use teaches us nothing of where the far end is.
    if (kind === undefined) return this.#rtpLock.isPeer(from) ? undefined : this.#refuse();
    if (!this.#rtpLock.accepts(from)) return this.#refuse();

    const nowMs = this.#world.clock.now();
    this.#heardAtMs = nowMs;
    if (!this.#started) this.#emitStarted(nowMs);
    this.#inbound.packet(view, nowMs, kind !== "telephone-event");
    if (kind === "telephone-event") this.#hearEvent(packet, nowMs);
    else this.#hearAudio(packet, kind, nowMs);
  }

  /** A datagram at the RTCP port. */
  rtcp(packet: Buffer, length: number, from: Endpoint): void {
    const news = readRtcp(packet, length);
    if (news === undefined) return this.#rtcpLock.isPeer(from) ? undefined : this.#refuse();
    if (!this.#rtcpLock.accepts(from)) return this.#refuse();
    const nowMs = this.#world.clock.now();
    this.#heardAtMs = nowMs;
    const report = news.senderReport;
    if (report !== undefined && report.ssrc === this.#inbound.ssrc)
      this.#inbound.senderReport(report.ntp, nowMs);
  }

  /** Every 20 ms. */
  tick(nowMs: number): void {
    const agreement = this.sdp.agreement;
    if (agreement === undefined) return;
    this.#keys.tick(nowMs);
    if (this.#player?.finished === true) this.#endPlay("done");
    if (!agreement.maySend) this.#player?.skipFrame();
    else if (this.#digits.busy)
      this.#sendDigitStep(this.#digits.next(agreement.telephoneEventPayloadType !== undefined), nowMs);
    else if (this.#player !== undefined) this.#sendPlayed(this.#player, nowMs);
    else if (!this.#partnerIsHeard(nowMs)) this.#sendSilence(nowMs);

    if (nowMs >= this.#nextReportMs) this.#sendReport(nowMs, false);
    if (!agreement.expectsMedia) this.#heardAtMs = nowMs;
    else if (nowMs - this.#heardAtMs >= this.#world.mediaTimeoutMs) {
      this.#heardAtMs = nowMs;
      this.#world.emit({ type: "mediaTimeout", termination: this.id, atMs: nowMs });
    }
  }

  // What comes in.

  #hearEvent(packet: Buffer, nowMs: number): void {
    if (!readTelephoneEvent(packet, view, telephoneEvent)) return;
    this.#keys.packet(telephoneEvent, view, nowMs);
    if (!this.#digitsBlocked) this.#partner?.passEvent(this, packet, nowMs);
  }

  #hearAudio(packet: Buffer, codec: Codec, nowMs: number): void {
    const range = { start: view.payloadStart, end: view.payloadEnd };
    const inband = this.sdp.agreement?.telephoneEventPayloadType === undefined;
    if (inband) this.#tones.hear(packet, range, codec === "PCMU" ? muLawSamples : aLawSamples);
    if (this.#partner === undefined) return;
    if (this.#digitsBlocked) {
      // The phone may send its tone as audio too: nothing passes under an event, nor just after it.
      if (this.#silenced(nowMs)) return;
      if (inband && this.#tones.suspects) packet.fill(silenceOf(codec), range.start, range.end);
    }
    this.#partner.passAudio(this, packet, codec, nowMs);
  }

  /** True while a blocked key is down: the partner hears silence of ours then. */
  #silenced(nowMs: number): boolean {
    return this.#digitsBlocked && (this.#keys.down || nowMs - this.#keyUpAtMs < tailMs);
  }

  #keyListener(via: "rfc4733" | "inband"): {
    began(digit: Digit): void;
    ended(digit: Digit, durationMs: number): void;
  } {
    return {
      began: () => {
        if (this.#player?.barge === true) this.#endPlay("barged");
      },
      ended: (digit, durationMs) => {
        const atMs = this.#world.clock.now();
        if (via === "rfc4733") this.#keyUpAtMs = atMs;
        this.#world.emit({ type: "dtmf", termination: this.id, digit, durationMs, via, atMs });
        if (via === "rfc4733" && !this.#digitsBlocked) this.#partner?.passKey(digit);
      },
    };
  }

  #emitStarted(atMs: number): void {
    this.#started = true;
    this.#world.emit({ type: "mediaStarted", termination: this.id, atMs });
  }

  #refuse(): void {
    this.#refused += 1;
  }

  // What goes out: the partner's.

  /** The packet that `view` shows, of another phone, to this one. */
  passAudio(source: Termination, packet: Buffer, codec: Codec, nowMs: number): void {
    const agreement = this.sdp.agreement;
    if (agreement === undefined || !agreement.maySend || this.#speaksItself) return;
    if (codec !== agreement.codec) {
      const range = { start: view.payloadStart, end: view.payloadEnd };
      rewriteOctets(packet, range, codec === "PCMU" ? muLawToALaw : aLawToMuLaw);
    }
    this.#pass(source, packet, agreement.payloadType, nowMs);
  }

  passEvent(source: Termination, packet: Buffer, nowMs: number): void {
    const agreement = this.sdp.agreement;
    if (agreement?.telephoneEventPayloadType === undefined || !agreement.maySend || this.#speaksItself)
      return;
    this.#pass(source, packet, agreement.telephoneEventPayloadType, nowMs);
  }

  /** A key of the partner's, for a phone that takes no telephone-events: it gets the tones. */
  passKey(digit: Digit): void {
    if (this.sdp.agreement?.telephoneEventPayloadType === undefined) this.sendDigits(digit);
  }

  get #speaksItself(): boolean {
    return this.#player !== undefined || this.#digits.busy;
  }

  #pass(source: Termination, packet: Buffer, payloadType: number, nowMs: number): void {
    passed.source = source;
    passed.payloadType = payloadType;
    passed.nowMs = nowMs;
    const start = this.#outbound.pass(packet, view, passed);
    this.#passedAtMs = nowMs;
    if (start >= 0) this.#send(packet, start, view.payloadEnd);
  }

  #partnerIsHeard(nowMs: number): boolean {
    const partner = this.#partner;
    return partner !== undefined && nowMs - this.#passedAtMs < patienceMs && !partner.#silenced(nowMs);
  }

  // What goes out: our own.

  #sendPlayed(player: Player, nowMs: number): void {
    const agreement = this.sdp.agreement;
    if (agreement === undefined) return;
    const packet = this.#nextPacket();
    player.nextFrame(packet, rtpHeaderLength, agreement.codec);
    this.#sendFrame(packet, { payloadType: agreement.payloadType, marker: !player.started, nowMs });
    player.started = true;
  }

  #sendSilence(nowMs: number): void {
    const agreement = this.sdp.agreement;
    if (agreement === undefined) return;
    const packet = this.#nextPacket();
    packet.fill(silenceOf(agreement.codec), rtpHeaderLength);
    this.#sendFrame(packet, { payloadType: agreement.payloadType, marker: false, nowMs });
  }

  #sendDigitStep(step: DigitStep | undefined, nowMs: number): void {
    const agreement = this.sdp.agreement;
    if (agreement === undefined || step === undefined) return;
    switch (step.type) {
      case "silence":
        return this.#sendSilence(nowMs);
      case "tone": {
        const packet = this.#nextPacket();
        packet.set(step.octets, rtpHeaderLength);
        if (agreement.codec === "PCMA") {
          rewriteOctets(packet, { start: rtpHeaderLength, end: packet.length }, muLawToALaw);
        }
        return this.#sendFrame(packet, { payloadType: agreement.payloadType, marker: false, nowMs });
      }
      case "event":
        return this.#sendEvent(step, agreement.telephoneEventPayloadType ?? agreement.payloadType, nowMs);
      default:
        return unreachable(step);
    }
  }

  #sendEvent(step: DigitStep & { type: "event" }, payloadType: number, nowMs: number): void {
    const packet = this.#nextPacket();
    writeTelephoneEvent(packet, rtpHeaderLength, step);
    const frame = { payloadType, marker: step.first, octets: telephoneEventLength, nowMs };
    if (step.first) this.#eventTimestamp = this.#outbound.frame(packet, frame);
    else {
      this.#outbound.skipFrame();
      this.#outbound.frame(packet, { ...frame, timestamp: this.#eventTimestamp });
    }
    this.#send(packet, 0, rtpHeaderLength + telephoneEventLength);
  }

  #sendFrame(packet: Buffer, frame: { payloadType: number; marker: boolean; nowMs: number }): void {
    this.#outbound.frame(packet, { ...frame, octets: frameSamples });
    this.#send(packet, 0, packet.length);
  }

  #send(packet: Buffer, start: number, end: number): void {
    const peer = this.#rtpLock.peer;
    if (peer !== undefined) this.#ports?.rtp.send(packet, { start, end }, peer);
  }

  /** A few in turn: a socket that cannot send at once may still read the last one. */
  #nextPacket(): Buffer {
    this.#frame = (this.#frame + 1) % this.#frames.length;
    return this.#frames[this.#frame] ?? Buffer.alloc(rtpHeaderLength + frameSamples);
  }

  #endPlay(end: PlayEnd): void {
    const player = this.#player;
    if (player === undefined) return;
    this.#player = undefined;
    this.#played.add(player.play);
    for (const oldest of this.#played) {
      if (this.#played.size <= rememberedPlays) break;
      this.#played.delete(oldest);
    }
    this.#world.emit({
      type: "playFinished",
      termination: this.id,
      play: player.play,
      end,
      atMs: this.#world.clock.now(),
    });
  }

  #sendReport(nowMs: number, leaving: boolean): void {
    this.#nextReportMs = nowMs + this.#reportInterval();
    const peer = this.#rtcpLock.peer;
    if (peer === undefined || this.sdp.agreement === undefined) return;
    const sent = this.#outbound.packets > this.#packetsAtReport;
    this.#packetsAtReport = this.#outbound.packets;
    const packet = Buffer.alloc(longestRtcpPacket);
    const length = writeRtcp(packet, {
      ssrc: this.#outbound.ssrc,
      canonicalName: `${this.#outbound.ssrc.toString(36)}@tandem`,
      sent: sent
        ? {
            timestamp: this.#outbound.timestampAt(nowMs),
            packets: this.#outbound.packets,
            octets: this.#outbound.octets,
          }
        : undefined,
      heard: this.#inbound.report(),
      lastSenderReport: this.#inbound.lastSenderReport,
      nowMs,
      leaving,
    });
    this.#ports?.rtcp.send(packet, { start: 0, end: length }, peer);
  }

  /** RFC 3550 6.2: five seconds, spread from half to one and a half. */
  #reportInterval(): number {
    return 2_500 + this.#world.random.integer(5_000);
  }
}

function silenceOf(codec: Codec): number {
  return codec === "PCMU" ? muLawSilence : aLawSilence;
}

// A packet is read, judged and passed on before the next one is looked at: one view serves all terminations.
const view: RtpView = makeRtpView();
const telephoneEvent: TelephoneEvent = { event: 0, end: false, duration: 0 };
const passed = { source: {} as object, payloadType: 0, nowMs: 0 };

/** How long a silent partner is waited for before we send silence in its stead: more than any jitter buffer bears. */
const patienceMs = 500;
/** What a phone's own tone may last beyond the end of its event. */
const tailMs = 40;
const rememberedPlays = 64;
