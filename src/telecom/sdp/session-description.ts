import type { Codec } from "../media/media-engine.ts";
import {
  type CryptoAttribute,
  cryptoLineOf,
  type CryptoPair,
  type CryptoStanding,
  keyAsText,
  keyFromText,
} from "./crypto-attribute.ts";
import { CryptoNegotiation } from "./crypto-negotiation.ts";
import {
  type Direction,
  isNowhere,
  readRemoteDescription,
  type RemoteDescription,
  type RemoteMedia,
  unacceptable,
  wantsToHear,
} from "./remote-description.ts";
import sdpTransform from "sdp-transform";

/** Our end of one session, as its descriptions tell it. */
export interface LocalEnd {
  /** The address that descriptions name. */
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
  /** In order of preference. */
  readonly codecs: readonly Codec[];
  /** RFC 8866 5.2: a whole number, unique for this host. */
  readonly sessionId: number;
  /** Makes a master key and salt, `keyMaterialLength` octets. With it the session is SRTP's alone, without it RTP's alone. */
  readonly newKey?: () => Uint8Array;
}

/** What offer and answer agreed on: how to send, and what may come. */
export interface Agreement {
  readonly remote: { readonly address: string; readonly port: number };
  readonly remoteRtcp: { readonly address: string; readonly port: number };
  /** What we send, and its payload type. */
  readonly codec: Codec;
  readonly payloadType: number;
  /** Payload type of the telephone-events that we send; undefined: keys go, and come, as tones in the audio. */
  readonly telephoneEventPayloadType: number | undefined;
  /** What may come, by payload type. */
  readonly receives: ReadonlyMap<number, Codec | "telephone-event">;
  /** False while the far end holds us (or its audio is off). */
  readonly maySend: boolean;
  /** True when it said that it sends, and does not hold us: then silence is a sign of trouble. */
  readonly expectsMedia: boolean;
  /** Undefined where the session is not SRTP's. */
  readonly crypto: CryptoPair | undefined;
}

/** A session as plain JSON, for the process that goes on with it. */
export interface SdpStanding {
  readonly sessionId: number;
  readonly agreement?:
    | (Omit<Agreement, "receives" | "crypto"> & {
        readonly receives: readonly (readonly [number, Codec | "telephone-event"])[];
        readonly crypto?: { readonly ours: CryptoStanding; readonly theirs: CryptoStanding } | undefined;
      })
    | undefined;
  /** Keys that an offer of ours names, and whose answer may be on its way. */
  readonly offered: readonly CryptoStanding[];
  readonly slots: readonly Slot[];
  readonly audioSlot: number;
  readonly body: string;
  readonly version: number;
}

const staticPayloadTypes: Readonly<Record<Codec, number>> = { PCMU: 0, PCMA: 8 };
const offeredTelephoneEvent = 101;

/**
 * Offer and answer (RFC 3264) for one audio stream, from our side. One object a session; nothing changes when a verb throws.
 *
 * ```
 *   createOffer ──> offer out ── setAnswer (early, final, again) ──┐
 *                                                                  v
 *   createAnswer(offer) ───────────────────────────────────────> agreed ──> createOffer / createAnswer again (re-offer)
 * ```
 */
export class SdpSession {
  readonly #local: LocalEnd;
  readonly #crypto: CryptoNegotiation | undefined;
  #agreement: Agreement | undefined;
  /** The m= lines of this session besides our audio: a later offer must repeat them all (RFC 3264 8). */
  #slots: readonly Slot[];
  #audioSlot = 0;
  #body = "";
  #version = 0;

  constructor(local: LocalEnd, from?: SdpStanding) {
    this.#local = local;
    this.#crypto = local.newKey === undefined ? undefined : new CryptoNegotiation(local.newKey);
    const protocol = this.#crypto === undefined ? "RTP/AVP" : "RTP/SAVP";
    this.#slots = [{ type: "audio", protocol, formats: ["0"] }];
    if (from === undefined) return;
    const { agreement, offered } = from;
    const crypto = agreement?.crypto && {
      ours: keyFromText(agreement.crypto.ours),
      theirs: keyFromText(agreement.crypto.theirs),
    };
    this.#crypto?.resume(offered.map(keyFromText), crypto);
    this.#agreement =
      agreement === undefined ? undefined : { ...agreement, crypto, receives: new Map(agreement.receives) };
    this.#slots = from.slots;
    this.#audioSlot = from.audioSlot;
    this.#body = from.body;
    this.#version = from.version;
  }

  get standing(): SdpStanding {
    const agreement = this.#agreement;
    const crypto = agreement?.crypto && {
      ours: keyAsText(agreement.crypto.ours),
      theirs: keyAsText(agreement.crypto.theirs),
    };
    return {
      sessionId: this.#local.sessionId,
      agreement:
        agreement === undefined ? undefined : { ...agreement, crypto, receives: [...agreement.receives] },
      offered: this.#crypto?.offered.map(keyAsText) ?? [],
      slots: this.#slots,
      audioSlot: this.#audioSlot,
      body: this.#body,
      version: this.#version,
    };
  }

