import type { Random } from "#base/random.ts";
import type { SipTarget } from "../locate.ts";
import type { NameAddress } from "../message/headers.ts";
import type { HeaderLine, SipRequest, SipResponse } from "../message/message.ts";
import type { TrunkLogin } from "../auth/trunk-login.ts";
import type { Dialog } from "./dialog.ts";
import type { InfoDigit } from "./info-digit.ts";
import type { Redirection } from "./redirect.ts";
import type { SessionTimer } from "./session-timer.ts";

/**
 * A call that we make: the INVITE usage of RFC 3261 13 to 15 with its forks, as plain JSON. Nothing here waits or sends;
 * `step` gives the next state and what is to be done.
 *
 *              3xx, 401, 407, 422, 503, time-out, silence: the next attempt
 *                ┌──────┐
 *   begin ──> calling <─┘ ── 2xx: ACK ──> answered <──┐ re-INVITE, UPDATE, INFO, refresh
 *                │                            │ └─────┘
 *                │ 4xx..6xx, CANCEL           │ BYE either way, session expired
 *                └──────────> over <──────────┘
 *                              │ 32 s: late 2xx are ACKed and ended, a late BYE is answered
 *                           forgotten
 */
export interface OutgoingCall {
  readonly phase: "calling" | "answered" | "over";
  readonly wish: CallWish;
  /** CSeq of our latest request; never goes back. */
  readonly localSeq: number;
  /** Client transactions begun: each one's name is its number. */
  readonly begun: number;
  readonly attempt: Attempt;
  /** Attempts that were left because nothing had come, by transaction. Each may still speak up. */
  readonly left: Readonly<Record<string, Attempt>>;
  /** Addresses of the next hop still to try; the first is in use. */
  readonly targets: readonly SipTarget[];
  /** The first place and where 3xx responses led, and where they may lead yet. */
  readonly tried: readonly Redirection[];
  readonly toTry: readonly Redirection[];
  readonly login: TrunkLogin | undefined;
  readonly sessionSeconds: number;
  /** By the far end's tag: one each fork of the call. */
  readonly forks: Readonly<Record<string, Fork>>;
  /** The fork that we talk to. */
  readonly chosen: string | undefined;
  /** Set when the call is no longer wanted: CANCEL goes out as soon as it may. */
  readonly giveUp: { readonly headers: readonly HeaderLine[]; readonly cancelSent: boolean } | undefined;
  /** Our requests in a dialog whose final responses are awaited, by transaction. */
  readonly pending: Readonly<Record<string, PendingRequest>>;
  /** An offer of theirs that the media engine is answering. */
  readonly theirs: TheirRequest | undefined;
  /** Our 2xx to their re-INVITE, which the transaction layer repeats until its ACK comes (RFC 3261 13.3.1.4). */
  readonly awaitingAck: AwaitedAck | undefined;
  readonly session: SessionTimer | undefined;
  /** RFC 3261 14.1: when a request that met another (491) is tried again. */
  readonly glareUntilMs: number | undefined;
  /** When nothing of this call can come any more. */
  readonly forgetAtMs: number | undefined;
}

export interface CallWish {
  readonly callId: string;
  /** Request-URI of the first attempt. */
  readonly uri: string;
  /** With our tag. */
  readonly from: NameAddress;
  readonly to: NameAddress;
  /** URI of our Contact. */
  readonly contact: string;
  /** Identity, context and privacy: the same in every attempt. */
  readonly headers: readonly HeaderLine[];
  /** The way to a registered phone (RFC 3327), in the order of travel. */
  readonly routes?: readonly string[];
  readonly sdp: string;
  readonly credentials?: TrunkLogin["credentials"];
  /** Hosts that are this trunk: where a redirection may lead. */
  readonly hosts: readonly string[];
  readonly targets: readonly SipTarget[];
}

/** One INVITE transaction that is to begin the call. */
export interface Attempt {
  readonly tx: string;
  readonly uri: string;
  /** Undefined before the first INVITE. */
  readonly target: SipTarget | undefined;
  readonly cseq: number;
  readonly provisional: boolean;
  /** When the next target is tried if nothing has come; undefined when there is no other. */
  readonly silentUntilMs: number | undefined;
  /** RFC 3261 22.1: the ACK of a 2xx carries the INVITE's credentials. */
  readonly authorization: readonly HeaderLine[];
}

export interface Fork {
  readonly dialog: Dialog;
  /** RFC 3262 4: the latest reliable provisional response that was acknowledged. */
  readonly rseq?: number;
  readonly sdp?: string;
  /**
   * RFC 3262 5: the answer to our offer stood in such a response, so another offer may come before the 2xx. Once one has, that
   * is what holds.
   */
  readonly earlyAnswer?: "agreed" | "superseded";
  /** Said again for each repetition of the 2xx that it acknowledges. */
  readonly ack?: { readonly cseq: number; readonly authorization: readonly HeaderLine[] };
}

export interface PendingRequest {
  readonly method: "BYE" | "PRACK" | "UPDATE" | "INVITE";
  readonly tag: string;
  readonly cseq: number;
  readonly headers: readonly HeaderLine[];
  readonly sdp?: string;
}

export interface TheirRequest {
  readonly key: string;
  readonly tag: string;
  readonly request: Omit<SipRequest, "body">;
  readonly offered: boolean;
  readonly timer: SessionTimer | undefined;
  readonly timerHeaders: readonly HeaderLine[];
}

