/**
 * The words between the call manager and the telecommunications unit, one JSON object a line over a local socket.
 *
 * Every command names what it makes (`leg`, `play`, `bridge`), so saying it twice is saying it once. When a client connects,
 * the unit first sends a `snapshot` of all its legs, then events as they happen. A leg that ended stays in the snapshot
 * until the client says `forget`, and digits stay until `take-digits`, so nothing is missed while the client was away. All of it
 * outlives the unit's own process but what was being played: that is to be said again.
 * The unit knows legs, and which phones may register; it knows no calls, no subscribers and no business data.
 */
import type { BridgeId, LegId, PermitId, PhoneName, PlayId } from "#base/ids.ts";
import Type from "typebox";
import { range, wireRange } from "./versions.ts";

/** The version in which a unit says its snapshot, before it knows whom it speaks to. */
export const wireVersion = wireRange.oldest;

const legId = Type.Unsafe<LegId>(Type.String({ minLength: 1, maxLength: 80 }));
const playId = Type.Unsafe<PlayId>(Type.String({ minLength: 1, maxLength: 100 }));
const bridgeId = Type.Unsafe<BridgeId>(Type.String({ minLength: 1, maxLength: 100 }));
const permitId = Type.Unsafe<PermitId>(Type.String({ minLength: 1, maxLength: 60 }));
export const phoneName = Type.Unsafe<PhoneName>(
  Type.String({ pattern: "^[a-z0-9](?:[a-z0-9.-]{0,79}[a-z0-9])?$" }),
);
const momentMs = Type.Integer({ minimum: 0 });
const digit = Type.Unsafe<Digit>(Type.String({ pattern: "^[0-9*#A-D]$" }));

export type Digit =
  | "0"
  | "1"
  | "2"
  | "3"
  | "4"
  | "5"
  | "6"
  | "7"
  | "8"
  | "9"
  | "*"
  | "#"
  | "A"
  | "B"
  | "C"
  | "D";

/** Of a trunk's login, in characters. The configuration file is held to the same, so that no dial is refused for it. */
export const longestCredential = { username: 100, password: 200, realm: 200 } as const;

/** No control characters: what is quoted in a SIP header must not end its line. */
export const trunkCredentials = Type.Object({
  username: credential(longestCredential.username),
  password: credential(longestCredential.password),
  realm: Type.Optional(credential(longestCredential.realm)),
});

function credential(maxLength: number): Type.TString {
  return Type.String({ maxLength, pattern: "^[^\\u0000-\\u001f\\u007f]*$" });
}

const codecs = Type.Array(Type.Union([Type.Literal("PCMU"), Type.Literal("PCMA")]), {
  minItems: 1,
  maxItems: 2,
});

/**
 * How a leg's audio goes: `srtp` is RTP/SAVP with its keys in the session description (RFC 4568), or no call at all; `rtp`, the
 * same as nothing said, is plain RTP.
 */
const media = Type.Optional(Type.Union([Type.Literal("rtp"), Type.Literal("srtp")]));

/** A trunk's address, not a trunk's id, so the unit needs no table. */
const trunkTarget = Type.Object({
  type: Type.Literal("trunk"),
  /** `host:port` of the trunk's next hop: an IP address or a name (RFC 3263). */
  host: Type.String({ minLength: 1, maxLength: 255 }),
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
  /** Over `tls` the far end's certificate must be for `host`. */
  transport: Type.Union([Type.Literal("udp"), Type.Literal("tcp"), Type.Literal("tls")]),
  /** User part of the Request-URI and of To: the number, or the DNIS at a call center. */
  user: Type.String({ pattern: "^[A-Za-z0-9+*#._-]{1,64}$" }),
  /** Host part of the Request-URI when it is not `host`. */
  domain: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  credentials: Type.Optional(trunkCredentials),
  codecs,
  media,
});
export type TrunkTarget = Type.Static<typeof trunkTarget>;

/** RFC 7616 3.2: what a phone logs in at; one for the whole platform. A digest of another realm proves nothing here. */
export const phoneRealm = "tandem";

/** RFC 7616 3.4.2: H(name ":" realm ":" password) in hex, by hash. The password itself is nowhere. */
export const phoneDigest = Type.Object({
  md5: Type.Optional(Type.String({ pattern: "^[0-9a-f]{32}$" })),
  sha256: Type.Optional(Type.String({ pattern: "^[0-9a-f]{64}$" })),
});
export type PhoneDigest = Type.Static<typeof phoneDigest>;

/**
 * A phone that registers with us: it rings wherever it is registered at that moment, and is unreachable when it is not. One with
 * `srtp` rings where it registered over TLS alone: over anything else its keys could be read on the way.
 */
