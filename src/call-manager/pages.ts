import type { CallId, PageId, SessionId } from "#base/ids.ts";

/**
 * What a visitor's browser shows, as the call flow says it. The truth is the `session_page` table, written in the same
 * transaction as the step that says it; `Pages` is only told to look again.
 */
export type SessionPage =
  /** 205. Progress of the call; `stage` moves on, the page stays. */
  | { readonly type: "connect"; readonly stage: ConnectStage }
  /**
   * 217. A page of the subscriber's library that the agent pushed. `push` counts a call's pushes from 1; pages that an older Tandem
   * pushed have none, and nobody waits to hear that they are shown.
   */
  | {
      readonly type: "pushed";
      readonly page: PageId;
      readonly title: string;
      readonly url: string;
      readonly push?: number;
    }
  /** 219. The end, happy or not. */
  | { readonly type: "disconnect"; readonly outcome: CallOutcome };

export type ConnectStage =
  | "placing"
  | "calling-you"
  | "confirm-on-phone"
  | "calling-center"
  | "agent-briefed"
  | "connected"
  | "ending";

/** How a call ended. Each has its own words on the disconnect page, in every language. */
export type CallOutcome =
  | "completed"
  | "visitor-cancelled"
  | "user-busy"
  | "user-no-answer"
  | "user-declined"
  | "user-unreachable"
  | "user-did-not-confirm"
  | "user-refused-calls"
  | "user-hung-up-early"
  | "center-busy"
  | "center-no-answer"
  | "center-declined"
  | "center-unreachable"
  | "center-closed"
  | "nobody-signed-on"
  | "agent-hung-up-early"
  | "not-permitted"
  | "time-limit"
  | "platform-failed";

/** What became of a pushed page: a browser has taken it and shows it; or none did in time, and it was taken back. */
export type PushResult = "shown" | "not-shown";

/** One row of a session's page log. `seq` counts from 1 in a session and is the Last-Event-ID of its live connection. */
export interface ShownPage {
  readonly session: SessionId;
  readonly call: CallId;
  readonly seq: number;
  readonly atMs: number;
  readonly page: SessionPage;
}

/** The port that the presentation implements: answers come back as events. */
export interface Pages {
  /** New rows stand in this session's page log. A hint: to miss one loses nothing. */
  changed(session: SessionId): void;
}
