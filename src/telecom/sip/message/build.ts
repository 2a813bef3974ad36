import { paramValue, withParam } from "./grammar.ts";
import { canonicalName, sameName } from "./header-names.ts";
import { type CSeq, formatNameAddress, type NameAddress, parseNameAddress } from "./headers.ts";
import type { HeaderLine, SipMessage, SipRequest, SipResponse } from "./message.ts";
import { reasonPhrase } from "./reason-phrases.ts";
import { fitsWire } from "./serialize.ts";

const noBody = new Uint8Array(0);

/** What a request says, RFC 3261 8.1.1. The Via is the transaction layer's to add. */
export interface RequestWish {
  readonly method: string;
  /** Request-URI. */
  readonly uri: string;
  readonly from: NameAddress;
  readonly to: NameAddress;
  readonly callId: string;
  readonly cseq: number;
  /** The route set, in the order of travel. */
  readonly routes?: readonly string[];
  /** URI of our Contact. */
  readonly contact?: string;
  /** 70 unless told. */
  readonly maxForwards?: number;
  readonly headers?: readonly HeaderLine[];
  readonly body?: Body;
}

export interface Body {
  /** `application/sdp` */
  readonly contentType: string;
  readonly content: Uint8Array | string;
}

export function makeRequest(wish: RequestWish): SipRequest {
  const headers: HeaderLine[] = [
    ...(wish.routes ?? []).map((value) => ({ name: "Route", value })),
    { name: "Max-Forwards", value: String(wish.maxForwards ?? 70) },
    { name: "From", value: formatNameAddress(wish.from) },
    { name: "To", value: formatNameAddress(wish.to) },
    { name: "Call-ID", value: wish.callId },
    { name: "CSeq", value: formatCSeq({ number: wish.cseq, method: wish.method }) },
    ...(wish.contact === undefined ? [] : [{ name: "Contact", value: `<${wish.contact}>` }]),
    ...canonical(wish.headers ?? []),
  ];
  const request: SipRequest = { type: "request", method: wish.method, uri: wish.uri, headers, body: noBody };
  return wish.body === undefined ? request : withBody(request, wish.body);
}

/** What a response says beyond what it takes from its request. */
export interface ResponseWish {
  /** The usual phrase of the status unless told. */
  readonly reason?: string;
  /** Our tag: put on To when it has none (RFC 3261 8.2.6.2). */
  readonly toTag?: string;
  /** URI of our Contact. */
  readonly contact?: string;
  readonly headers?: readonly HeaderLine[];
  readonly body?: Body;
}

/**
 * The response to a request, RFC 3261 8.2.6.2: Via, From, To, Call-ID and CSeq as they came, Timestamp in a 100, and
 * Record-Route in what may make a dialog (12.1.1). A line that may not go to the wire is left out, not echoed.
 */
export function makeResponse(request: SipRequest, status: number, wish: ResponseWish = {}): SipResponse {
  const echoed = request.headers
    .filter(({ name, value }) => isEchoed(name, request.method, status) && fitsWire(value))
    .map((line) => (line.name === "To" && wish.toTag !== undefined ? withTag(line, wish.toTag) : line));
  const headers: HeaderLine[] = [
    ...echoed,
    ...(wish.contact === undefined ? [] : [{ name: "Contact", value: `<${wish.contact}>` }]),
    ...canonical(wish.headers ?? []),
  ];
  const reason = wish.reason ?? reasonPhrase(status);
  const response: SipResponse = { type: "response", status, reason, headers, body: noBody };
  return wish.body === undefined ? response : withBody(response, wish.body);
}

function isEchoed(name: string, method: string, status: number): boolean {
  switch (name) {
    case "Via":
    case "From":
    case "To":
    case "Call-ID":
    case "CSeq":
      return true;
    case "Timestamp":
      return status === 100;
    case "Record-Route":
      return method === "INVITE" && status > 100 && status < 300;
    default:
      return false;
  }
}

/** Adds the tag at the end of the text, so the rest of To goes back as it came (RFC 3261 8.2.6.2: "MUST equal"). */
function withTag(line: HeaderLine, tag: string): HeaderLine {
  const address = parseNameAddress(line.value);
  const tagged = address !== undefined && paramValue(address.params, "tag") !== undefined;
  return tagged ? line : { name: line.name, value: `${line.value};tag=${tag}` };
}

function canonical(lines: readonly HeaderLine[]): readonly HeaderLine[] {
  return lines.map(({ name, value }) => ({ name: canonicalName(name), value }));
}

export function formatCSeq({ number, method }: CSeq): string {
  return `${number} ${method}`;
}

/** Puts one line in place of all lines of that name, where the first stood, or at the end. */
export function withHeader<M extends SipMessage>(message: M, name: string, value: string): M {
  const line = { name: canonicalName(name), value };
  const first = message.headers.findIndex((known) => sameName(known.name, name));
  if (first < 0) return { ...message, headers: [...message.headers, line] };
  const headers = message.headers.flatMap((known, at) =>
    at === first ? [line] : sameName(known.name, name) ? [] : [known],
  );
  return { ...message, headers };
}

/** Adds a line after all others. */
export function withAddedHeader<M extends SipMessage>(message: M, name: string, value: string): M {
  return { ...message, headers: [...message.headers, { name: canonicalName(name), value }] };
}

/** Adds a line before all others: the place of a new Via or Route. */
export function withTopHeader<M extends SipMessage>(message: M, name: string, value: string): M {
  return { ...message, headers: [{ name: canonicalName(name), value }, ...message.headers] };
}

export function withoutHeader<M extends SipMessage>(message: M, name: string): M {
  return { ...message, headers: message.headers.filter((line) => !sameName(line.name, name)) };
}

/** Replaces the body, and Content-Type with it. */
export function withBody<M extends SipMessage>(message: M, body: Body): M {
  const content = typeof body.content === "string" ? Buffer.from(body.content) : body.content;
  return { ...withHeader(message, "Content-Type", body.contentType), body: content };
}

/** A copy of the address with that tag. */
export function taggedAddress(address: NameAddress, tag: string): NameAddress {
  return { ...address, params: withParam(address.params, "tag", tag) };
}