const phoneTarget = Type.Object({
  type: Type.Literal("phone"),
  phone: phoneName,
  /** User part of To: the DNIS. The Request-URI is the phone's own Contact. */
  user: Type.String({ pattern: "^[A-Za-z0-9+*#._-]{1,64}$" }),
  codecs,
  media,
  /** A phone that only this leg knows: it may register for as long as the leg lives, and is rung as soon as it has. */
  guest: Type.Optional(Type.Object({ digest: phoneDigest })),
});
export type PhoneTarget = Type.Static<typeof phoneTarget>;

/** Where and how a leg is dialled. */
export const dialTarget = Type.Union([trunkTarget, phoneTarget]);
export type DialTarget = Type.Static<typeof dialTarget>;

/** `phone` is what the phone logs in as, and the user part of its address of record. */
const admittedPhone = Type.Object({ phone: phoneName, digest: phoneDigest });
export type AdmittedPhone = Type.Static<typeof admittedPhone>;

/** So that a part fits a line of the wire, and the unit's memory has a bound. */
export const mostPhones = { inPart: 500, parts: 40 } as const;

/** What the called side learns of the caller, and TAG2. Values are checked again by the SIP serializer. */
export const legIdentity = Type.Object({
  /** Calling number: From and P-Asserted-Identity (RFC 3325). Absent: anonymous (RFC 3323). */
  callingNumber: Type.Optional(Type.String({ pattern: "^\\+?[0-9]{1,20}$" })),
  callingName: Type.Optional(Type.String({ maxLength: 60 })),
  /** Hex digits of the User-to-User payload (RFC 7433). */
  userToUserHex: Type.Optional(Type.String({ pattern: "^(?:[0-9a-f]{2}){1,128}$" })),
  /** Value of `X-Tandem-Context`. */
  xContext: Type.Optional(Type.String({ pattern: "^[\\x21-\\x7e]{1,200}$" })),
});
export type LegIdentity = Type.Static<typeof legIdentity>;

const textSegment = Type.Object({
  type: Type.Literal("text"),
  text: Type.String({ maxLength: 200 }),
  /** The subscriber's own words, said to everybody: they may be kept even out of a private prompt. */
  common: Type.Optional(Type.Literal(true)),
});

/** One piece of what is said: spoken text, a spelled code, digits, silence, a WAV file of the operator's, a tone. */
export const segment = Type.Union([
  textSegment,
  Type.Object({
    type: Type.Literal("spell"),
    text: Type.String({ maxLength: 64 }),
    alphabet: Type.Union([Type.Literal("plain"), Type.Literal("nato")]),
  }),
  Type.Object({ type: Type.Literal("digits"), digits: Type.String({ pattern: "^[0-9*#+]{1,40}$" }) }),
  Type.Object({ type: Type.Literal("pause"), ms: Type.Integer({ minimum: 20, maximum: 5000 }) }),
  Type.Object({
    type: Type.Literal("file"),
    path: Type.String({ minLength: 1, maxLength: 400 }),
    /** Spoken where the file cannot be heard; nobody agrees to a beep. */
    instead: Type.Optional(Type.Array(textSegment, { maxItems: 20 })),
  }),
  Type.Object({
    type: Type.Literal("tone"),
    tone: Type.Union([
      Type.Literal("confirm"),
      Type.Literal("refuse"),
      Type.Literal("ringback"),
      Type.Literal("beep"),
    ]),
  }),
]);
export type Segment = Type.Static<typeof segment>;

export const prompt = Type.Object({
  language: Type.Union([Type.Literal("en"), Type.Literal("es")]),
  segments: Type.Array(segment, { minItems: 1, maxItems: 20 }),
  /** A private prompt (whisper, names, numbers) is never kept on disk nor in the shared cache, but for its common texts. */
  private: Type.Boolean(),
});
export type Prompt = Type.Static<typeof prompt>;

export const hangUpReason = Type.Union([
  Type.Literal("normal"),
  Type.Literal("busy"),
  Type.Literal("declined"),
  Type.Literal("unavailable"),
  Type.Literal("time-limit"),
]);
export type HangUpReason = Type.Static<typeof hangUpReason>;

