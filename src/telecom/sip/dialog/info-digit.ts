import type { Digit } from "#contract/telecom.ts";
import { contentType } from "../message/headers.ts";
import type { SipRequest } from "../message/message.ts";

export interface InfoDigit {
  readonly digit: Digit;
  readonly durationMs: number;
}

const usualMs = 250;
const longestBody = 500;

/**
 * A key press in an INFO: `application/dtmf-relay` (`Signal=5`, `Duration=160`) or `application/dtmf` (the digit alone).
 * Neither was ever an RFC; both are what the field's equipment sends. `none` is an INFO about something else.
 */
export function digitInInfo(request: SipRequest): InfoDigit | "none" | "unreadable" {
  const type = contentType(request);
  const kind = type === undefined ? undefined : `${type.type}/${type.subtype}`;
  if (kind !== "application/dtmf-relay" && kind !== "application/dtmf") return "none";
  if (request.body.length > longestBody) return "unreadable";
  const text = Buffer.from(request.body).toString("latin1");
  const signal =
    kind === "application/dtmf-relay" ? /^\s*Signal\s*=\s*(\S{1,2})\s*$/im.exec(text)?.[1] : text.trim();
  const digit = signal === undefined ? undefined : digitOf(signal);
  if (digit === undefined) return "unreadable";
  const duration = /^\s*Duration\s*=\s*(\d{1,5})\s*$/im.exec(text)?.[1];
  return { digit, durationMs: duration === undefined ? usualMs : Number(duration) };
}

/** Some write the event's number (10 for `*`, 11 for `#`) in place of the key. */
function digitOf(signal: string): Digit | undefined {
  const key = signal === "10" ? "*" : signal === "11" ? "#" : signal.toUpperCase();
  return /^[0-9*#A-D]$/.test(key) ? (key as Digit) : undefined;
}