  get agreement(): Agreement | undefined {
    return this.#agreement;
  }

  createOffer(): string {
    const formats = this.#local.codecs.map((codec) => ({
      codec,
      payloadType: this.#offeredPayloadType(codec),
    }));
    return this.#describe(this.#slots, this.#audioSlot, {
      codecs: formats,
      telephoneEventPayloadType: this.#agreement?.telephoneEventPayloadType ?? offeredTelephoneEvent,
      direction: "sendrecv",
      crypto: this.#crypto?.offer() ?? [],
    });
  }

  /** @throws SDP_UNACCEPTABLE when the answer refuses the audio, or takes nothing that was offered. */
  setAnswer(sdp: string): Agreement {
    const answer = readRemoteDescription(sdp);
    const audio = answer.media[this.#audioSlot];
    if (audio === undefined || !this.#isOurs(audio))
      throw unacceptable("the answer has no audio that was offered");
    if (audio.port === 0) throw unacceptable("the answer refuses the audio");
    const chosen = audio.codecs.find(({ codec }) => this.#local.codecs.includes(codec));
    if (chosen === undefined) throw unacceptable("the answer takes none of the codecs offered");
    const crypto = this.#crypto?.answered(audio);
    return this.#settle(this.#agree(audio, { ...chosen, crypto }, this.#expectedPayloadTypes()));
  }

  /** @throws SDP_UNACCEPTABLE when there is no audio that we can take; nothing has changed then. */
  createAnswer(sdp: string): string {
    const offer = readRemoteDescription(sdp);
    const audioSlot = this.#choose(offer);
    const audio = offer.media[audioSlot];
    if (audio === undefined) throw unacceptable("the offer has no audio that we can take");

    if (audio.port === 0) {
      // RFC 3264 8.2: a stream that was there is switched off; it may come back by another offer.
      const before = this.#agreement;
      if (before === undefined) throw unacceptable("the offer's audio is switched off");
      this.#agreement = { ...before, maySend: false, expectsMedia: false };
      this.#remember(offer, audioSlot);
      return this.#describe(this.#slots, -1, undefined);
    }

    const chosen = this.#chooseCodec(audio);
    if (chosen === undefined) throw unacceptable("the offer has none of our codecs");
    const crypto = this.#crypto?.answerTo(audio);
    this.#settle(this.#agree(audio, { ...chosen, crypto }, new Map()));
    this.#remember(offer, audioSlot);
    return this.#describe(this.#slots, audioSlot, {
      codecs: [chosen],
      telephoneEventPayloadType: audio.telephoneEventPayloadType,
      direction: answerDirection(audio),
      crypto: crypto === undefined ? [] : [crypto.ours],
    });
  }

  #settle(agreement: Agreement): Agreement {
    if (agreement.crypto !== undefined) this.#crypto?.settle(agreement.crypto);
    this.#agreement = agreement;
    return agreement;
  }

  /** RFC 4568 7.1.2: who wants SRTP takes nothing less, and who has no key for it takes nothing more. */
  #isOurs({ type, protocol }: RemoteMedia): boolean {
    const ours = this.#crypto === undefined ? ["RTP/AVP", "RTP/AVPF"] : ["RTP/SAVP", "RTP/SAVPF"];
    return type === "audio" && ours.includes(protocol);
  }

  /** The first audio that we can take; else the first audio that is switched off. */
  #choose(offer: RemoteDescription): number {
    const usable = offer.media.findIndex(
      (media) =>
        this.#isOurs(media) &&
        media.port !== 0 &&
        media.address !== undefined &&
        this.#chooseCodec(media) !== undefined &&
        (this.#crypto === undefined || media.crypto.some((line) => line !== undefined)),
    );
    return usable >= 0 ? usable : offer.media.findIndex((media) => this.#isOurs(media) && media.port === 0);
  }

  #chooseCodec(media: RemoteMedia): { codec: Codec; payloadType: number } | undefined {
    for (const codec of this.#local.codecs) {
      const found = media.codecs.find((candidate) => candidate.codec === codec);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #agree(
    audio: RemoteMedia,
    chosen: { codec: Codec; payloadType: number; crypto: CryptoPair | undefined },
    expected: ReadonlyMap<number, Codec | "telephone-event">,
  ): Agreement {
    const { address, port } = audio;
    if (address === undefined) throw unacceptable("the connection address is no IP address");
    // Our socket is of one family. Refused now, not found out by a minute of silence.
    if (!isNowhere(address) && address.includes(":") !== this.#local.address.includes(":"))
      throw unacceptable("the connection address is of another family than ours");
    const receives = new Map(expected);
    for (const { codec, payloadType } of audio.codecs) {
      if (this.#local.codecs.includes(codec)) receives.set(payloadType, codec);
    }
    const events = audio.telephoneEventPayloadType;
    if (events === undefined) receives.delete(offeredTelephoneEvent);
    else receives.set(events, "telephone-event");
    return {
      remote: { address, port },
      remoteRtcp: { address: audio.rtcp.address ?? address, port: audio.rtcp.port },
      codec: chosen.codec,
      payloadType: chosen.payloadType,
      telephoneEventPayloadType: events,
      receives,
      maySend: wantsToHear(audio),
      expectsMedia: wantsToHear(audio) && audio.direction === "sendrecv",
      crypto: chosen.crypto,
    };
  }

  /** RFC 3264 6.1: what comes has the payload types of our own offer, even when the answer numbers them otherwise. */
  #expectedPayloadTypes(): ReadonlyMap<number, Codec | "telephone-event"> {
    const expected = new Map<number, Codec | "telephone-event">([[offeredTelephoneEvent, "telephone-event"]]);
    for (const codec of this.#local.codecs) expected.set(this.#offeredPayloadType(codec), codec);
    return expected;
  }

  /** RFC 3264 8.3.2: a payload type keeps its meaning for the whole session. */
  #offeredPayloadType(codec: Codec): number {
    const agreement = this.#agreement;
    return agreement?.codec === codec ? agreement.payloadType : staticPayloadTypes[codec];
  }

  #remember(offer: RemoteDescription, audioSlot: number): void {
    this.#slots = offer.media.map(({ type, protocol, formats }) => ({ type, protocol, formats }));
    this.#audioSlot = audioSlot;
  }

  /** RFC 3264 8: the version in o= grows by one whenever the rest has changed, and not otherwise. */
  #describe(slots: readonly Slot[], audioSlot: number, audio: AudioLine | undefined): string {
    const told = audio && { ...audio, crypto: audio.crypto.map(cryptoLineOf) };
    const body = JSON.stringify([slots, audioSlot, told]);
    if (body !== this.#body) this.#version += 1;
    this.#body = body;
    return write(
      this.#local,
      this.#version,
      slots.map((slot, index) => mediaOf(slot, index === audioSlot ? audio : undefined, this.#local)),
    );
  }
}

interface Slot {
  readonly type: string;
  readonly protocol: string;
  readonly formats: readonly string[];
}

interface AudioLine {
  readonly codecs: readonly { readonly codec: Codec; readonly payloadType: number }[];
  readonly telephoneEventPayloadType: number | undefined;
  readonly direction: Direction;
  readonly crypto: readonly CryptoAttribute[];
}

/** RFC 3264 6.1, and 8.4 for the connection address 0.0.0.0. */
function answerDirection(offered: RemoteMedia): Direction {
  const weSend = wantsToHear(offered);
  const weHear = offered.direction === "sendrecv" || offered.direction === "sendonly";
  if (weSend) return weHear ? "sendrecv" : "sendonly";
  return weHear ? "recvonly" : "inactive";
}

function mediaOf(slot: Slot, audio: AudioLine | undefined, local: LocalEnd): sdpMedia {
  if (audio === undefined) {
    return {
      type: slot.type,
      port: 0,
      protocol: slot.protocol,
      payloads: slot.formats.join(" "),
      rtp: [],
      fmtp: [],
    };
  }
  const rtp = audio.codecs.map(({ codec, payloadType }) => ({ payload: payloadType, codec, rate: 8_000 }));
  const fmtp: { payload: number; config: string }[] = [];
  if (audio.telephoneEventPayloadType !== undefined) {
    rtp.push({ payload: audio.telephoneEventPayloadType, codec: "telephone-event" as Codec, rate: 8_000 });
    fmtp.push({ payload: audio.telephoneEventPayloadType, config: "0-16" });
  }
  return {
    type: "audio",
    port: local.rtpPort,
    protocol: slot.protocol,
    payloads: rtp.map(({ payload }) => payload).join(" "),
    rtp,
    fmtp,
    ptime: 20,
    rtcp: { port: local.rtcpPort },
    direction: audio.direction,
    crypto: audio.crypto.map(cryptoLineOf),
  };
}

type sdpMedia = Parameters<typeof sdpTransform.write>[0]["media"][number];

function write(local: LocalEnd, version: number, media: sdpMedia[]): string {
  const ipVersion = local.address.includes(":") ? 6 : 4;
  return sdpTransform.write({
    version: 0,
    origin: {
      username: "-",
      sessionId: local.sessionId,
      sessionVersion: version,
      netType: "IN",
      ipVer: ipVersion,
      address: local.address,
    },
    name: "-",
    connection: { version: ipVersion, ip: local.address },
    timing: { start: 0, stop: 0 },
    media,
  });
}
