import { TandemError } from "#base/errors.ts";
import {
  formatParams,
  isToken,
  type Param,
  parsePairs,
  parseParams,
  parseWhole,
  quote,
  readQuoted,
  splitOutside,
  trimLws,
} from "./grammar.ts";
import { sameName } from "./header-names.ts";
import type { HeaderLine, SipMessage } from "./message.ts";
import { formatHostPort, parseUri } from "./uri.ts";

// The headers every message has: sound once `validate` has let the message in, so these throw BUG on one it has not seen.

export function topVia(message: SipMessage): Via {
  return sound(vias(message)?.[0], message, "Via");
}

export function from(message: SipMessage): NameAddress {
  return sound(typed(message, "From", parseNameAddress), message, "From");
}

export function to(message: SipMessage): NameAddress {
  return sound(typed(message, "To", parseNameAddress), message, "To");
}

export function cseq(message: SipMessage): CSeq {
  return sound(typed(message, "CSeq", parseCSeq), message, "CSeq");
}

export function callId(message: SipMessage): string {
  return sound(headerValue(message, "Call-ID"), message, "Call-ID");
}

function sound<T>(value: T | undefined, message: SipMessage, header: string): T {
  if (value === undefined) throw new TandemError("BUG", { header, of: message.type, why: "not validated" });
  return value;
}

// The others: undefined (or an empty list) when the header is absent, undefined when it is malformed.

/** Topmost first. RFC 3261 20.42. */
export function vias(message: SipMessage): readonly Via[] | undefined {
  return typedList(message, "Via", parseVia);
}

/** RFC 3261 20.10. `*` stands alone, in a REGISTER that removes everything. */
export function contacts(message: SipMessage): readonly NameAddress[] | "*" | undefined {
  if (headerValues(message, "Contact").join() === "*") return "*";
  return typedList(message, "Contact", parseNameAddress);
}

/** In the order of travel. RFC 3261 20.34. */
export function routes(message: SipMessage): readonly NameAddress[] | undefined {
  return typedList(message, "Route", parseNameAddress);
}

/** RFC 3261 20.30. */
export function recordRoutes(message: SipMessage): readonly NameAddress[] | undefined {
  return typedList(message, "Record-Route", parseNameAddress);
}

/** RFC 3325 9.1. */
export function assertedIdentities(message: SipMessage): readonly NameAddress[] | undefined {
  return typedList(message, "P-Asserted-Identity", parseNameAddress);
}

/** RFC 3261 20.22; 0..255. */
export function maxForwards(message: SipMessage): number | undefined {
  return typed(message, "Max-Forwards", (value) => parseWhole(value, 255));
}

/** RFC 3261 20.15. `{type: "application", subtype: "sdp", params: []}`, in lower case. */
export function contentType(message: Headed): MediaType | undefined {
  return typed(message, "Content-Type", parseMediaType);
}

/** RFC 3261 20.1. An absent header means `application/sdp` to its reader; here it is undefined. */
export function accept(message: SipMessage): readonly MediaType[] | undefined {
  return headerValue(message, "Accept") === undefined
    ? undefined
    : typedList(message, "Accept", parseMediaType);
}

/** A header that is a list of tokens: Require, Proxy-Require, Supported, Unsupported, Allow, Content-Encoding ... */
export function tokens(message: Headed, header: string): readonly string[] {
  return headerValues(message, header).flatMap((value) => (splitOutside(value, ",") ?? []).filter(isToken));
}

/** RFC 4028 4. */
export function sessionExpires(message: SipMessage): SessionExpires | undefined {
  return typed(message, "Session-Expires", parseSessionExpires);
}

/** RFC 4028 5, in seconds. */
export function minSe(message: SipMessage): number | undefined {
  return typed(message, "Min-SE", (value) => parseWhole(trimLws(value.split(";", 1)[0] ?? ""), 2 ** 32 - 1));
}

/** RFC 3262 7.1. */
export function rseq(message: SipMessage): number | undefined {
  return typed(message, "RSeq", (value) => parseWhole(value, 2 ** 32 - 1));
}

/** RFC 3262 7.2: which provisional response a PRACK is for. */
export function rack(message: SipMessage): RAck | undefined {
  return typed(message, "RAck", parseRAck);
}

/** RFC 3326: why a request was sent. One value a protocol. */
export function reasons(message: SipMessage): readonly Reason[] | undefined {
  return typedList(message, "Reason", parseReason);
}

/** RFC 3261 20.17, ms since the epoch; undefined also for any zone but GMT (RFC 4475 3.1.2.12). */
export function date(message: SipMessage): number | undefined {
  return typed(message, "Date", parseDate);
}

/** RFC 3261 20.33, in seconds, without comment and duration. */
export function retryAfter(message: SipMessage): number | undefined {
  return typed(message, "Retry-After", (value) => parseWhole(/^[0-9]*/.exec(value)?.[0] ?? "", 2 ** 32 - 1));
}

/** RFC 3261 20.19, in seconds. */
export function expires(message: SipMessage): number | undefined {
  return typed(message, "Expires", (value) => parseWhole(value, 2 ** 32 - 1));
}