export const command = Type.Union([
  Type.Object({
    type: Type.Literal("dial"),
    leg: legId,
    /** The durable dial permit this INVITE uses up; the unit refuses a dial without one and one permit dials one leg. */
    permit: permitId,
    target: dialTarget,
    identity: legIdentity,
    /** CANCEL when it still rings at this moment. A stored moment, so that a crash does not stretch the ring. */
    ringUntilMs: momentMs,
    /** BYE at the latest at this moment, whatever becomes of the client. */
    endAtMs: momentMs,
  }),
  /** Plays to this leg alone, in place of what the bridge sends it. `barge`: any digit of this leg ends it. */
  Type.Object({
    type: Type.Literal("play"),
    leg: legId,
    play: playId,
    prompt,
    loop: Type.Boolean(),
    barge: Type.Boolean(),
  }),
  Type.Object({ type: Type.Literal("stop-play"), leg: legId, play: playId }),
  /** Joins two answered legs. `blockDigitsFrom` legs are heard without their telephone-events and tones. */
  Type.Object({
    type: Type.Literal("bridge"),
    bridge: bridgeId,
    legs: Type.Tuple([legId, legId]),
    blockDigitsFrom: Type.Array(legId, { maxItems: 2 }),
  }),
  Type.Object({ type: Type.Literal("unbridge"), bridge: bridgeId }),
  /** Touch-tones out (patent, TAG2 by DTMF; an IVR before the agents). `id` makes a repetition harmless. */
  Type.Object({
    type: Type.Literal("send-digits"),
    leg: legId,
    id: Type.String({ minLength: 1, maxLength: 100 }),
    digits: Type.String({ pattern: "^[0-9*#A-Dw]{1,40}$" }),
  }),
  /** Ends the leg: CANCEL, BYE or nothing, as its state asks. */
  Type.Object({ type: Type.Literal("hang-up"), leg: legId, reason: hangUpReason }),
  /** The client has noted every digit up to `throughSeq`: the unit need not keep them. */
  Type.Object({ type: Type.Literal("take-digits"), leg: legId, throughSeq: Type.Integer({ minimum: 0 }) }),
  /** The client has noted that this leg ended. */
  Type.Object({ type: Type.Literal("forget"), leg: legId }),
  /**
   * All phones that may register, in place of those before. `edition` names the whole set, which holds once each of its `parts`
   * has come, in any order; said again it changes nothing. A phone that is not in it any more, or whose password is another one,
   * is registered no longer. A unit that was started anew has none: the client says them after each snapshot.
   */
  Type.Object({
    type: Type.Literal("admit-phones"),
    edition: Type.String({ minLength: 1, maxLength: 64 }),
    part: Type.Integer({ minimum: 1, maximum: mostPhones.parts }),
    parts: Type.Integer({ minimum: 1, maximum: mostPhones.parts }),
    phones: Type.Array(admittedPhone, { maxItems: mostPhones.inPart }),
  }),
]);
export type Command = Type.Static<typeof command>;

/**
 * Not to the lines but to the door, first of all, where the snapshot says what the unit speaks: what the client does. A client that
 * says none speaks version 2.
 */
export const hello = Type.Object({ type: Type.Literal("hello"), speaks: range });

/** Not to the lines but to the door: tell this client every SIP message as it goes, until then. To look on it is said again. */
export const trace = Type.Object({ type: Type.Literal("trace"), untilMs: momentMs });

/** To a client that said `trace`. Passwords' proofs and media keys are left out of `text`; a long message is cut. */
export const sipMessage = Type.Object({
  type: Type.Literal("sip-message"),
  atMs: momentMs,
  direction: Type.Union([Type.Literal("in"), Type.Literal("out")]),
  transport: Type.String({ maxLength: 10 }),
  /** `address:port` of the far end. */
  remote: Type.String({ maxLength: 100 }),
  text: Type.String(),
});
export type SipMessageSeen = Type.Static<typeof sipMessage>;

/** Not to the lines but to the door: how are you? This client alone is answered, by `figures`. */
export const figuresWish = Type.Object({ type: Type.Literal("figures") });

const loopLag = Type.Object({ meanMs: Type.Number(), p99Ms: Type.Number(), longestMs: Type.Number() });
const count = Type.Integer({ minimum: 0 });

const activeResources = Type.Object({ timers: count, sockets: count, others: count });

/** The unit's own figures, for metrics and for who sheds load. Counts are since its start. */
export const unitFigures = Type.Object({
  type: Type.Literal("figures"),
  atMs: momentMs,
  /** Of all its threads. */
  cpuSeconds: Type.Number({ minimum: 0 }),
  residentOctets: count,
  /** How late its threads' event loops were: SIP's, and media's. */
  mainLag: loopLag,
  mediaLag: loopLag,
  /** What keeps the same threads awake. A unit of another version may not tell. */
  mainResources: Type.Optional(activeResources),
  mediaResources: Type.Optional(activeResources),
  portPairs: Type.Object({ used: count, all: count }),
  /** RTP and RTCP packets from others than the negotiated peers. */
  rtpRefused: count,
  /** SIP requests that belong to no call of ours, and REGISTERs that were refused. */
  sipStrays: count,
  registersRefused: count,
  /** SIP transactions that are not over. */
  transactions: Type.Object({ clients: count, servers: count }),
  /** Told to clients, and not read by them yet. */
  unreadOctets: count,
});
export type UnitFigures = Type.Static<typeof unitFigures>;

