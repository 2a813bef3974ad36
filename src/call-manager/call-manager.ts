import type { CallId, SessionId } from "#base/ids.ts";
import type { InteractionContext } from "#contract/interaction-context.ts";
import type { CallRecord } from "./call-record.ts";
import type { GuestLogin } from "./guest-phone.ts";
import type { NewJournalRow } from "#store/journal.ts";
import type { PushResult, SessionPage, ShownPage } from "./pages.ts";
import type { StepName } from "./web-call.ts";

/** The call manager's front: all that the presentation may ask of it. */
export interface CallManager {
  /**
   * 204-206. Writes the call and starts its flow. The same `ticket` gives the same call, however often it is sent
   * (double click, reload, back button); a session with a live call gets that one.
   */
  beginCall(wish: CallWish): Promise<BeginCallAnswer>;
  /** The visitor pressed "cancel" or "hang up" on the page. Safe to say twice, and too late. */
  cancelCall(call: CallId, session: SessionId): Promise<void>;
  /**
   * What the browser's telephone of a call logs in by, while the call is live: for the pages of its own session alone. Undefined for a
   * call to a telephone.
   */
  browserPhone(call: CallId, session: SessionId): Promise<GuestLogin | undefined>;
  /** The visitor closed a pushed page and goes back to the connect page. */
  closePushedPage(call: CallId, session: SessionId): Promise<void>;
  /**
   * The browser is about to show the pushed page of this number, and may where the answer is "shown": the page was taken back else, or
   * there is none. Safe to say twice. Undefined where the session has no such call.
   */
  pageShown(call: CallId, session: SessionId, push: number): Promise<PushResult | undefined>;
  /** The page log of a session after `afterSeq`, oldest first, at most 100 rows; what was taken back is not among them. */
  pagesAfter(session: SessionId, afterSeq: number): Promise<readonly ShownPage[]>;
  /** The session's newest call, live or ended, if it has one. */
  latestCall(session: SessionId): Promise<CallRecord | undefined>;
  call(call: CallId): Promise<CallRecord | undefined>;
  /** Newest first, at most 200. */
  calls(filter: {
    readonly subscriber?: string;
    readonly limit: number;
    readonly before?: CallId;
  }): Promise<readonly CallRecord[]>;
}

/** For whoever looks on. */
export interface WatchedCalls {
  /** What is written down of every call from now on, after its commit. Returns the end of it. */
  watch(watcher: (noted: Noted) => void): () => void;
  /** What was written down from that moment on, oldest first: what whoever looks on has missed. At most 500 rows. */
  rowsSince(atMs: number): Promise<readonly NewJournalRow[]>;
  /** The calls that go on here, each by the first of the steps that it is at. */
  inProgress(): readonly StepName[];
}

/** One checkpoint: its row of the journal, and the pages that came with it. */
export interface Noted {
  readonly row: NewJournalRow;
  readonly pages: readonly SessionPage[];
}

export interface CallWish {
  readonly session: SessionId;
  /** Idempotency key: the id of the welcome page's sealed form. */
  readonly ticket: string;
  readonly context: InteractionContext;
  /** The id of the subscriber's signed token, if the click carried one: it may start one call. */
  readonly tokenId?: string;
  /** As typed or as the token says; parsed here, never trusted. */
  readonly phone: string;
  /** Whether `phone` is the very number that the signed token carried. */
  readonly phoneSigned: boolean;
  /** The visitor talks from the browser: `phone` is empty, and nobody's telephone rings for them. */
  readonly fromBrowser?: true;
  /** 202. Of the visitor, or of the proxy that is trusted to name it. */
  readonly ipAddress: string;
  readonly language: "en" | "es";
}

export type BeginCallAnswer =
  | { readonly type: "begun"; readonly call: CallId; readonly resumed: boolean }
  /** Nothing was placed. The welcome page says why, and what else can be done. */
  | { readonly type: "refused"; readonly why: BeginCallRefusal; readonly opensAtMs?: number };

export type BeginCallRefusal =
  | "unknown-subject"
  | "number-impossible"
  | "number-type-not-allowed"
  | "country-not-allowed"
  | "number-refuses-calls"
  | "too-many-calls-to-number"
  | "too-many-calls-from-address"
  | "too-many-calls-for-subscriber"
  | "outside-hours"
  | "outside-region"
  | "token-already-used"
  | "platform-stopped"
  | "browser-not-allowed"
  /** The platform has all that it can do: later. */
  | "overloaded"
  | "unit-unreachable";
