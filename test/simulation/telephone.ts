import type { Digit } from "#contract/telecom.ts";

/** What a telephone does with a call, drawn before it comes. */
export interface Traits {
  readonly ringsAfterMs: number;
  readonly reaction:
    | { readonly type: "answers"; readonly afterMs: number }
    | { readonly type: "ignores" }
    | { readonly type: "declines"; readonly afterMs: number }
    | { readonly type: "rejects"; readonly status: number };
  readonly tellsKeysByInfo: boolean;
  /** By RTP and by INFO, as some do. */
  readonly tellsKeysTwice: boolean;
  /** RFC 4028: it wants the session refreshed. */
  readonly sessionSeconds: number | undefined;
  /** RFC 3311: else what is new is said by re-INVITE. */
  readonly takesUpdates: boolean;
  readonly neverAcknowledges: boolean;
}

export type OverBy =
  | "hung up"
  | "BYE came"
  | "cancelled"
  | "rejected"
  /** Challenged, and nothing came after that: nobody's telephone rang. */
  | "never proven"
  | "gave up"
  | "heard nothing"
  | "not acknowledged"
  | "unanswered"
  | "gone";

/** A call as its far end saw it. */
export interface FarFacts {
  readonly callId: string;
  /** The Request-URI's user part. */
  readonly user: string;
  readonly trunk: string;
  /** `X-Tandem-Context`, and every other header that tells of the caller. */
  readonly says: string;
  readonly traits: Traits;
  /** The six digits that name the call to an agent. */
  readonly reference: string | undefined;
  readonly invitedAtMs: number;
  ringingAtMs?: number;
  answeredAtMs?: number;
  cancelledAtMs?: number;
  over?: { readonly by: OverBy; readonly atMs: number };
  /** INVITEs that were no repetitions: one, and one more after a challenge. */
  invites: number;
  unacknowledged: number;
  unanswered: number;
  glare: number;
  readonly heard: string[];
  readonly heardDigits: Digit[];
  readonly pressed: { readonly atMs: number; readonly digit: Digit }[];
  readonly answers: { readonly method: string; readonly status: number }[];
}
