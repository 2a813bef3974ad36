/**
 * The network-abstraction records, as look-ups give them: plain, readonly, what is stored survives JSON.
 * They are made by the configuration file (`config-file.ts`) and stand in the database.
 */
import type {
  CallCenterId,
  PageId,
  PhoneName,
  RouteId,
  SubjectId,
  SubscriberId,
  TrunkId,
} from "#base/ids.ts";
import type { PhoneDigest } from "#contract/telecom.ts";

export type Language = "en" | "es";
/** A text in each language it was given in; the first one is the fallback. */
export type Texts = Readonly<Partial<Record<Language, string>>>;

export interface Subscriber {
  readonly id: SubscriberId;
  readonly name: string;
  /** Origins that are the subscriber's own, verified by the operator: `https://www.bank.example`. */
  readonly origins: readonly string[];
  /** ISO 3166-1 alpha-2; how a number without a country code is read. */
  readonly defaultCountry: string;
  /** Countries whose numbers may be called. */
  readonly allowedCountries: readonly string[];
  /** A private numbering plan for intranets: numbers that match are dialled as they stand. */
  readonly privateNumbers?: { readonly pattern: string };
  readonly defaultLanguage: Language;
  readonly brand: { readonly accentColor?: string; readonly logoUrl?: string };
  /** The subscriber's own content beside the progress on the connect page: plain text paragraphs and links. */
  readonly connectContent: Texts;
  /** Public keys (JWK) or secrets that verify the subscriber's click tokens, newest first; rotated by adding. */
  readonly tokenKeys: readonly JsonWebKeyRecord[];
  readonly trunkForUsers: TrunkId;
  /** Visitors may talk from the browser, and need no telephone. */
  readonly browserCalls?: true;
  readonly policy: Policy;
}

export interface JsonWebKeyRecord {
  readonly kid: string;
  readonly kty: string;
  readonly alg: string;
  readonly [member: string]: unknown;
}

export interface Policy {
  readonly legOrder: "user-first" | "center-first" | "both-at-once";
  readonly userRingSeconds: number;
  readonly centerRingSeconds: number;
  /** When the visitor must agree by key on the telephone before the center is called. */
  readonly confirmation: "always" | "unless-signed" | "never";
  readonly confirmationSeconds: number;
  readonly signOn: {
    /** The digits of an optional PIN, keyed before `key`. */
    readonly pin?: string;
    readonly key: "#" | "*";
    readonly seconds: number;
    readonly asks: number;
    readonly whenNobody: "hang-up" | "next-route" | "bridge";
  };
  readonly digitPauseSeconds: number;
  readonly maxCallMinutes: number;
  readonly announcements: Announcements;
  readonly limits: Limits;
}

/** Each is spoken text by language, or a WAV file of the operator's. `{subscriber}`, `{subject}` stand for their names. */
export interface Announcements {
  readonly userGreeting?: Announcement;
  readonly userConfirm?: Announcement;
  readonly callingCenter?: Announcement;
  readonly signOnPrompt?: Announcement;
  readonly centerUnavailable?: Announcement;
  readonly goodbye?: Announcement;
}
export type Announcement = { readonly text: Texts } | { readonly file: string };

/** Calls per rolling window. Exceeding one refuses the click; nothing is dialled. */
export interface Limits {
  readonly perNumberPer10Minutes: number;
  readonly perNumberPerDay: number;
  readonly perAddressPerHour: number;
  readonly perPrefixPerHour: number;
  readonly perSubscriberPerHour: number;
  readonly perSubscriberAtOnce: number;
}

export interface Subject {
  readonly subscriber: SubscriberId;
  readonly id: SubjectId;
  readonly name: Texts;
  /** What the agent hears: `{subject}`, `{page}`, `{code}` (spelled), `{reference}` (digits), `{pause}`. */
  readonly whisper: Texts;
}

export interface CallCenter {
  readonly id: CallCenterId;
  readonly subscriber: SubscriberId;
  readonly name: string;
  readonly timeZone: string;
  readonly hours: OpeningHours;
}

/** Local times of the center's zone. A weekday without spans is closed; a holiday's spans replace its weekday's. */
export interface OpeningHours {
  readonly weekly: Readonly<Record<Weekday, readonly Span[]>>;
  readonly holidays: readonly {
    readonly date: string;
    readonly name?: string;
    readonly spans: readonly Span[];
  }[];
}
export type Weekday = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
/** `HH:MM` to `HH:MM`, the end exclusive; `24:00` is midnight's end; an end before its start crosses midnight. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

/** Over a trunk, or to a phone that registers with us. */
export type Route = RouteToCenter &
  (
    | { readonly trunk: TrunkId; readonly phone?: undefined }
    | { readonly phone: PhoneName; readonly trunk?: undefined }
  );

interface RouteToCenter {
  readonly id: RouteId;
  readonly subscriber: SubscriberId;
  readonly subject: SubjectId;
  readonly center: CallCenterId;
  /** The number to reach the center by, or the phone's name; in the record. */
  readonly number: string;
  /** What the center takes as dialled: user part of To, and over a trunk of the Request-URI. */
  readonly dnis: string;
  /** Lower first; equal orders are drawn by weight. */
  readonly order: number;
  readonly weight: number;
  /** Visitor's countries by number, and address prefixes (CIDR); empty means all. */
  readonly allowedCountries: readonly string[];
  readonly allowedAddresses: readonly string[];
  /** Digits to send after the answer, through an IVR, before the sign-on: `w` waits half a second. */
  readonly postDialDigits?: string;
  readonly showAni: boolean;
}

/** How a call's audio goes: plain, or by SRTP with its keys in the session description, or not at all. */
export type Media = "rtp" | "srtp";

export interface Trunk {
  readonly id: TrunkId;
  readonly host: string;
  readonly port?: number;
  readonly transport: "udp" | "tcp" | "tls";
  readonly domain?: string;
  readonly credentials?: { readonly username: string; readonly password: string; readonly realm?: string };
  readonly codecs: readonly ("PCMU" | "PCMA")[];
  readonly media: Media;
  /** How E.164 numbers are written in the Request-URI: `+14155550100`, or `14155550100`. */
  readonly numberFormat: "e164" | "e164-no-plus";
  /** Calling number for legs to visitors (the subscriber's own, or the operator's). */
  readonly callerId?: string;
}

/** A subscriber's own telephone, which registers with us. */
export interface Phone {
  readonly subscriber: SubscriberId;
  /** What it logs in as, and the user part of its address: `bob.bank`. */
  readonly name: PhoneName;
  /** Of its password, which is nowhere. */
  readonly digest: PhoneDigest;
  readonly media: Media;
}

export interface LibraryPage {
  readonly subscriber: SubscriberId;
  readonly id: PageId;
  readonly title: Texts;
  /** A page stored with the platform (`{ text }`), or an address on one of the subscriber's origins. */
  readonly content:
    | { readonly type: "url"; readonly url: string }
    | { readonly type: "text"; readonly text: Texts };
}

/** A subscriber's digit map: `12` -> page. */
export interface DigitMapping {
  readonly subscriber: SubscriberId;
  readonly digits: string;
  readonly page: PageId;
}
