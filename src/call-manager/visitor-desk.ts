import type { CallId, PageId, SubjectId, SubscriberId } from "#base/ids.ts";
import type { ContextFields, InteractionContext } from "#contract/interaction-context.ts";

/**
 * What the visitor's pages must know of the network-abstraction database before and beside a call: read-only, and cut down to
 * what may be shown to the public. Made by `openVisitorDesk` of `open-visitor-desk.ts`.
 */
export interface VisitorDesk {
  /**
   * 201-202. Makes TAG1 of a click. What the token says is verified, what stands bare beside it is not; a token that is
   * expired, foreign or broken counts as none and is told in `token`, so that the page can say why a number is asked for again.
   */
  readClick(click: Click): Promise<ClickAnswer>;
  /** 203. May this visitor be connected now? The same question is asked again, bindingly, by `beginCall`. */
  availability(wish: {
    readonly subscriber: SubscriberId;
    readonly subject: SubjectId;
    readonly ipAddress: string;
  }): Promise<Availability>;
  subscriber(id: SubscriberId): Promise<SubscriberFace | undefined>;
  subject(subscriber: SubscriberId, subject: SubjectId): Promise<SubjectFace | undefined>;
  /** Every subject of a subscriber, for the refused page ("what else can be done") and the demo's site. */
  subjects(subscriber: SubscriberId): Promise<readonly SubjectFace[]>;
  /**
   * 217. The library page that was pushed in this call, or undefined when it was not: a library page is shown to whom an
   * agent pushed it, and to nobody else.
   */
  pushedPage(call: CallId, page: PageId): Promise<LibraryPageFace | undefined>;
}

/** As it stood in the URL; every string already bounded by the presentation's schema. */
export interface Click {
  readonly subscriber: string;
  readonly subject: string;
  /** The compact JWS of the subscriber's site, if the link carried one. */
  readonly token?: string;
  /** The bare fields beside it. */
  readonly bare: ContextFields;
}

export type ClickAnswer =
  | {
      readonly type: "understood";
      readonly context: InteractionContext;
      readonly token: TokenReading;
      readonly subscriber: SubscriberFace;
      readonly subject: SubjectFace;
      /**
       * 203-204. The number to offer for confirmation: the token's if it carried one, else the bare one (unverified, shown as
       * such). `e164` is there when it could be parsed. `signed` goes into `CallWish.phoneSigned` if the visitor submits it unchanged.
       */
      readonly phone?: { readonly asGiven: string; readonly e164?: string; readonly signed: boolean };
    }
  | { readonly type: "unknown-subscriber" }
  | { readonly type: "unknown-subject"; readonly subscriber: SubscriberFace };

export type TokenReading =
  | { readonly type: "none" }
  /** `tokenId` goes into `CallWish.tokenId`: it may start one call. */
  | { readonly type: "verified"; readonly tokenId: string; readonly expiresAtMs: number }
  | { readonly type: "refused"; readonly why: "expired" | "not-verifiable" | "for-another-subject" };

export type Availability =
  | { readonly type: "open" }
  | { readonly type: "closed"; readonly opensAtMs?: number; readonly timeZone: string }
  | { readonly type: "outside-region" }
  | { readonly type: "platform-stopped" };

/** Texts by language; the subscriber's default language is the fallback, then whichever is there. */
export type TextsByLanguage = Readonly<Partial<Record<"en" | "es", string>>>;

/** What may be shown of a subscriber. */
export interface SubscriberFace {
  readonly id: SubscriberId;
  readonly name: string;
  readonly defaultLanguage: "en" | "es";
  readonly accentColor?: string;
  readonly logoUrl?: string;
  /** Paragraphs beside the progress on the connect page (205). */
  readonly connectContent: TextsByLanguage;
  /** Origins that the subscriber owns: a pushed `url` page is on one of them; CSP's frame-src. */
  readonly origins: readonly string[];
  /** ISO 3166-1 alpha-2: how a number without a country code is read. */
  readonly defaultCountry: string;
  /** Countries whose numbers may be called. */
  readonly allowedCountries: readonly string[];
  /** When the telephone itself asks for `1` (209): the welcome page says so in advance. */
  readonly confirmation: "always" | "unless-signed" | "never";
  /** 206. Whose telephone rings first, where no consent is asked for. */
  readonly legOrder: "user-first" | "center-first" | "both-at-once";
  /** Whether visitors may talk from the browser, as far as the subscriber is asked. */
  readonly browserCalls?: true;
}

export interface SubjectFace {
  readonly id: SubjectId;
  readonly name: TextsByLanguage;
}

export interface LibraryPageFace {
  readonly id: PageId;
  readonly title: TextsByLanguage;
  readonly content:
    | { readonly type: "url"; readonly url: string }
    | { readonly type: "text"; readonly text: TextsByLanguage };
}
