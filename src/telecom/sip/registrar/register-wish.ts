import { paramValue, parseWhole, splitOutside } from "../message/grammar.ts";
import {
  callId,
  contacts,
  cseq,
  expires,
  formatNameAddress,
  headerValue,
  headerValues,
  type NameAddress,
  parseNameAddress,
  tokens,
  vias,
} from "../message/headers.ts";
import type { Flow, SipRequest } from "../message/message.ts";
import { fitsWire } from "../message/serialize.ts";
import { formatUri, parseUri } from "../message/uri.ts";
import type { Refusal } from "./login-check.ts";

/** What a REGISTER asks for, read and bounded. */
export interface RegisterWish {
  readonly callId: string;
  readonly cseq: number;
  /** None: a question. */
  readonly contacts: readonly ContactWish[] | "remove-all";
  /** RFC 3327: the way to the phone, in the order of travel. */
  readonly path: readonly string[];
  readonly flow: Flow;
  /** RFC 3261 20.41: what the phone says that it is. */
  readonly userAgent: string | undefined;
}

export interface ContactWish {
  readonly uri: string;
  /** `+sip.instance`, RFC 5626 4.1: the phone itself, whatever its address. */
  readonly instance: string | undefined;
  /** RFC 5626 4.2: which of its flows. Set only where we take part in outbound. */
  readonly regId: number | undefined;
  /** How long it is to last; 0 ends it. */
  readonly seconds: number;
}

export const registration = {
  usualSeconds: 3_600,
  fewestSeconds: 60,
  mostSeconds: 3_600,
  /** Sooner than an idle connection is closed: a phone that registers anew keeps it open. */
  mostSecondsOverConnection: 540,
  mostContacts: 10,
} as const;

const mostPathEntries = 5;
const longestText = 500;
const longestUserAgent = 100;

/** RFC 3261 10.3, RFC 3327 5.3, RFC 5626 6. Whoever sent it has proven who they are. */
export function readRegister(request: SipRequest, flow: Flow): RegisterWish | Refusal {
  const named = contacts(request);
  const path = pathOf(request);
  if (named === undefined || path === undefined) return { status: 400, reason: "Malformed Contact or Path" };
  const common = {
    callId: callId(request),
    cseq: cseq(request).number,
    path,
    flow,
    userAgent: userAgentOf(request),
  };
  if (common.callId.length > longestText) return { status: 400, reason: "Call-ID Too Long" };
  const asked = expires(request);
  if (named === "*") {
    // RFC 3261 10.2.2
    return asked === 0
      ? { ...common, contacts: "remove-all" }
      : { status: 400, reason: "Contact * Needs Expires: 0" };
  }
  if (named.length > registration.mostContacts) return { status: 403, reason: "Too Many Contacts" };
  const outbound = outboundOf(request, flow, named);
  if (typeof outbound === "object") return outbound;
  const wishes: ContactWish[] = [];
  for (const contact of named) {
    const uri = plainUri(contact.uri);
    const instance = paramValue(contact.params, "+sip.instance");
    if (uri === undefined || !isUsable(instance ?? ""))
      return { status: 400, reason: "Contact Is Not Usable" };
    const seconds = secondsOf(contact, asked);
    // RFC 3261 10.3, 7.
    if (seconds > 0 && seconds < registration.fewestSeconds) {
      const headers = [{ name: "Min-Expires", value: String(registration.fewestSeconds) }];
      return { status: 423, headers };
    }
    const regId = outbound ? parseWhole(paramValue(contact.params, "reg-id") ?? "", 2 ** 31 - 1) : undefined;
    wishes.push({ uri, instance, regId, seconds: Math.min(seconds, mostSeconds(flow)) });
  }
  return { ...common, contacts: wishes };
}

function mostSeconds({ transport }: Flow): number {
  return transport === "udp" ? registration.mostSeconds : registration.mostSecondsOverConnection;
}

function secondsOf({ params }: NameAddress, asked: number | undefined): number {
  // RFC 3261 20.10: what is no number of seconds counts for 3600.
  const own = paramValue(params, "expires");
  return own === undefined
    ? (asked ?? registration.usualSeconds)
    : (parseWhole(own, 2 ** 32 - 1) ?? registration.usualSeconds);
}

/**
 * RFC 5626 6: whether the flow is registered, beside the address. Over a connection only: a flow of datagrams is kept open by STUN,
 * which we do not answer, so there a registration is what it is in RFC 3261.
 */
function outboundOf(request: SipRequest, flow: Flow, named: readonly NameAddress[]): boolean | Refusal {
  const asksFor = named.some(
    ({ params }) =>
      paramValue(params, "reg-id") !== undefined && paramValue(params, "+sip.instance") !== undefined,
  );
  const supports = [...tokens(request, "Supported"), ...tokens(request, "Require")].some(
    (tag) => tag.toLowerCase() === "outbound",
  );
  if (!asksFor || !supports || flow.transport === "udp") return false;
  if (named.length > 1) return { status: 400, reason: "One Contact For Each Flow" };
  if ((vias(request)?.length ?? 1) === 1) return true;
  // RFC 5626 5.1, 6: the proxy that the phone is connected to must know of it.
  const [first = ""] = headerValues(request, "Path");
  const edge = parseUri(parseNameAddress((splitOutside(first, ",") ?? [])[0] ?? "")?.uri ?? "");
  const knows = edge?.type === "sip" && paramValue(edge.params, "ob") !== undefined;
  return knows ? true : { status: 439, reason: "First Hop Lacks Outbound Support" };
}

/** As what a Route says; undefined when it cannot be read, or is longer than any way is. */
function pathOf(request: SipRequest): readonly string[] | undefined {
  if (headerValue(request, "Path") === undefined) return [];
  const entries = headerValues(request, "Path").flatMap((value) => splitOutside(value, ",") ?? [""]);
  if (entries.length > mostPathEntries) return undefined;
  const path: string[] = [];
  for (const entry of entries) {
    const address = parseNameAddress(entry);
    const uri = parseUri(address?.uri ?? "");
    if (address === undefined || uri?.type !== "sip") return undefined;
    const route = formatNameAddress({ display: undefined, uri: formatUri(uri), params: address.params });
    if (!isUsable(route)) return undefined;
    path.push(route);
  }
  return path;
}

/** It is kept, and shown to people: what would move a terminal's cursor, or turn the line around, is not. */
function userAgentOf(request: SipRequest): string | undefined {
  const said = headerValue(request, "User-Agent")?.slice(0, longestUserAgent).toWellFormed();
  return said?.replaceAll(/\p{C}/gu, "?");
}

/** It is kept, and said again to others. */
function isUsable(text: string): boolean {
  return text.length <= longestText && fitsWire(text);
}

/** RFC 3261 19.1.1: what a Request-URI may hold of a Contact; undefined for what cannot be called. */
function plainUri(text: string): string | undefined {
  const uri = parseUri(text);
  if (uri?.type !== "sip") return undefined;
  const params = uri.params.filter(({ name }) => name.toLowerCase() !== "method");
  const plain = formatUri({ ...uri, params, headers: [] });
  return isUsable(plain) ? plain : undefined;
}
