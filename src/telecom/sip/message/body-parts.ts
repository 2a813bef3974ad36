import { isToken, type Param, paramValue, parseParams, trimLws } from "./grammar.ts";
import { contentType, headerValue, tokens } from "./headers.ts";
import type { HeaderLine } from "./message.ts";
import { readHeaderLines } from "./parse.ts";

/** A message's body, or one part of it: its headers say what it is. */
export interface BodyPart {
  readonly headers: readonly HeaderLine[];
  readonly body: Uint8Array;
}

/** The package that we open. Gateways put the session description into one, beside their ISUP (RFC 3204). */
export const packageType = "multipart/mixed";

// A session description, ISUP, QSIG, a location: nobody sends more.
const mostParts = 16;
// RFC 2046 5.1.1
const boundaryPattern = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;

/**
 * The parts of a multipart/mixed body, RFC 2046 5.1; of another body that body alone, of none nothing. Undefined when it is not
 * what it says. A package in the package is not opened. Linear in the octets.
 */
export function bodyParts(whole: BodyPart): readonly BodyPart[] | undefined {
  if (whole.body.length === 0) return [];
  if (typeOf(whole) !== packageType) return [whole];
  const boundary = paramValue(contentType(whole)?.params ?? [], "boundary") ?? "";
  return boundaryPattern.test(boundary) ? parted(whole.body, boundary) : undefined;
}

/** RFC 3261 20.11: what its sender lets us pass over when we cannot read it. */
export function isOptional(part: BodyPart): boolean {
  return paramValue(dispositionOf(part)?.params ?? [], "handling")?.toLowerCase() === "optional";
}

/** Whether its type is one of these, and its octets are what they are without any decoding. */
export function isReadable(part: BodyPart, types: readonly string[]): boolean {
  const coding = headerValue(part, "Content-Transfer-Encoding")?.toLowerCase() ?? "binary";
  return types.includes(typeOf(part)) && !isEncoded(part) && ["7bit", "8bit", "binary"].includes(coding);
}

/** RFC 3261 20.12 */
export function isEncoded(part: BodyPart): boolean {
  return tokens(part, "Content-Encoding").some((coding) => coding.toLowerCase() !== "identity");
}

/** The session description that a message carries, if it does. */
export function sdpOf(message: BodyPart): string | undefined {
  const part = bodyParts(message)?.find(isSessionDescription);
  return part === undefined ? undefined : Buffer.from(part.body).toString("utf8");
}

function isSessionDescription(part: BodyPart): boolean {
  // RFC 3959 3: an early session is another than the call's.
  return isReadable(part, ["application/sdp"]) && dispositionOf(part)?.type !== "early-session";
}

/** `session;handling=required`, the type in lower case; undefined when it is absent or malformed. */
function dispositionOf(
  part: BodyPart,
): { readonly type: string; readonly params: readonly Param[] } | undefined {
  const text = headerValue(part, "Content-Disposition") ?? "";
  const semicolon = text.indexOf(";");
  const type = trimLws(semicolon < 0 ? text : text.slice(0, semicolon));
  const params = semicolon < 0 ? [] : parseParams(text.slice(semicolon));
  return isToken(type) && params !== undefined ? { type: type.toLowerCase(), params } : undefined;
}

function typeOf(part: BodyPart): string {
  const type = contentType(part);
  // RFC 2046 5.1: a part that does not say is plain text.
  return type === undefined ? "text/plain" : `${type.type}/${type.subtype}`;
}

function parted(body: Uint8Array, boundary: string): readonly BodyPart[] | undefined {
  // The first delimiter may begin the body: then the line end that belongs to each is missing.
  const octets = Buffer.concat([Buffer.from("\r\n"), body]);
  const delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  const parts: BodyPart[] = [];
  let at = octets.indexOf(delimiter);
  while (at >= 0) {
    const after = at + delimiter.length;
    if (octets.toString("latin1", after, after + 2) === "--") return parts;
    // RFC 2046 5.1.1: what follows the boundary in its line is padding.
    const lineEnd = octets.indexOf("\r\n", after);
    const next = lineEnd < 0 ? -1 : octets.indexOf(delimiter, lineEnd);
    const part = next < 0 ? undefined : readPart(octets.subarray(lineEnd, next));
    if (part === undefined || parts.length === mostParts) return undefined;
    parts.push(part);
    at = next;
  }
  return undefined;
}

/** `octets` begin with the line end before the part, so that a part without headers is found like any other. */
function readPart(octets: Buffer): BodyPart | undefined {
  const headEnd = octets.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const head = octets.toString("utf8", 2, headEnd);
  const { lines, fault } = readHeaderLines(headEnd === 0 ? [] : head.split("\r\n"));
  return fault === undefined ? { headers: lines, body: octets.subarray(headEnd + 4) } : undefined;
}