/** Why a leg ended, in the field's words; `sipStatus` beside it tells the wire's. */
export const legEndCause = Type.Union([
  Type.Literal("hung-up-by-far-end"),
  Type.Literal("hung-up-by-us"),
  Type.Literal("busy"),
  Type.Literal("no-answer"),
  Type.Literal("declined"),
  Type.Literal("unreachable"),
  Type.Literal("cancelled"),
  Type.Literal("media-lost"),
  Type.Literal("time-limit"),
  Type.Literal("failed"),
]);
export type LegEndCause = Type.Static<typeof legEndCause>;

const keyedDigit = Type.Object({
  /** 1 for a leg's first digit, then one more each: a digit is taken once by its number. */
  seq: Type.Integer({ minimum: 1 }),
  digit,
  atMs: momentMs,
  durationMs: Type.Integer({ minimum: 0 }),
  via: Type.Union([Type.Literal("rfc4733"), Type.Literal("info"), Type.Literal("inband")]),
});
export type KeyedDigit = Type.Static<typeof keyedDigit>;

const playEnd = Type.Union([
  Type.Literal("done"),
  Type.Literal("stopped"),
  Type.Literal("barged"),
  Type.Literal("failed"),
  Type.Literal("leg-ended"),
]);
export type PlayEnd = Type.Static<typeof playEnd>;

/** All that the unit knows of one leg. */
export const legState = Type.Object({
  leg: legId,
  state: Type.Union([
    Type.Literal("dialing"),
    Type.Literal("ringing"),
    Type.Literal("answered"),
    Type.Literal("ended"),
  ]),
  dialedAtMs: momentMs,
  ringingAtMs: Type.Optional(momentMs),
  answeredAtMs: Type.Optional(momentMs),
  endedAtMs: Type.Optional(momentMs),
  endCause: Type.Optional(legEndCause),
  sipStatus: Type.Optional(Type.Integer({ minimum: 100, maximum: 699 })),
  /** The SIP Call-ID, for whoever compares with the far end's log. */
  sipCallId: Type.Optional(Type.String()),
  bridge: Type.Optional(bridgeId),
  /** Digits not yet taken, oldest first; at most 256 are kept, the oldest go. A snapshot of very many legs tells fewer. */
  digits: Type.Array(keyedDigit),
  /** What plays now, and how each play that ended did (the last 50). */
  playing: Type.Optional(playId),
  played: Type.Record(Type.String(), playEnd),
  onHold: Type.Boolean(),
});
export type LegState = Type.Static<typeof legState>;

export const event = Type.Union([
  /** First on every connection. `unitBoot` names the memory of these legs: a unit that died and took them up again keeps it. */
  Type.Object({
    type: Type.Literal("snapshot"),
    wireVersion: Type.Integer(),
    /** All that the unit understands: that version alone, unless told. */
    speaks: Type.Optional(range),
    unitBoot: Type.String(),
    atMs: momentMs,
    legs: Type.Array(legState),
  }),
  Type.Object({ type: Type.Literal("leg-ringing"), leg: legId, atMs: momentMs, earlyMedia: Type.Boolean() }),
  Type.Object({ type: Type.Literal("leg-answered"), leg: legId, atMs: momentMs, sipCallId: Type.String() }),
  Type.Object({
    type: Type.Literal("leg-ended"),
    leg: legId,
    atMs: momentMs,
    cause: legEndCause,
    sipStatus: Type.Optional(Type.Integer()),
  }),
  Type.Object({ type: Type.Literal("leg-held"), leg: legId, atMs: momentMs, onHold: Type.Boolean() }),
  Type.Object({ type: Type.Literal("digit"), leg: legId, key: keyedDigit }),
  Type.Object({ type: Type.Literal("play-ended"), leg: legId, play: playId, end: playEnd, atMs: momentMs }),
  Type.Object({ type: Type.Literal("bridged"), bridge: bridgeId, atMs: momentMs }),
  Type.Object({ type: Type.Literal("unbridged"), bridge: bridgeId, atMs: momentMs }),
  /** A command that cannot be carried out: unknown leg, a permit used before, a wrong shape. The sender logs it. */
  Type.Object({
    type: Type.Literal("refused"),
    command: Type.String(),
    leg: Type.Optional(Type.String()),
    why: Type.String(),
    atMs: momentMs,
  }),
]);
export type TelecomEvent = Type.Static<typeof event>;
