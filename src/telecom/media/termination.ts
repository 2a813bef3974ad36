import type { Clock } from "#base/clock.ts";
import type { LegId, PlayId } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import type { Digit } from "#contract/telecom.ts";
import { isNowhere } from "../sdp/remote-description.ts";
import { SdpSession } from "../sdp/session-description.ts";
import { aLawSamples, aLawToMuLaw, muLawSamples, muLawToALaw, rewriteOctets } from "./g711.ts";
import { InbandDtmfDetector } from "./inband-dtmf.ts";
import { InboundStream } from "./inbound-stream.ts";
import type {
  Codec,
  MediaEvent,
  TerminationStanding,
  TerminationStats,
  TerminationWish,
} from "./media-engine.ts";
import { reservedPackets, type StreamMark, timestampAfter } from "./outbound-stream.ts";
import { PeerLock } from "./peer-lock.ts";
import type { PortPair } from "./port-pairs.ts";
import { longestRtcpPacket, readRtcp, writeRtcp } from "./rtcp.ts";
import { makeRtpView, readRtp, type RtpView } from "./rtp.ts";
import type { Endpoint, RtpSocket } from "./rtp-sockets.ts";
import { SecureEnd } from "./secure-end.ts";
import { silenceOf, Speaker } from "./speaker.ts";
import { keyMaterialLength } from "./srtp/crypto-suite.ts";
import {
  type KeyListener,
  readTelephoneEvent,
  type TelephoneEvent,
  TelephoneEventReceiver,
} from "./telephone-event.ts";

/** What a termination needs of its engine. */
export interface TerminationWorld {
  readonly clock: Pick<Clock, "now">;
  /** For what others are told. All timing is by `clock`, which nobody sets. */
  readonly wallClock: Pick<Clock, "now">;
  readonly random: Random;
  readonly mediaTimeoutMs: number;
  emit(event: MediaEvent): void;
}

/** A leg's end: one port pair, one phone. Here is what comes in from it; what goes out to it is its speaker's. */
export class Termination {
  readonly id: LegId;
  readonly sdp: SdpSession;
  readonly speaker: Speaker;
  readonly #wish: TerminationWish;
  readonly #world: TerminationWorld;
  readonly #rtpLock: PeerLock;
  readonly #rtcpLock: PeerLock;
  readonly #inbound = new InboundStream();
  readonly #keys: TelephoneEventReceiver;
  readonly #tones: InbandDtmfDetector;
  /** Undefined where RTP goes as it is. */
  readonly #secure: SecureEnd | undefined;
  #ports: PortPair | undefined;
  #partner: Termination | undefined;
  #digitsBlocked = false;

  #started = false;
  #refused = 0;
  #heardAtMs = 0;
  #audioAtMs = Number.NEGATIVE_INFINITY;
  #keyUpAtMs = Number.NEGATIVE_INFINITY;
  #nextReportMs = 0;
  #packetsAtReport = 0;
  /** What was told of it last. */
  #told: { readonly stream: StreamMark; readonly peer: Endpoint | undefined } | undefined;

  /** @param from set for one that another process has left */
  constructor(wish: TerminationWish, world: TerminationWorld, ports: PortPair, from?: TerminationStanding) {
    this.id = wish.termination;
    this.#wish = wish;
    this.#world = world;
    this.#ports = ports;
    this.#rtpLock = new PeerLock(from?.rtpPeer);
    this.#rtcpLock = new PeerLock(from?.rtcpPeer);
    const secure = wish.transport === "srtp" ? new SecureEnd() : undefined;
    this.#secure = secure;
    const send: RtpSocket["send"] =
      secure === undefined
        ? (packet, range, peer) => this.#ports?.rtp.send(packet, range, peer)
        : (packet, range, peer) => {
            const end = secure.protectRtp(packet, range);
            if (end >= 0) this.#ports?.rtp.send(secure.protected, { start: 0, end }, peer);
          };
    // Under one key no index may be used twice, and how far another process got is not known to the packet: with SRTP another
    // SSRC goes on, whose indices begin anew (RFC 3711 9.1).
    const mark =
      from === undefined || secure !== undefined ? undefined : markNow(from, world.wallClock.now());
    this.speaker = new Speaker(
      {
        random: world.random,
        send: (packet, range) => {
          const peer = this.#rtpLock.peer;
          if (peer !== undefined) send(packet, range, peer);
        },
        playEnded: (play: PlayId, end) =>
          world.emit({ type: "playFinished", termination: this.id, play, end, atMs: world.wallClock.now() }),
      },
      mark,
    );
    this.#keys = new TelephoneEventReceiver(this.#keyListener("rfc4733"));
    this.#tones = new InbandDtmfDetector(this.#keyListener("inband"));
    const local = {
      address: wish.advertisedAddress ?? wish.address,
      rtpPort: ports.rtp.port,
      rtcpPort: ports.rtcp.port,
      codecs: wish.codecs,
      sessionId: from?.session.sessionId ?? world.random.integer(2 ** 32),
      ...(secure === undefined ? {} : { newKey: () => world.random.bytes(keyMaterialLength) }),
    };
    this.sdp = new SdpSession(local, from?.session);
    const crypto = this.sdp.agreement?.crypto;
    if (crypto !== undefined) secure?.resume(crypto, from?.sources ?? []);
    this.#beginReports();
  }

