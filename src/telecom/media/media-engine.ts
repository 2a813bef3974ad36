import type { BridgeId, LegId, PlayId } from "#base/ids.ts";
import type { Digit, PlayEnd } from "#contract/telecom.ts";
import type { SdpStanding } from "../sdp/session-description.ts";
import type { StreamMark } from "./outbound-stream.ts";
import type { PeerStanding } from "./peer-lock.ts";

/**
 * The media port: terminations, what they play, and what joins them. Terms follow H.248 and JSR 309.
 * Two engines may stand behind it (our own; rtpengine later); `media-contract.ts` is the test both must pass.
 *
 * Rules: `play` replaces bridge audio towards that termination alone, and bridge audio comes back by itself. Join and play
 * need no re-INVITE. Towards each phone there is one SSRC with continuous sequence numbers and timestamps; another one only
 * with another SRTP key, or of SRTP that was taken up from another process. One `dtmf` event a key press. `unjoin` is silent both ways. Every verb is safe to say twice. Verbs are
 * carried out in the order in which they are said: one need not be waited for before the next is said.
 */
export interface MediaEngine {
  /** Binds an RTP/RTCP port pair. Throws MEDIA_EXHAUSTED when none is free. */
  createTermination(wish: TerminationWish): Promise<void>;
  /** Takes a termination up where another process left it: the same ports, the same stream. Rejects when its ports are taken. */
  restoreTermination(standing: TerminationStanding): Promise<void>;
  /** Our session description, for an INVITE of ours or a late offer (RFC 3264 5). */
  createOffer(termination: LegId): Promise<string>;
  /**
   * The far end's answer to `createOffer` (early or final; a later one replaces it). Throws SDP_UNACCEPTABLE.
   * @param signallingAddress the IP address that the SIP message came from. When the description names a private address
   *   (a phone behind a NAT), RTP from this address is learned as the far end's; without it nothing is ever learned.
   */
  setAnswer(termination: LegId, sdp: string, signallingAddress?: string): Promise<void>;
  /** The far end's offer (re-INVITE, UPDATE, hold), answered. Throws SDP_UNACCEPTABLE and changes nothing then. */
  createAnswer(termination: LegId, offer: string, signallingAddress?: string): Promise<string>;

  /**
   * Audio is mu-law, 8 kHz, mono, `audio.length` octets = samples; the engine frames it by 20 ms on an absolute-time wheel. It is
   * read alone: in memory that threads share, the same audio may be played to many at once, and is copied for none.
   */
  play(wish: PlayWish): Promise<void>;
  stopPlay(termination: LegId, play: PlayId): Promise<void>;
  /** Sends RFC 4733 events (or tones in-band where none were negotiated): 100 ms each, 100 ms apart; `w` is 500 ms. */
  sendDtmf(termination: LegId, digits: string): Promise<void>;

  /** Both hear each other. Digits of the `blockDigitsFrom` terminations are heard by nobody beyond the first 40 ms. */
  join(wish: {
    bridge: BridgeId;
    terminations: readonly [LegId, LegId];
    blockDigitsFrom: readonly LegId[];
  }): Promise<void>;
  unjoin(bridge: BridgeId): Promise<void>;
  release(termination: LegId): Promise<void>;

  stats(termination: LegId): Promise<TerminationStats | undefined>;
  /** What exists, for recovery and for tests that look for leftovers. */
  audit(): Promise<{
    readonly terminations: readonly LegId[];
    readonly bridges: readonly BridgeId[];
    readonly plays: readonly PlayId[];
  }>;
  onEvent(listener: (event: MediaEvent) => void): () => void;
  close(): Promise<void>;
}

export type Codec = "PCMU" | "PCMA";

/** `srtp`: RTP/SAVP with keys in the session description (RFC 3711, RFC 4568), and nothing else; `rtp`: plain RTP/AVP. */
export type MediaTransport = "rtp" | "srtp";

export interface TerminationWish {
  readonly termination: LegId;
  /** The address that we bind and name in the session description. */
  readonly address: string;
  /** What the session description names instead, behind a 1:1 NAT. */
  readonly advertisedAddress?: string;
  /** In order of preference. */
  readonly codecs: readonly Codec[];
  readonly transport: MediaTransport;
}

/** All of a termination that a phone would miss, as plain JSON. What it played, and the keys that were down, are not in it. */
export interface TerminationStanding {
  readonly wish: TerminationWish;
  readonly rtpPort: number;
  readonly session: SdpStanding;
  readonly rtpPeer: PeerStanding;
  readonly rtcpPeer: PeerStanding;
  readonly stream: StreamMark;
  /** With SRTP: how far each of the far end's sources has got, by SSRC (RFC 3711 3.3.1). */
  readonly sources: readonly (readonly [ssrc: number, index: number])[];
  /** The moment of `stream.timestamp`, by the wall clock. */
  readonly atMs: number;
}

export interface PlayWish {
  readonly termination: LegId;
  readonly play: PlayId;
  readonly audio: Uint8Array;
  readonly loop: boolean;
  readonly barge: boolean;
}

export type MediaEvent =
  /**
   * What `restoreTermination` needs: after each verb that changes it and before that verb resolves, and now and then while
   * packets flow.
   */
  | { readonly type: "standing"; readonly termination: LegId; readonly standing: TerminationStanding }
  /** The first accepted RTP packet of the far end. */
  | { readonly type: "mediaStarted"; readonly termination: LegId; readonly atMs: number }
  | {
      readonly type: "dtmf";
      readonly termination: LegId;
      readonly digit: Digit;
      readonly durationMs: number;
      readonly via: "rfc4733" | "inband";
      readonly atMs: number;
    }
  | {
      readonly type: "playFinished";
      readonly termination: LegId;
      readonly play: PlayId;
      readonly end: PlayEnd;
      readonly atMs: number;
    }
  /** No RTP and no RTCP for the time the engine was told (default 60 s; none while the far end holds); again each such time. */
  | { readonly type: "mediaTimeout"; readonly termination: LegId; readonly atMs: number }
  /** What held this termination has died: it is gone, whatever its state was, and cannot be had again. */
  | { readonly type: "nodeLost"; readonly termination: LegId; readonly atMs: number };

export interface TerminationStats {
  readonly codec: Codec | undefined;
  readonly telephoneEventPayloadType: number | undefined;
  readonly localPort: number;
  readonly remote: { readonly address: string; readonly port: number } | undefined;
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly packetsLost: number;
  /** Packets that came from another than the negotiated peer, or not as its SRTP's key says or a second time, and were dropped. */
  readonly packetsRefused: number;
  /** RFC 3550 6.4.1, in ms. */
  readonly jitterMs: number;
}
