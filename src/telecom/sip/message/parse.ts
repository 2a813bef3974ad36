import { isToken, parseWhole, trimLws } from "./grammar.ts";
import { canonicalName } from "./header-names.ts";
import type { HeaderLine, SipMessage, SipRequest } from "./message.ts";

/**
 * What became of the bytes. `refuse`: a request that must be answered with `status`; `request` holds what could be read of
 * it, enough to build that answer. `drop`: nothing is to be answered, either because it is no SIP, or because it is a
 * response or an ACK, which nobody answers.
 */
export type ParseResult =
  | { readonly type: "message"; readonly message: SipMessage }
  | {
      readonly type: "refuse";
      readonly status: number;
      readonly reason: string;
      readonly request: SipRequest;
    }
  | { readonly type: "drop"; readonly why: string };

/** `datagram`: the body ends where the packet does. `stream-framed`: the transport has cut the stream by Content-Length. */
export type Framing = "datagram" | "stream-framed";

export const limits = {
  /** A whole message, octets. */
  messageOctets: 65_536,
  headerLines: 256,
  /** One header line after unfolding, characters; the start line too. */
  lineLength: 8_192,
} as const;

/**
 * Reads one SIP message, RFC 3261 7. Never throws; the work is linear in the octets, of which at most
 * `limits.messageOctets` are looked at.
 */
export function parse(bytes: Uint8Array, framing: Framing): ParseResult {
  const octets = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, limits.messageOctets));
  const start = skipEmptyLines(octets);
  const headEnd = octets.indexOf("\r\n\r\n", start);
  const text = octets.toString("utf8", start, headEnd < 0 ? octets.length : headEnd).replace(/\r\n$/, "");
  const [startLine = "", ...lines] = text.split("\r\n");
  const headers = readHeaderLines(lines);
  const read = readStartLine(startLine, headers.lines);
  if (read.type !== "message") return read;

  const fault =
    headers.fault ??
    (headEnd < 0 ? "Header Section Not Ended" : undefined) ??
    (bytes.length > limits.messageOctets ? "Message Too Large" : undefined);
  if (fault !== undefined) return refusal(read.message, fault === "Message Too Large" ? 513 : 400, fault);

  const body = readBody(octets.subarray(headEnd + 4), headers.lines, framing);
  if (body.type === "fault") return refusal(read.message, 400, body.reason);
  return { type: "message", message: { ...read.message, body: body.octets } };
}

/** RFC 3261 7.5: empty lines before the start line are ignored. */
function skipEmptyLines(octets: Buffer): number {
  let at = 0;
  while (octets[at] === 0x0d && octets[at + 1] === 0x0a) at += 2;
  return at;
}

const noBody = new Uint8Array(0);

const requestLinePattern = /^([^ ]+) ([^ \t]+) (SIP\/[0-9]{1,3}\.[0-9]{1,3})$/i;
// RFC 4475 3.1.1.13: the reason phrase may be empty. The space before it is then often missing, too.
const statusLinePattern = /^SIP\/2\.0 ([1-6][0-9]{2})(?: ([^\r\n\0]*))?$/i;

function readStartLine(line: string, headers: readonly HeaderLine[]): ParseResult {
  if (/^SIP\//i.test(line)) {
    const [, status, reason = ""] = statusLinePattern.exec(line) ?? [];
    if (status === undefined) return { type: "drop", why: "bad status line" };
    return {
      type: "message",
      message: { type: "response", status: Number(status), reason, headers, body: noBody },
    };
  }
  const [, method, uri = "", version = ""] =
    line.length > limits.lineLength ? [] : (requestLinePattern.exec(line) ?? []);
  if (method === undefined || !isToken(method)) return refuseRequestLine(line, headers);
  const message: SipRequest = { type: "request", method, uri, headers, body: noBody };
  // RFC 4475 3.1.2.16: the version first, since its grammar governs the rest.
  if (version.toUpperCase() !== "SIP/2.0") return refusal(message, 505, "Version Not Supported");
  return { type: "message", message };
}

/** Answers a request line with spaces too many or too long; what does not even look like one is dropped. */
function refuseRequestLine(line: string, headers: readonly HeaderLine[]): ParseResult {
  const method = line.slice(0, Math.max(0, line.indexOf(" ")));
  if (method.length > limits.lineLength || !isToken(method)) return { type: "drop", why: "not SIP" };
  const message: SipRequest = { type: "request", method, uri: "sip:invalid.invalid", headers, body: noBody };
  if (line.length > limits.lineLength) return refusal(message, 414, "Request-URI Too Long");
  const trimmed = trimLws(line);
  const version = trimmed.slice(trimmed.lastIndexOf(" ") + 1);
  if (!/^SIP\//i.test(version)) return { type: "drop", why: "not SIP" };
  return refusal(message, 400, "Malformed Request Line");
}

function refusal(message: SipMessage, status: number, reason: string): ParseResult {
  if (message.type === "response") return { type: "drop", why: `malformed response: ${reason}` };
  // RFC 3261 17.2.1: an ACK is never answered.
  if (message.method === "ACK") return { type: "drop", why: `malformed ACK: ${reason}` };
  return { type: "refuse", status, reason, request: message };
}

/** Unfolds (RFC 3261 7.3.1) and splits the header lines. Those that cannot be read are left out and told as a fault. */
export function readHeaderLines(lines: readonly string[]): {
  readonly lines: readonly HeaderLine[];
  readonly fault: string | undefined;
} {
  const headers: HeaderLine[] = [];
  let fault: string | undefined;
  for (const line of unfold(lines)) {
    const colon = line.indexOf(":");
    const name = trimLws(line.slice(0, Math.max(0, colon)));
    if (headers.length === limits.headerLines) fault ??= "Too Many Headers";
    else if (line.length > limits.lineLength) fault ??= "Header Line Too Long";
    else if (!isToken(name) || line.includes("\r") || line.includes("\n")) fault ??= "Malformed Header Line";
    else headers.push({ name: canonicalName(name), value: trimLws(line.slice(colon + 1)) });
  }
  return { lines: headers, fault };
}

function* unfold(lines: readonly string[]): Generator<string> {
  let pieces: string[] = [];
  for (const line of lines) {
    const continues = line.startsWith(" ") || line.startsWith("\t");
    if (!continues && pieces.length > 0) {
      yield pieces.join(" ");
      pieces = [];
    }
    pieces.push(continues ? trimLws(line) : line);
  }
  if (pieces.length > 0) yield pieces.join(" ");
}

type Body =
  | { readonly type: "body"; readonly octets: Uint8Array }
  | { readonly type: "fault"; readonly reason: string };

function readBody(octets: Uint8Array, headers: readonly HeaderLine[], framing: Framing): Body {
  const [line, second] = headers.filter(({ name }) => name === "Content-Length");
  if (second !== undefined) return { type: "fault", reason: "Several Content-Length Headers" };
  if (line === undefined) {
    // RFC 3261 18.3: without it a datagram's body is the rest of the packet; a stream cannot do without it.
    if (framing === "datagram") return { type: "body", octets };
    return { type: "fault", reason: "Missing Content-Length" };
  }
  const length = parseWhole(line.value, limits.messageOctets);
  if (length === undefined) return { type: "fault", reason: "Bad Content-Length" };
  if (length > octets.length) return { type: "fault", reason: "Body Shorter Than Content-Length" };
  // RFC 3261 18.3: octets beyond Content-Length are discarded, so nothing can hide behind a message.
  return { type: "body", octets: octets.subarray(0, length) };
}