  /** Tells what another process would need to go on with it. */
  tellStanding(): void {
    const nowMs = this.#world.clock.now();
    const stream = this.speaker.stream.markAt(nowMs);
    this.#told = { stream, peer: this.#rtpLock.peer };
    const standing: TerminationStanding = {
      wish: this.#wish,
      rtpPort: this.#ports?.rtp.port ?? 0,
      session: this.sdp.standing,
      rtpPeer: this.#rtpLock.standing,
      rtcpPeer: this.#rtcpLock.standing,
      stream,
      sources: this.#secure?.sources ?? [],
      atMs: this.#world.wallClock.now(),
    };
    this.#world.emit({ type: "standing", termination: this.id, standing });
  }

  /** A description of the far end has been agreed on: hear its endpoint, and no other. */
  negotiated(signallingAddress: string | undefined): void {
    const agreement = this.sdp.agreement;
    if (agreement === undefined) return;
    if (agreement.crypto !== undefined && this.#secure?.agreed(agreement.crypto) === true)
      this.speaker.stream.becomeAnother();
    this.#rtpLock.negotiated(agreement.remote, signallingAddress);
    this.#rtcpLock.negotiated(agreement.remoteRtcp, signallingAddress);
    this.#beginReports();
    if (agreement.telephoneEventPayloadType !== undefined) this.#tones.reset();
  }

  #beginReports(): void {
    if (this.sdp.agreement === undefined) return;
    const nowMs = this.#world.clock.now();
    this.#heardAtMs = nowMs;
    if (this.#nextReportMs === 0) this.#nextReportMs = nowMs + this.#reportInterval();
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
      packetsOut: this.speaker.stream.allPackets,
      packetsLost: this.#inbound.lost,
      packetsRefused: this.#refused,
      jitterMs: this.#inbound.jitterMs,
    };
  }

