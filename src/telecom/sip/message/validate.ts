import { bodyParts, isEncoded, isOptional, isReadable, packageType } from "./body-parts.ts";
import { isToken, paramValue } from "./grammar.ts";
import {
  accept,
  callId,
  contacts,
  contentType,
  cseq,
  headerValue,
  headerValues,
  maxForwards,
  parseCSeq,
  parseNameAddress,
  recordRoutes,
  routes,
  tokens,
  topVia,
  vias,
} from "./headers.ts";
import type { HeaderLine, SipMessage, SipRequest, SipResponse } from "./message.ts";
import { parseUri } from "./uri.ts";

/**
 * What a message is worth at our edge. `reject`: answer the request so (the headers go into the answer). `drop`: say
 * nothing; responses and ACKs are never answered.
 */
export type Verdict =
  | { readonly type: "ok" }
  | {
      readonly type: "reject";
      readonly status: number;
      readonly reason: string;
      readonly headers: readonly HeaderLine[];
    }
  | { readonly type: "drop"; readonly why: string };

/** What this user agent does; the rest is refused by name. */
export interface Abilities {
  /** Methods that are served: what Allow says. */
  readonly methods: readonly string[];
  /** Option tags that a Require may name: what Supported says. */
  readonly extensions: readonly string[];
  /** Bodies that are understood, `application/sdp`. */
  readonly contentTypes: readonly string[];
  /** The body that an answer to INVITE needs to carry, `application/sdp`: the caller must accept it. */
  readonly answerType: string;
}

// Methods that somebody has defined: unserved they are 405, all others 501 (RFC 3261 21.4.6, 21.5.2).
const definedMethods = [
  "ACK",
  "BYE",
  "CANCEL",
  "INFO",
  "INVITE",
  "MESSAGE",
  "NOTIFY",
  "OPTIONS",
  "PRACK",
  "PUBLISH",
  "REFER",
  "REGISTER",
  "SUBSCRIBE",
  "UPDATE",
];

/**
 * Judges a parsed message as a user agent must, RFC 3261 8.2 and 8.1.3.3, strictly: what RFC 4475 allows to be refused is
 * refused. After `ok` the accessors of `headers.ts` for the headers every message has cannot fail.
 */
export function validate(message: SipMessage, abilities: Abilities): Verdict {
  if (message.type === "response") return judgeResponse(message);
  const verdict = judgeRequest(message, abilities);
  // RFC 3261 17.2.1: an ACK is never answered.
  if (verdict.type === "reject" && message.method === "ACK")
    return { type: "drop", why: `ACK: ${verdict.reason}` };
  return verdict;
}

function judgeResponse(response: SipResponse): Verdict {
  const fault = faultOfCore(response);
  if (fault !== undefined) return { type: "drop", why: fault };
  // RFC 3261 8.1.3.3: more than one Via and the response was meant for another; also RFC 4475 3.3.11.
  if (vias(response)?.length !== 1) return { type: "drop", why: "Not One Via" };
  return { type: "ok" };
}

function judgeRequest(request: SipRequest, abilities: Abilities): Verdict {
  const fault = faultOfCore(request) ?? faultOfRequest(request);
  if (fault !== undefined) return reject(400, fault);
  return (
    refuseMethod(request, abilities) ??
    refuseCSeqMethod(request) ??
    refuseScheme(request) ??
    refuseExtensions(request, abilities) ??
    refuseContent(request, abilities) ??
    refuseAnswer(request, abilities) ?? { type: "ok" }
  );
}

function reject(status: number, reason: string, headers: readonly HeaderLine[] = []): Verdict {
  return { type: "reject", status, reason, headers };
}

const single = [
  "From",
  "To",
  "Call-ID",
  "CSeq",
  "Max-Forwards",
  "Content-Length",
  "Content-Type",
  "Expires",
  "Session-Expires",
];

/** What is wrong with the headers that every message must have, RFC 3261 8.1.1, 20. */
function faultOfCore(message: SipMessage): string | undefined {
  for (const name of ["Via", "From", "To", "Call-ID", "CSeq"]) {
    if (headerValue(message, name) === undefined) return `Missing ${name} Header`;
  }
  for (const name of single) {
    if (headerValues(message, name).length > 1) return `Several ${name} Headers`;
  }
  const known = vias(message);
  if (known === undefined) return "Malformed Via Header";
  for (const name of ["From", "To"] as const) {
    const address = parseNameAddress(headerValue(message, name) ?? "");
    if (address === undefined) return `Malformed ${name} Header`;
    if (address.params.filter((param) => param.name.toLowerCase() === "tag").length > 1)
      return `Several ${name} Tags`;
    const tag = paramValue(address.params, "tag");
    if (tag !== undefined && !isToken(tag)) return `Malformed ${name} Tag`;
  }
  if (!/^[\x21-\x7e]+$/.test(callId(message))) return "Malformed Call-ID Header";
  if (parseCSeq(headerValue(message, "CSeq") ?? "") === undefined) return "Malformed CSeq Header";
  return undefined;
}