/** RFC 3261 20.27, 20.44. Malformed challenges are left out: one bad line must not hide a good one. */
export function challenges(
  message: SipMessage,
  header: "WWW-Authenticate" | "Proxy-Authenticate",
): readonly AuthFields[] {
  return authFields(message, header);
}

/** RFC 3261 20.7, 20.28. */
export function credentials(
  message: SipMessage,
  header: "Authorization" | "Proxy-Authorization",
): readonly AuthFields[] {
  return authFields(message, header);
}

function authFields(message: SipMessage, header: string): readonly AuthFields[] {
  return lines(message, header).flatMap((line) => memoized(line, parseAuthFields) ?? []);
}

/** A message, or a part of its body. */
type Headed = Pick<SipMessage, "headers">;

// Raw values.

/** The first value of a header, as text. */
export function headerValue(message: Headed, name: string): string | undefined {
  return message.headers.find((line) => sameName(line.name, name))?.value;
}

/** Every line of that header, as text. */
export function headerValues(message: Headed, name: string): readonly string[] {
  return lines(message, name).map((line) => line.value);
}

function lines(message: Headed, name: string): readonly HeaderLine[] {
  return message.headers.filter((line) => sameName(line.name, name));
}

function typed<T>(message: Headed, name: string, read: (value: string) => T | undefined): T | undefined {
  const line = message.headers.find((candidate) => sameName(candidate.name, name));
  return line === undefined ? undefined : memoized(line, read);
}

/** A header that may stand in several lines, or several times in one, separated by commas (RFC 3261 7.3.1). */
function typedList<T>(
  message: SipMessage,
  name: string,
  read: (value: string) => T | undefined,
): readonly T[] | undefined {
  const all: T[] = [];
  for (const line of lines(message, name)) {
    const items = memoized(line, (value) => readList(value, read));
    if (items === undefined) return undefined;
    all.push(...items);
  }
  return all;
}