  sayGoodbye(): void {
    this.speaker.endPlay("leg-ended");
    if (this.#nextReportMs !== 0) this.#sendReport(this.#world.clock.now(), true);
  }

  /** Nothing goes out any more; the ports are the caller's to close. */
  giveUpPorts(): PortPair | undefined {
    const ports = this.#ports;
    this.#ports = undefined;
    return ports;
  }

  /** A datagram at the RTP port. A stranger's costs a look at its header, and nothing is kept of it but a number. */
  rtp(packet: Buffer, received: number, from: Endpoint): void {
    const agreement = this.sdp.agreement;
    if (agreement === undefined) return this.#refuse();
    let length = received;
    if (this.#secure !== undefined) {
      length = this.#rtpLock.wouldAccept(from) ? this.#secure.openRtp(packet, received) : -1;
      if (length < 0) return this.#refuse();
    }
    const kind = readRtp(packet, length, view) ? agreement.receives.get(view.payloadType) : undefined;
    // What we cannot use teaches us nothing of where the far end is, but the phone lives: comfort noise (RFC 3389) may be
    // all that a silent one sends.
    if (kind === undefined) {
      if (!this.#rtpLock.isPeer(from)) return this.#refuse();
      this.#heardAtMs = this.#world.clock.now();
      return;
    }
    if (!this.#rtpLock.accepts(from)) return this.#refuse();

    const nowMs = this.#world.clock.now();
    this.#heardAtMs = nowMs;
    if (!this.#started) {
      this.#started = true;
      this.#world.emit({ type: "mediaStarted", termination: this.id, atMs: this.#world.wallClock.now() });
    }
    this.#inbound.packet(view, nowMs, kind !== "telephone-event");
    if (kind === "telephone-event") this.#hearEvent(packet, nowMs);
    else this.#hearAudio(packet, kind, nowMs);
  }

  /** A datagram at the RTCP port. */
  rtcp(packet: Buffer, received: number, from: Endpoint): void {
    let length = received;
    if (this.#secure !== undefined) {
      length = this.#rtcpLock.wouldAccept(from) ? this.#secure.openRtcp(packet, received) : -1;
      if (length < 0) return this.#refuse();
    }
    const news = readRtcp(packet, length);
    if (news === undefined) return this.#rtcpLock.isPeer(from) ? undefined : this.#refuse();
    if (!this.#rtcpLock.accepts(from)) return this.#refuse();
    const nowMs = this.#world.clock.now();
    this.#heardAtMs = nowMs;
    const report = news.senderReport;
    if (report?.ssrc === this.#inbound.ssrc) this.#inbound.senderReport(report.ntp, nowMs);
  }

  /** Every 20 ms. */
  tick(nowMs: number): void {
    const agreement = this.sdp.agreement;
    if (agreement === undefined) return;
    this.#keys.tick(nowMs);
    // A phone that sends nothing while nobody speaks ends a key's tone so: with the last of it.
    if (nowMs - this.#audioAtMs >= quietMs) this.#tones.reset();
    const partner = this.#partner;
    this.speaker.tick(agreement, nowMs, partner !== undefined && !partner.#silenced(nowMs));
    if (nowMs >= this.#nextReportMs) this.#sendReport(nowMs, false);
    if (this.#isToBeTold()) this.tellStanding();
    if (!agreement.expectsMedia) this.#heardAtMs = nowMs;
    else if (nowMs - this.#heardAtMs >= this.#world.mediaTimeoutMs) {
      this.#heardAtMs = nowMs;
      this.#world.emit({ type: "mediaTimeout", termination: this.id, atMs: this.#world.wallClock.now() });
    }
  }

  /** Half of what is reserved has left, or the phone was found to be elsewhere than it said. */
  #isToBeTold(): boolean {
    const told = this.#told;
    if (told === undefined || told.peer !== this.#rtpLock.peer) return true;
    return Math.abs(this.speaker.stream.beyond(told.stream)) >= reservedPackets / 2;
  }

  #hearEvent(packet: Buffer, nowMs: number): void {
    if (!readTelephoneEvent(packet, view, telephoneEvent)) return;
    this.#keys.packet(telephoneEvent, view, nowMs);
    if (!this.#digitsBlocked) this.#partner?.passEvent(this, packet, nowMs);
  }

  #hearAudio(packet: Buffer, codec: Codec, nowMs: number): void {
    const range = { start: view.payloadStart, end: view.payloadEnd };
    const inband = this.sdp.agreement?.telephoneEventPayloadType === undefined;
    this.#audioAtMs = nowMs;
    const mayBeKey = inband && this.#tones.hear(packet, range, codec === "PCMU" ? muLawSamples : aLawSamples);
    if (this.#partner === undefined) return;
    if (this.#digitsBlocked) {
      if (this.#silenced(nowMs)) return;
      if (mayBeKey) packet.fill(silenceOf(codec), range.start, range.end);
    }
    this.#partner.passAudio(this, packet, codec, nowMs);
  }

  /**
   * True while a blocked key is down, and a moment longer: a phone may send its tone as audio too. The partner hears silence
   * of ours meanwhile.
   */
  #silenced(nowMs: number): boolean {
    return this.#digitsBlocked && (this.#keys.down || nowMs - this.#keyUpAtMs < tailMs);
  }

  #keyListener(via: "rfc4733" | "inband"): KeyListener {
    return {
      began: () => this.speaker.barge(),
      ended: (digit, durationMs) => {
        const atMs = this.#world.wallClock.now();
        if (via === "rfc4733") this.#keyUpAtMs = this.#world.clock.now();
        this.#world.emit({ type: "dtmf", termination: this.id, digit, durationMs, via, atMs });
        if (via === "rfc4733" && !this.#digitsBlocked) this.#partner?.passKey(digit);
      },
    };
  }

  #refuse(): void {
    this.#refused += 1;
  }

  /** The packet that `view` shows, of the partner, to this phone. */
  passAudio(source: Termination, packet: Buffer, codec: Codec, nowMs: number): void {
    const agreement = this.sdp.agreement;
    if (agreement === undefined || !agreement.maySend || this.speaker.busy) return;
    if (codec !== agreement.codec) {
      const range = { start: view.payloadStart, end: view.payloadEnd };
      rewriteOctets(packet, range, codec === "PCMU" ? muLawToALaw : aLawToMuLaw);
    }
    passed.payloadType = agreement.payloadType;
    // RFC 3551 4.5.14: an octet is a sample, and a sample a timestamp unit.
    passed.units = view.payloadEnd - view.payloadStart;
    this.#pass(source, packet, nowMs);
  }

  passEvent(source: Termination, packet: Buffer, nowMs: number): void {
    const agreement = this.sdp.agreement;
    if (agreement?.telephoneEventPayloadType === undefined) return;
    if (!agreement.maySend || this.speaker.busy) return;
    passed.payloadType = agreement.telephoneEventPayloadType;
    passed.units = telephoneEvent.duration;
    this.#pass(source, packet, nowMs);
  }

  #pass(source: Termination, packet: Buffer, nowMs: number): void {
    passed.source = source;
    passed.nowMs = nowMs;
    this.speaker.pass(packet, view, passed);
  }

  /** A key of the partner's, for a phone that takes no telephone-events: it gets the tones. */
  passKey(digit: Digit): void {
    const agreement = this.sdp.agreement;
    if (agreement !== undefined && agreement.telephoneEventPayloadType === undefined)
      this.speaker.sendDigits(digit);
  }

  #sendReport(nowMs: number, leaving: boolean): void {
    this.#nextReportMs = nowMs + this.#reportInterval();
    const peer = this.#rtcpLock.peer;
    if (peer === undefined || isNowhere(peer.address)) return;
    const { stream } = this.speaker;
    const sent = stream.allPackets > this.#packetsAtReport;
    this.#packetsAtReport = stream.allPackets;
    const packet = Buffer.alloc(longestRtcpPacket);
    const length = writeRtcp(packet, {
      ssrc: stream.ssrc,
      // RFC 7022 4.2: a name for this session alone, that tells nothing of the host.
      canonicalName: `${stream.ssrc.toString(36)}@tandem`,
      sent: sent
        ? { timestamp: stream.timestampAt(nowMs), packets: stream.packets, octets: stream.octets }
        : undefined,
      heard: this.#inbound.report(),
      lastSenderReport: this.#inbound.lastSenderReport,
      nowMs,
      wallMs: this.#world.wallClock.now(),
      leaving,
    });
    if (this.#secure === undefined) return this.#ports?.rtcp.send(packet, { start: 0, end: length }, peer);
    const end = this.#secure.protectRtcp(packet, length);
    if (end >= 0) this.#ports?.rtcp.send(this.#secure.protected, { start: 0, end }, peer);
  }

  /** RFC 3550 6.2: five seconds, spread from half to one and a half. */
  #reportInterval(): number {
    return 2_500 + this.#world.random.integer(5_000);
  }
}

/** Where the stream would be now, had it gone on: a gap is a gap in the far end's ear too. */
function markNow({ stream, atMs }: TerminationStanding, nowMs: number): StreamMark {
  return { ...stream, timestamp: timestampAfter(stream.timestamp, nowMs - atMs) };
}

// A packet is read, judged and passed on before the next one is looked at: one view serves all terminations.
const view: RtpView = makeRtpView();
const telephoneEvent: TelephoneEvent = { event: 0, end: false, duration: 0 };
const passed = { source: {} as object, payloadType: 0, units: 0, nowMs: 0 };

/** Without audio for so long, a tone is over: longer than any burst of loss that a key should survive. */
const quietMs = 200;
/** What a phone's own tone may last beyond the end of its event. */
const tailMs = 40;