export interface AwaitedAck {
  readonly key: string;
  /** Our 2xx held the offer, so the ACK holds the answer. */
  readonly answerExpected: boolean;
}

export type CallInput =
  | { readonly type: "response"; readonly tx: string; readonly response: SipResponse }
  /** RFC 3261 8.1.3.1: 408 when nothing came in time, 503 when there was no way to send it. */
  | { readonly type: "no-response"; readonly tx: string; readonly status: 408 | 503 }
  /** `key` names the server transaction. */
  | { readonly type: "request"; readonly key: string; readonly request: SipRequest }
  /** The ACK of our 2xx to their INVITE, and the time after which none will come (RFC 3261 13.3.1.4). */
  | { readonly type: "acknowledged"; readonly key: string; readonly ack: SipRequest }
  | { readonly type: "unacknowledged"; readonly key: string }
  /** They took their re-INVITE back; it was answered 487. */
  | { readonly type: "withdrawn"; readonly key: string }
  /** Ends the call as its phase asks; `headers` go into the BYE (Reason, RFC 3326). */
  | { readonly type: "hang-up"; readonly headers: readonly HeaderLine[] }
  /** What the media engine said to an `offer` that was told. */
  | { readonly type: "offer-answered"; readonly key: string; readonly sdp: string }
  | { readonly type: "offer-refused"; readonly key: string }
  /** What the media engine said to `offer-wanted`. */
  | { readonly type: "offer-made"; readonly sdp: string }
  /** A moment of `dueAtMs` has come. */
  | { readonly type: "due" };

export type CallEffect =
  | {
      readonly type: "send-invite";
      readonly tx: string;
      readonly request: SipRequest;
      readonly target: SipTarget;
    }
  /** In a dialog: to the request's own next hop. A re-INVITE is one of these. */
  | { readonly type: "send"; readonly tx: string; readonly request: SipRequest }
  | { readonly type: "ack"; readonly request: SipRequest }
  | { readonly type: "cancel"; readonly tx: string }
  | { readonly type: "respond"; readonly key: string; readonly response: SipResponse }
  | ({ readonly type: "target" } & TargetNews)
  | { readonly type: "tell"; readonly event: CallEvent };

/** RFC 3263 4.3: this address answers, or does not; `restMs` is how long it asked to be left alone (RFC 3261 21.5.4). */
export interface TargetNews {
  readonly target: SipTarget;
  readonly alive: boolean;
  readonly restMs?: number;
}

/** What the switch learns of a call. */
export type CallEvent =
  /** 180 and the like; `sdp` when there is early media. */
  | { readonly type: "progress"; readonly status: number; readonly sdp: string | undefined }
  /** `sdp` is undefined when what was agreed before the answer still holds. */
  | { readonly type: "answered"; readonly sdp: string | undefined; readonly callId: string }
  /** To be answered by `offer-answered` or `offer-refused`; without `sdp` we are to offer. */
  | { readonly type: "offer"; readonly key: string; readonly sdp: string | undefined }
  | { readonly type: "offer-wanted" }
  /** The answer to a later offer of ours. */
  | { readonly type: "answer"; readonly sdp: string }
  | { readonly type: "digit"; readonly digit: InfoDigit }
  | { readonly type: "over"; readonly end: CallEnd };

export type CallEnd =
  | { readonly type: "rejected"; readonly status: number }
  /** Nobody answered at any address of the trunk. */
  | { readonly type: "no-response" }
  | { readonly type: "hung-up-by-far-end" }
  | { readonly type: "session-expired" }
  /** The far end broke the protocol: a 2xx without a session description, no ACK. */
  | { readonly type: "protocol-broken"; readonly why: string };

export interface Moment {
  readonly nowMs: number;
  readonly random: Random;
}

export type Step = readonly [OutgoingCall, readonly CallEffect[]];

/** RFC 3261 17.1.1.1: 64 * T1, after which nothing of a transaction is on its way any more. */
export const lingerMs = 32_000;

/**
 * RFC 3263 4.3 has the next target tried when a transaction times out, after 64 * T1: nobody's telephone is rung for so long. A
 * far end that lives says 100 at once, and in 4 s an INVITE is sent four times.
 */
export const silentTargetMs = 4_000;

/** What we take from a far end: the transaction layer refuses all else, and OPTIONS and Allow tell it. */
export const methods: readonly string[] = ["INVITE", "ACK", "CANCEL", "BYE", "UPDATE", "INFO", "OPTIONS"];
export const bodyTypes: readonly string[] = ["application/sdp", "application/dtmf-relay", "application/dtmf"];
export const allow: HeaderLine = { name: "Allow", value: methods.join(", ") };
export const supportedOptions: readonly string[] = ["timer", "100rel"];
export const supported: HeaderLine = { name: "Supported", value: supportedOptions.join(", ") };

/** The fork of that tag. The far end chooses its tags, and may choose `constructor`: what every object has is no fork. */
export function forkOf({ forks }: OutgoingCall, tag: string): Fork | undefined {
  return Object.hasOwn(forks, tag) ? forks[tag] : undefined;
}

/** Does one step after another, their effects in order. */
export function then(first: Step, next: (call: OutgoingCall) => Step): Step {
  const [call, effects] = first;
  const [after, more] = next(call);
  return [after, [...effects, ...more]];
}

export function tell(event: CallEvent): CallEffect {
  return { type: "tell", event };
}