/** What else makes a request malformed. */
function faultOfRequest(request: SipRequest): string | undefined {
  const branch = paramValue(topVia(request).params, "branch");
  // RFC 4475 3.2.1: the cookie alone names no transaction. Another branch, or none, is RFC 2543's.
  if (branch !== undefined && (!isToken(branch) || branch === "z9hG4bK")) return "Malformed Via Branch";
  const uri = parseUri(request.uri);
  if (uri === undefined) return "Malformed Request-URI";
  // RFC 3261 19.1.1: no headers in a Request-URI (RFC 4475 3.1.2.11).
  if (uri.type === "sip" && uri.headers.length > 0) return "Headers in Request-URI";
  if (headerValue(request, "Max-Forwards") !== undefined && maxForwards(request) === undefined) {
    return "Malformed Max-Forwards Header";
  }
  if (contacts(request) === undefined) return "Malformed Contact Header";
  if (routes(request) === undefined || recordRoutes(request) === undefined) return "Malformed Route Header";
  if (headerValue(request, "Content-Type") !== undefined && contentType(request) === undefined) {
    return "Malformed Content-Type Header";
  }
  // RFC 3261 20.15: a body that is there must say what it is.
  if (request.body.length > 0 && headerValue(request, "Content-Type") === undefined)
    return "Missing Content-Type Header";
  return undefined;
}

// RFC 3261 8.2.1
function refuseMethod({ method }: SipRequest, { methods }: Abilities): Verdict | undefined {
  if (methods.includes(method)) return undefined;
  const allow = [{ name: "Allow", value: methods.join(", ") }];
  return definedMethods.includes(method)
    ? reject(405, "Method Not Allowed", allow)
    : reject(501, "Not Implemented", allow);
}

// RFC 3261 8.1.1.5, RFC 4475 3.1.2.17. After the method itself, so an unknown method is told as such (3.1.2.18).
function refuseCSeqMethod(request: SipRequest): Verdict | undefined {
  return cseq(request).method === request.method ? undefined : reject(400, "CSeq Method Differs");
}

// RFC 3261 8.2.2.1
function refuseScheme(request: SipRequest): Verdict | undefined {
  return parseUri(request.uri)?.type === "sip" ? undefined : reject(416, "Unsupported URI Scheme");
}

// RFC 3261 8.2.2.3: Require is not looked at in CANCEL and ACK.
function refuseExtensions(request: SipRequest, { extensions }: Abilities): Verdict | undefined {
  if (request.method === "CANCEL" || request.method === "ACK") return undefined;
  const unknown = tokens(request, "Require").filter((tag) => !extensions.includes(tag.toLowerCase()));
  if (unknown.length === 0) return undefined;
  return reject(420, "Bad Extension", [{ name: "Unsupported", value: unknown.join(", ") }]);
}

// What these do does not depend on what they carry: a call must not go on because of its BYE's body.
const takenWithAnyBody = ["BYE", "CANCEL", "ACK"];

// RFC 3261 8.2.3: what we cannot read is refused, but for what its sender lets us pass over. Of a package each part counts.
function refuseContent(request: SipRequest, { contentTypes }: Abilities): Verdict | undefined {
  if (takenWithAnyBody.includes(request.method) || isOptional(request)) return undefined;
  const parts = bodyParts(request);
  if (parts === undefined) return reject(400, "Malformed Multipart Body");
  const unread = parts.find((part) => !isOptional(part) && !isReadable(part, contentTypes));
  if (unread === undefined) return undefined;
  const accepted = isEncoded(unread)
    ? { name: "Accept-Encoding", value: "identity" }
    : { name: "Accept", value: [...contentTypes, packageType].join(", ") };
  return reject(415, "Unsupported Media Type", [accepted]);
}

// RFC 3261 21.4.7, RFC 4475 3.3.15: an INVITE whose sender accepts no session description cannot be answered.
function refuseAnswer(request: SipRequest, { answerType }: Abilities): Verdict | undefined {
  const accepted = accept(request);
  if (request.method !== "INVITE" || accepted === undefined) return undefined;
  const [wantedType, wantedSubtype] = answerType.split("/");
  const fits = accepted.some(
    ({ type, subtype }) =>
      (type === "*" || type === wantedType) && (subtype === "*" || subtype === wantedSubtype),
  );
  return fits ? undefined : reject(406, "Not Acceptable");
}
