import { mostParams, type Param, paramValue } from "./grammar.ts";

/**
 * A URI as RFC 3261 19.1 and RFC 3966 have it. Everything is unescaped exactly once on the way in and escaped once on the
 * way out, so `%2541` is the text `%41` here and never becomes `A`.
 */
export type Uri = SipUri | TelUri | OtherUri;

export interface SipUri {
  readonly type: "sip";
  readonly scheme: "sip" | "sips";
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** A name or an address; an IPv6 address stands without its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: readonly Param[];
  /** What follows `?`: headers that the URI asks a request to it to carry. We never do as it asks. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

export interface TelUri {
  readonly type: "tel";
  /** With its visual separators, as it stood. */
  readonly number: string;
  readonly params: readonly Param[];
}

/** A scheme that we do not speak: kept, never opened. */
export interface OtherUri {
  readonly type: "other";
  readonly scheme: string;
  readonly rest: string;
}

const schemePattern = /^([A-Za-z][A-Za-z0-9+.-]*):([^\s<>"\p{Cc}]+)$/u;
const hostPortPattern = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,255}))(?::([0-9]{1,5}))?$/;
const userPattern = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+$/;
const passwordPattern = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*$/;
const paramPattern = /^(?:[A-Za-z0-9\-_.!~*'()[\]/:&+$]|%[0-9A-Fa-f]{2})+$/;
const headerPattern = /^(?:[A-Za-z0-9\-_.!~*'()[\]/?:+$]|%[0-9A-Fa-f]{2})*$/;
const telNumberPattern =
  /^(?:\+[0-9().-]*[0-9][0-9().-]*|[0-9A-Fa-f*#().-]*[0-9A-Fa-f*#][0-9A-Fa-f*#().-]*)$/;

/** Undefined when the text is no URI by its scheme's grammar, or when its escapes are not UTF-8. */
export function parseUri(text: string): Uri | undefined {
  const [, scheme, rest] = schemePattern.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return undefined;
  switch (scheme.toLowerCase()) {
    case "sip":
      return parseSipUri("sip", rest);
    case "sips":
      return parseSipUri("sips", rest);
    case "tel":
      return parseTelUri(rest);
    default:
      return { type: "other", scheme: scheme.toLowerCase(), rest };
  }
}

function parseSipUri(scheme: "sip" | "sips", rest: string): SipUri | undefined {
  // A user part may hold `;` and `?`, and nothing but the user part may be followed by `@`: so that comes first.
  const at = rest.indexOf("@");
  const userInfo = at < 0 ? undefined : parseUserInfo(rest.slice(0, at));
  if (at >= 0 && userInfo === undefined) return undefined;
  const afterUser = rest.slice(at + 1);
  const question = afterUser.indexOf("?");
  const address = question < 0 ? afterUser : afterUser.slice(0, question);
  const [hostPort = "", ...pieces] = address.split(";");
  const [, ipv6, name, portText] = hostPortPattern.exec(hostPort) ?? [];
  const host = ipv6 ?? name;
  const port = portText === undefined ? undefined : Number(portText);
  const params = parseUriParams(pieces);
  const headers = question < 0 ? [] : parseUriHeaders(afterUser.slice(question + 1));
  if (host === undefined || params === undefined || headers === undefined) return undefined;
  if (port !== undefined && (port === 0 || port > 65_535)) return undefined;
  return {
    type: "sip",
    scheme,
    user: userInfo?.user,
    password: userInfo?.password,
    host,
    port,
    params,
    headers,
  };
}

function parseUserInfo(text: string): { user: string; password: string | undefined } | undefined {
  const colon = text.indexOf(":");
  const userText = colon < 0 ? text : text.slice(0, colon);
  const passwordText = colon < 0 ? undefined : text.slice(colon + 1);
  if (!userPattern.test(userText)) return undefined;
  if (passwordText !== undefined && !passwordPattern.test(passwordText)) return undefined;
  const user = unescapeOnce(userText);
  const password = passwordText === undefined ? undefined : unescapeOnce(passwordText);
  if (user === undefined || (passwordText !== undefined && password === undefined)) return undefined;
  return { user, password };
}

function parseUriParams(pieces: readonly string[]): readonly Param[] | undefined {
  if (pieces.length > mostParams) return undefined;
  const params: Param[] = [];
  for (const piece of pieces) {
    const equals = piece.indexOf("=");
    const nameText = equals < 0 ? piece : piece.slice(0, equals);
    const valueText = equals < 0 ? undefined : piece.slice(equals + 1);
    if (!paramPattern.test(nameText)) return undefined;
    if (valueText !== undefined && !paramPattern.test(valueText)) return undefined;
    const name = unescapeOnce(nameText);
    const value = valueText === undefined ? undefined : unescapeOnce(valueText);
    if (name === undefined || (valueText !== undefined && value === undefined)) return undefined;
    params.push({ name, value });
  }
  return params;
}

function parseUriHeaders(text: string): SipUri["headers"] | undefined {
  const headers: { name: string; value: string }[] = [];
  for (const piece of text.split("&")) {
    const equals = piece.indexOf("=");
    if (equals < 1) return undefined;
    const [nameText, valueText] = [piece.slice(0, equals), piece.slice(equals + 1)];
    if (!headerPattern.test(nameText) || !headerPattern.test(valueText)) return undefined;
    const [name, value] = [unescapeOnce(nameText), unescapeOnce(valueText)];
    if (name === undefined || value === undefined) return undefined;
    headers.push({ name, value });
  }
  return headers;
}

function parseTelUri(rest: string): TelUri | undefined {
  const [number = "", ...pieces] = rest.split(";");
  const params = parseUriParams(pieces);
  if (!telNumberPattern.test(number) || params === undefined) return undefined;
  return { type: "tel", number, params };
}

function unescapeOnce(text: string): string | undefined {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // Escaped octets that are no UTF-8 can be neither shown nor compared: the caller treats the URI as malformed.
    return undefined;
  }
}

export function formatUri(uri: Uri): string {
  switch (uri.type) {
    case "other":
      return `${uri.scheme}:${uri.rest}`;
    case "tel":
      return `tel:${uri.number}${formatUriParams(uri.params)}`;
    case "sip": {
      const password = uri.password === undefined ? "" : `:${escape(uri.password, passwordPattern)}`;
      const user = uri.user === undefined ? "" : `${escape(uri.user, userPattern)}${password}@`;
      const headers = uri.headers.map(
        ({ name, value }) => `${escape(name, headerPattern)}=${escape(value, headerPattern)}`,
      );
      const query = headers.length === 0 ? "" : `?${headers.join("&")}`;
      return `${uri.scheme}:${user}${formatHostPort(uri.host, uri.port)}${formatUriParams(uri.params)}${query}`;
    }
  }
}

/** `host`, `host:port`, `[::1]:port`. */
export function formatHostPort(host: string, port: number | undefined): string {
  const bracketed = host.includes(":") ? `[${host}]` : host;
  return port === undefined ? bracketed : `${bracketed}:${port}`;
}

function formatUriParams(params: readonly Param[]): string {
  return params
    .map(({ name, value }) => {
      const text = escape(name, paramPattern);
      return value === undefined ? `;${text}` : `;${text}=${escape(value, paramPattern)}`;
    })
    .join("");
}

/** Escapes every character that may not stand bare in that place; `%` itself never may. */
function escape(text: string, allowed: RegExp): string {
  return Array.from(text, (char) => (allowed.test(char) ? char : percent(char))).join("");
}

function percent(char: string): string {
  return Array.from(Buffer.from(char), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(
    "",
  );
}

/** RFC 3261 19.1.4. Other schemes compare as text. */
export function sameUri(uri: Uri, other: Uri): boolean {
  if (uri.type !== "sip" || other.type !== "sip") return formatUri(uri) === formatUri(other);
  return (
    uri.scheme === other.scheme &&
    uri.user === other.user &&
    uri.password === other.password &&
    uri.host.toLowerCase() === other.host.toLowerCase() &&
    uri.port === other.port &&
    sameUriParams(uri.params, other.params) &&
    sameUriHeaders(uri.headers, other.headers)
  );
}

// These count even when one side alone has them; any other parameter counts only when both have it.
const decidingParams = ["user", "ttl", "method", "maddr", "transport"];

function sameUriParams(params: readonly Param[], others: readonly Param[]): boolean {
  const sameValue = (name: string): boolean =>
    paramValue(params, name)?.toLowerCase() === paramValue(others, name)?.toLowerCase();
  const shared = params.map(({ name }) => name).filter((name) => paramValue(others, name) !== undefined);
  return [...decidingParams, ...shared].every(sameValue);
}

function sameUriHeaders(headers: SipUri["headers"], others: SipUri["headers"]): boolean {
  const sorted = (list: SipUri["headers"]): string =>
    JSON.stringify(list.map(({ name, value }) => [name.toLowerCase(), value]).sort());
  return sorted(headers) === sorted(others);
}
