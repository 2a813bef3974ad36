import { TandemError } from "#base/errors.ts";
import { isToken } from "./grammar.ts";
import type { HeaderLine, SipMessage } from "./message.ts";

/**
 * A message's octets. Content-Length is always written from the body itself, whatever the message says. Throws
 * SIP_UNSERIALIZABLE, with the header's name and never its value, when any part of the start line or of a header holds
 * CR, LF or NUL, or when a method or a header name is no token: so no value can ever become a header of its own.
 */
export function serialize(message: SipMessage): Uint8Array {
  const length = { name: "Content-Length", value: String(message.body.length) };
  const lines = message.headers.some(isContentLength)
    ? message.headers.map((line) => (isContentLength(line) ? length : line))
    : [...message.headers, length];
  const head = [startLine(message), ...lines.map(headerLine), "", ""].join("\r\n");
  return Buffer.concat([Buffer.from(head), message.body]);
}

function isContentLength(line: HeaderLine): boolean {
  return line.name === "Content-Length";
}

function startLine(message: SipMessage): string {
  if (message.type === "response") {
    if (message.status < 100 || message.status > 699 || !fitsWire(message.reason))
      throw unserializable("status line");
    return `SIP/2.0 ${message.status} ${message.reason}`;
  }
  if (!isToken(message.method) || /[\s\p{Cc}]/u.test(message.uri) || message.uri === "") {
    throw unserializable("request line");
  }
  return `${message.method} ${message.uri} SIP/2.0`;
}

function headerLine({ name, value }: HeaderLine): string {
  if (!isToken(name) || !fitsWire(value)) throw unserializable(name);
  return `${name}: ${value}`;
}

/**
 * Whether a value may stand on the wire. CR and LF never may. NUL may in one place alone, after the backslash of a
 * quoted-pair (RFC 3261 25.1), where a To that must be echoed can hold it (RFC 4475 3.1.1.2).
 */
export function fitsWire(value: string): boolean {
  if (value.includes("\r") || value.includes("\n")) return false;
  for (let at = value.indexOf("\0"); at >= 0; at = value.indexOf("\0", at + 1)) {
    if (value[at - 1] !== "\\") return false;
  }
  return true;
}

function unserializable(where: string): TandemError {
  return new TandemError("SIP_UNSERIALIZABLE", { where: where.slice(0, 40).replace(/\p{Cc}/gu, "?") });
}
