import { minSe, sessionExpires, tokens } from "../message/headers.ts";
import type { HeaderLine, SipRequest, SipResponse } from "../message/message.ts";

/**
 * RFC 4028: a session that nobody refreshes ends, so a far end that vanished does not hold a line for ever.
 *
 *        answered with Session-Expires
 *                    │
 *      we refresh ───┴─── they refresh
 *      at half the time    BYE shortly before the end
 *            │                     │
 *            └── each refresh begins anew
 */
export interface SessionTimer {
  readonly seconds: number;
  readonly refresher: "us" | "them";
  /** When to refresh (us), or when to give up (them). */
  readonly dueAtMs: number;
  readonly expiresAtMs: number;
}

/** What we ask for. RFC 4028 4 recommends 1800 s; 90 s is its floor. */
export const wantedSeconds = 1_800;
export const floorSeconds = 90;
// A far end that asks for a day is refreshed daily; more than that is no use to anybody.
const ceilingSeconds = 86_400;

/** RFC 4028 7.1: the headers of a request of ours that begins or refreshes. */
export function refreshHeaders(seconds: number, refresher?: "uac" | "uas"): readonly HeaderLine[] {
  const who = refresher === undefined ? "" : `;refresher=${refresher}`;
  return [
    { name: "Session-Expires", value: `${seconds}${who}` },
    { name: "Min-SE", value: String(Math.min(floorSeconds, seconds)) },
  ];
}

/** RFC 4028 7.2: what a 2xx to our request says. Without Session-Expires the session does not expire. */
export function timerFromAnswer(response: SipResponse, nowMs: number): SessionTimer | undefined {
  const said = sessionExpires(response);
  if (said === undefined) return undefined;
  // Absent: the far end left it to us, who asked.
  return begun(said.seconds, said.refresher === "uas" ? "them" : "us", nowMs);
}

/** RFC 4028 7.3: the interval to try again with after a 422, undefined when it names none that we accept. */
export function secondsAfter422(response: SipResponse, before: number): number | undefined {
  const floor = minSe(response);
  return floor !== undefined && floor > before && floor <= ceilingSeconds ? floor : undefined;
}

/** What to do about the timer of a request that the far end sent (re-INVITE, UPDATE). */
export type TimerAnswer =
  | { readonly type: "none" }
  /** RFC 4028 8.1: 422 with our Min-SE. */
  | { readonly type: "too-short" }
  | { readonly type: "agreed"; readonly timer: SessionTimer; readonly headers: readonly HeaderLine[] };

/**
 * RFC 4028 9: we as the one who is asked. A request that says nothing of the timer would end it on both sides, but many phones
 * mean nothing by that when they hold: a timer that ran runs on, and we refresh.
 */
export function timerFromRequest(
  request: SipRequest,
  before: SessionTimer | undefined,
  nowMs: number,
): TimerAnswer {
  const said = sessionExpires(request);
  if (said === undefined) return before === undefined ? { type: "none" } : ours(before.seconds, nowMs);
  if (said.seconds < floorSeconds) return { type: "too-short" };
  const theyCan = tokens(request, "Supported").includes("timer");
  // RFC 4028 9, table 2: the requester's word stands; one that knows no timers cannot be asked to refresh.
  const refresher = theyCan ? (said.refresher ?? "uac") : "uas";
  return {
    type: "agreed",
    timer: begun(said.seconds, refresher === "uac" ? "them" : "us", nowMs),
    headers: [
      { name: "Session-Expires", value: `${Math.min(said.seconds, ceilingSeconds)};refresher=${refresher}` },
      ...(refresher === "uac" ? [{ name: "Require", value: "timer" }] : []),
    ],
  };
}

function ours(seconds: number, nowMs: number): TimerAnswer {
  return {
    type: "agreed",
    timer: begun(seconds, "us", nowMs),
    headers: [{ name: "Session-Expires", value: `${seconds};refresher=uas` }],
  };
}

/** A refresh of ours failed for the time being: when to try again, if there is time left. */
export function triedAgainAt(timer: SessionTimer, nowMs: number): SessionTimer {
  const left = timer.expiresAtMs - nowMs;
  return { ...timer, dueAtMs: nowMs + Math.max(1_000, Math.floor(left / 2)) };
}

function begun(asked: number, refresher: "us" | "them", nowMs: number): SessionTimer {
  const seconds = Math.min(Math.max(asked, floorSeconds), ceilingSeconds);
  const expiresAtMs = nowMs + seconds * 1_000;
  // RFC 4028 10: the refresher sends at half the interval; the other gives up min(32 s, a third) before the end.
  const dueAtMs =
    refresher === "us"
      ? nowMs + seconds * 500
      : expiresAtMs - Math.min(32_000, Math.floor((seconds * 1_000) / 3));
  return { seconds, refresher, dueAtMs, expiresAtMs };
}