function readList<T>(value: string, read: (value: string) => T | undefined): readonly T[] | undefined {
  const items: T[] = [];
  for (const piece of splitOutside(value, ",") ?? [""]) {
    const item = read(piece);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

// A header line is immutable and its name says its grammar, so what was read of it once holds for every copy of the message.
const memory = new WeakMap<HeaderLine, { readonly value: unknown }>();

function memoized<T>(line: HeaderLine, read: (value: string) => T | undefined): T | undefined {
  const known = memory.get(line);
  if (known !== undefined) return known.value as T | undefined;
  const value = read(line.value);
  memory.set(line, { value });
  return value;
}

// The types and their grammars.

/** `"Bob" <sip:bob@example.com>;tag=1`. RFC 3261 20.10. */
export interface NameAddress {
  /** Unquoted. */
  readonly display: string | undefined;
  /** As it stood; `parseUri` types it, and is known to succeed. */
  readonly uri: string;
  readonly params: readonly Param[];
}

export function parseNameAddress(text: string): NameAddress | undefined {
  const quoted = text.startsWith('"') ? readQuoted(text) : undefined;
  if (text.startsWith('"') && quoted === undefined) return undefined;
  const open = text.indexOf("<", quoted?.end ?? 0);
  const beforeUri = text.slice(quoted?.end ?? 0, Math.max(0, open));
  if (open < 0 || beforeUri.includes(";")) return quoted === undefined ? parseBareAddress(text) : undefined;
  const bare = trimLws(beforeUri);
  // RFC 3261 25.1: a display name is one quoted string or tokens, so an unquoted comma spoils it (RFC 4475 3.1.2.15).
  if (quoted === undefined ? !/^[A-Za-z0-9\-.!%*_+`'~ \t\u0080-\uffff]*$/.test(bare) : bare !== "")
    return undefined;
  const close = text.indexOf(">", open);
  const uri = text.slice(open + 1, Math.max(open, close));
  const params = parseParams(text.slice(close + 1));
  if (close < 0 || params === undefined || parseUri(uri) === undefined) return undefined;
  return { display: quoted?.text ?? (bare === "" ? undefined : bare), uri, params };
}

/** RFC 3261 20.10: without `<>` every parameter is the header's, and the URI may hold no `?` and no comma. */
function parseBareAddress(text: string): NameAddress | undefined {
  const semicolon = text.indexOf(";");
  const uri = trimLws(semicolon < 0 ? text : text.slice(0, semicolon));
  const params = semicolon < 0 ? [] : parseParams(text.slice(semicolon));
  if (params === undefined || /[?,]/.test(uri) || parseUri(uri) === undefined) return undefined;
  return { display: undefined, uri, params };
}

export function formatNameAddress({ display, uri, params }: NameAddress): string {
  return `${display === undefined ? "" : `${quote(display)} `}<${uri}>${formatParams(params)}`;
}

/** RFC 3261 20.42, RFC 3581. */
export interface Via {
  /** Upper case: `UDP`, `TCP`, `TLS`, or what nobody here speaks. */
  readonly transport: string;
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: readonly Param[];
}

const viaPattern =
  /^[A-Za-z0-9\-.!%*_+`'~]+[ \t]*\/[ \t]*[0-9.]+[ \t]*\/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+([^\s;].*)$/;
const sentByPattern = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,255}))(?:[ \t]*:[ \t]*([0-9]{1,5}))?$/;

export function parseVia(text: string): Via | undefined {
  const [, transport, rest = ""] = viaPattern.exec(text) ?? [];
  const semicolon = rest.indexOf(";");
  const sentBy = trimLws(semicolon < 0 ? rest : rest.slice(0, semicolon));
  const [, ipv6, name, portText] = sentByPattern.exec(sentBy) ?? [];
  const host = ipv6 ?? name;
  const params = semicolon < 0 ? [] : parseParams(rest.slice(semicolon));
  const port = portText === undefined ? undefined : Number(portText);
  if (transport === undefined || host === undefined || params === undefined) return undefined;
  if (port !== undefined && (port === 0 || port > 65_535)) return undefined;
  return { transport: transport.toUpperCase(), host, port, params };
}

export function formatVia({ transport, host, port, params }: Via): string {
  return `SIP/2.0/${transport} ${formatHostPort(host, port)}${formatParams(params)}`;
}

/** RFC 3261 20.16. */
export interface CSeq {
  /** 0 .. 2^32-1 */
  readonly number: number;
  readonly method: string;
}

export function parseCSeq(text: string): CSeq | undefined {
  const [, digits = "", method = ""] = /^([0-9]+)[ \t]+([^ \t]+)$/.exec(text) ?? [];
  const number = parseWhole(digits, 2 ** 32 - 1);
  return number === undefined || !isToken(method) ? undefined : { number, method };
}

export interface MediaType {
  readonly type: string;
  readonly subtype: string;
  readonly params: readonly Param[];
}

function parseMediaType(text: string): MediaType | undefined {
  const semicolon = text.indexOf(";");
  const [type = "", subtype = "", more] = (semicolon < 0 ? text : text.slice(0, semicolon))
    .split("/")
    .map(trimLws);
  const params = semicolon < 0 ? [] : parseParams(text.slice(semicolon));
  if (!isToken(type) || !isToken(subtype) || more !== undefined || params === undefined) return undefined;
  return { type: type.toLowerCase(), subtype: subtype.toLowerCase(), params };
}

export interface SessionExpires {
  readonly seconds: number;
  readonly refresher: "uac" | "uas" | undefined;
}

function parseSessionExpires(text: string): SessionExpires | undefined {
  const semicolon = text.indexOf(";");
  const seconds = parseWhole(trimLws(semicolon < 0 ? text : text.slice(0, semicolon)), 2 ** 32 - 1);
  const params = semicolon < 0 ? [] : parseParams(text.slice(semicolon));
  if (seconds === undefined || params === undefined) return undefined;
  const refresher = params.find(({ name }) => name.toLowerCase() === "refresher")?.value?.toLowerCase();
  return { seconds, refresher: refresher === "uac" || refresher === "uas" ? refresher : undefined };
}

export interface RAck {
  readonly rseq: number;
  readonly cseq: CSeq;
}

function parseRAck(text: string): RAck | undefined {
  const [, digits = "", rest = ""] = /^([0-9]+)[ \t]+([^ \t].*)$/.exec(text) ?? [];
  const number = parseWhole(digits, 2 ** 32 - 1);
  const sequence = parseCSeq(rest);
  return number === undefined || sequence === undefined ? undefined : { rseq: number, cseq: sequence };
}

export interface Reason {
  /** `SIP`, `Q.850` ... */
  readonly protocol: string;
  readonly cause: number | undefined;
  readonly text: string | undefined;
}

function parseReason(value: string): Reason | undefined {
  const semicolon = value.indexOf(";");
  const protocol = trimLws(semicolon < 0 ? value : value.slice(0, semicolon));
  const params = semicolon < 0 ? [] : parseParams(value.slice(semicolon));
  if (!isToken(protocol) || params === undefined) return undefined;
  const find = (wanted: string): string | undefined =>
    params.find(({ name }) => name.toLowerCase() === wanted)?.value;
  return { protocol, cause: parseWhole(find("cause") ?? "", 999), text: find("text") };
}

/** A challenge or credentials: `Digest realm="x", nonce="y"`. RFC 3261 25.1, RFC 8760. */
export interface AuthFields {
  readonly scheme: string;
  readonly params: readonly Param[];
}

function parseAuthFields(text: string): AuthFields | undefined {
  const [, scheme = "", rest = ""] = /^([^ \t]+)[ \t]+([^ \t].*)$/.exec(text) ?? [];
  const params = parsePairs(rest, ",");
  return !isToken(scheme) || params === undefined ? undefined : { scheme, params };
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function parseDate(text: string): number | undefined {
  const [, day, monthName = "", year, hour, minute, second] =
    /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT$/.exec(
      text,
    ) ?? [];
  const month = months.indexOf(monthName);
  if (month < 0) return undefined;
  return Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second));
}
