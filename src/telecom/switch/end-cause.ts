import { unreachable } from "#base/errors.ts";
import type { HangUpReason, LegEndCause } from "#contract/telecom.ts";
import type { CallEnd } from "../sip/dialog/call-state.ts";
import type { HeaderLine } from "../sip/message/message.ts";

/** RFC 3261 21, RFC 3398 8.2.6.1: what a refusal of our INVITE means to people. Others go by their class, below. */
const causes: Readonly<Record<number, LegEndCause>> = {
  401: "failed",
  403: "declined",
  404: "unreachable",
  407: "failed",
  408: "no-answer",
  410: "unreachable",
  415: "failed",
  433: "declined",
  480: "no-answer",
  484: "unreachable",
  485: "unreachable",
  486: "busy",
  487: "no-answer",
  488: "failed",
  600: "busy",
  603: "declined",
  604: "unreachable",
  606: "failed",
  607: "declined",
  608: "declined",
};

export function causeOf(end: CallEnd): { readonly cause: LegEndCause; readonly sipStatus?: number } {
  switch (end.type) {
    case "rejected":
      return { cause: causes[end.status] ?? causeOfClass(end.status), sipStatus: end.status };
    case "no-response":
      return { cause: "unreachable" };
    case "hung-up-by-far-end":
      return { cause: "hung-up-by-far-end" };
    case "session-expired":
      // The far end went without a word: its telephone or the way to it is gone.
      return { cause: "media-lost" };
    case "protocol-broken":
      return { cause: "failed" };
    default:
      return unreachable(end);
  }
}

function causeOfClass(status: number): LegEndCause {
  // A redirection that led nowhere (3xx), a server that cannot (5xx), nobody anywhere (6xx).
  if (status < 400 || status >= 500) return "unreachable";
  return "failed";
}

/** What the leg's record says when the client hangs up. */
export function causeOfHangUp(reason: HangUpReason, wasAnswered: boolean): LegEndCause {
  if (!wasAnswered) return "cancelled";
  return reason === "time-limit" ? "time-limit" : "hung-up-by-us";
}

/** RFC 3326: Q.850's cause in the BYE, for the far end's record. */
export function reasonHeader(reason: HangUpReason | "no-answer"): HeaderLine {
  return { name: "Reason", value: `Q.850;cause=${q850[reason]}` };
}

const q850: Readonly<Record<HangUpReason | "no-answer", number>> = {
  normal: 16,
  busy: 17,
  "no-answer": 19,
  declined: 21,
  unavailable: 41,
  "time-limit": 102,
};
