import { makeRequest, type RequestWish } from "../message/build.ts";
import { paramValue } from "../message/grammar.ts";
import { callId, contacts, cseq, from, type NameAddress, recordRoutes, to } from "../message/headers.ts";
import type { SipMessage, SipRequest, SipResponse } from "../message/message.ts";
import { parseUri } from "../message/uri.ts";

/** What two user agents must remember to send requests to each other, RFC 3261 12. We are the one who called. */
export interface Dialog {
  readonly callId: string;
  /** From and To of our requests in it. */
  readonly local: NameAddress;
  readonly remote: NameAddress;
  readonly remoteTag: string;
  /** The far end's Contact: the Request-URI of our requests. */
  readonly remoteTarget: string;
  /** URIs in angle brackets with their parameters, in the order of travel. */
  readonly routeSet: readonly string[];
  /** The CSeq of the far end's latest request; the first may begin anywhere. */
  readonly remoteSeq: number | undefined;
  /** The CSeqs of the latest INFOs whose key was taken: one that comes again, by a process that does not know it, is not pressed twice. */
  readonly keysTaken: readonly number[];
  /** Methods that the far end said it takes (Allow); undefined until it did. */
  readonly allows: readonly string[] | undefined;
}

/**
 * RFC 3261 12.1.2: the dialog that a 101..299 to our INVITE makes; undefined when its Record-Route cannot be read. A far end
 * that names no Contact is talked to where the INVITE went; one without a tag has the empty one (RFC 2543).
 */
export function dialogFrom(response: SipResponse, invitedUri: string): Dialog | undefined {
  const remote = to(response);
  const remoteTag = paramValue(remote.params, "tag") ?? "";
  const remoteTarget = contactUri(response) ?? invitedUri;
  const routes = recordRoutes(response);
  if (routes === undefined) return undefined;
  return {
    callId: callId(response),
    local: from(response),
    remote,
    remoteTag,
    remoteTarget,
    routeSet: routes.map(bracketed).reverse(),
    remoteSeq: undefined,
    keysTaken: [],
    allows: undefined,
  };
}

/**
 * RFC 3261 13.2.2.4: the dialog that a 2xx makes or confirms. Its route set is that of the 2xx, since a proxy may record itself
 * there alone; what the far end numbered in the early dialog still counts, and its Contact where the 2xx names none.
 */
export function confirmed(
  early: Dialog | undefined,
  response: SipResponse,
  invitedUri: string,
): Dialog | undefined {
  const dialog = dialogFrom(response, early?.remoteTarget ?? invitedUri);
  return dialog === undefined
    ? early
    : { ...dialog, remoteSeq: early?.remoteSeq, keysTaken: early?.keysTaken ?? [] };
}

/** RFC 3261 12.2.1.2, 12.2.2: re-INVITE and UPDATE, and their 2xx, may move the far end's Contact. */
export function retargeted(dialog: Dialog, message: SipMessage): Dialog {
  return { ...dialog, remoteTarget: contactUri(message) ?? dialog.remoteTarget };
}

/**
 * RFC 3261 12.2.2: undefined when a request comes out of order (500). A first request sets the number whatever it is;
 * a gap is no error.
 */
export function inOrder(dialog: Dialog, request: SipRequest): Dialog | undefined {
  const { number } = cseq(request);
  if (dialog.remoteSeq !== undefined && number <= dialog.remoteSeq) return undefined;
  return { ...dialog, remoteSeq: number };
}

const mostKeysTaken = 8;

export function withKeyTaken(dialog: Dialog, info: SipRequest): Dialog {
  return { ...dialog, keysTaken: [...dialog.keysTaken, cseq(info).number].slice(-mostKeysTaken) };
}

export function keyWasTaken(dialog: Dialog, request: SipRequest): boolean {
  return request.method === "INFO" && dialog.keysTaken.includes(cseq(request).number);
}

export type DialogRequestWish = Pick<RequestWish, "method" | "cseq" | "contact" | "headers" | "body">;

/** RFC 3261 12.2.1.1: a request in the dialog, its route set laid on. */
export function requestIn(dialog: Dialog, wish: DialogRequestWish): SipRequest {
  const [first, ...rest] = dialog.routeSet;
  const strict = first !== undefined && !isLoose(first);
  return makeRequest({
    ...wish,
    // A strict router takes itself from the Request-URI, and the target from the last Route.
    uri: strict ? unbracketed(first) : dialog.remoteTarget,
    routes: strict ? [...rest, `<${dialog.remoteTarget}>`] : dialog.routeSet,
    from: dialog.local,
    to: dialog.remote,
    callId: dialog.callId,
  });
}

/** The URI that a request of ours travels to first: its topmost Route, or its Request-URI. */
export function nextHop(request: SipRequest): string {
  const route = request.headers.find((line) => line.name === "Route")?.value;
  return route === undefined ? request.uri : unbracketed(route);
}

function contactUri(message: SipMessage): string | undefined {
  const all = contacts(message);
  if (all === "*") return undefined;
  const uri = all?.[0]?.uri;
  // RFC 3261 12.1.1: a dialog's target is a SIP URI.
  return uri !== undefined && parseUri(uri)?.type === "sip" ? uri : undefined;
}

function bracketed(address: NameAddress): string {
  return `<${address.uri}>`;
}

function unbracketed(route: string): string {
  return /<([^>]*)>/.exec(route)?.[1] ?? route;
}

function isLoose(route: string): boolean {
  const uri = parseUri(unbracketed(route));
  return uri?.type === "sip" && paramValue(uri.params, "lr") !== undefined;
}
