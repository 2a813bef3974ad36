import { authorized } from "../auth/trunk-login.ts";
import { makeRequest, makeResponse } from "../message/build.ts";
import { paramValue } from "../message/grammar.ts";
import type { SipRequest } from "../message/message.ts";
import { parseUri } from "../message/uri.ts";
import {
  allow,
  type CallEffect,
  type Fork,
  forkOf,
  lingerMs,
  type Moment,
  type OutgoingCall,
  type PendingRequest,
  silentTargetMs,
  type Step,
  supported,
  type TheirRequest,
} from "./call-state.ts";
import { nextHop, requestIn } from "./dialog.ts";
import { refreshHeaders } from "./session-timer.ts";

/** The INVITE that begins the call, anew at each attempt: one CSeq more, the same Call-ID and From (RFC 3261 8.1.3.5). */
export function sendInvite(call: OutgoingCall, uri: string, moment: Moment): Step {
  const [target] = call.targets;
  if (target === undefined) return [call, []];
  const { wish } = call;
  const cseq = call.localSeq + 1;
  const tx = String(call.begun + 1);
  const body = { contentType: "application/sdp", content: wish.sdp };
  const digested = { method: "INVITE", uri, body: Buffer.from(wish.sdp) };
  const [login, authorization] =
    call.login === undefined ? [undefined, []] : authorized(call.login, digested, moment.random);
  const request = makeRequest({
    method: "INVITE",
    uri,
    from: wish.from,
    to: wish.to,
    callId: wish.callId,
    cseq,
    ...(wish.routes === undefined ? {} : { routes: wish.routes }),
    contact: wish.contact,
    headers: [...authorization, allow, supported, ...refreshHeaders(call.sessionSeconds), ...wish.headers],
    body,
  });
  // There is another address; or this is a phone, and the one who calls may know another center.
  const isLeft = call.targets.length > 1 || target.flow !== undefined;
  const silentUntilMs = isLeft ? moment.nowMs + silentTargetMs : undefined;
  const attempt = { tx, uri, target, cseq, provisional: false, silentUntilMs, authorization };
  return [
    { ...call, localSeq: cseq, begun: call.begun + 1, attempt, login },
    [{ type: "send-invite", tx, request, target }],
  ];
}

/** A request of ours in the dialog of one fork. */
export function sendInDialog(call: OutgoingCall, wish: Omit<PendingRequest, "cseq">, moment: Moment): Step {
  const fork = forkOf(call, wish.tag);
  if (fork === undefined) return [call, []];
  const cseq = call.localSeq + 1;
  const tx = String(call.begun + 1);
  const bare = requestIn(fork.dialog, {
    method: wish.method,
    cseq,
    ...(wish.method === "INVITE" || wish.method === "UPDATE" ? { contact: call.wish.contact } : {}),
    ...(wish.sdp === undefined ? {} : { body: { contentType: "application/sdp", content: wish.sdp } }),
  });
  const { login: known } = call;
  const [login, authorization] =
    known === undefined || !leadsToTrunk(call, bare) ? [known, []] : authorized(known, bare, moment.random);
  const request = { ...bare, headers: [...bare.headers, ...authorization, ...wish.headers] };
  const after = {
    ...call,
    localSeq: cseq,
    begun: call.begun + 1,
    login,
    pending: { ...call.pending, [tx]: { ...wish, cseq } },
  };
  return [after, [{ type: "send", tx, request }]];
}

/** RFC 3261 13.2.2.4: the same ACK for a 2xx and for each of its repetitions. */
export function ackOf(call: OutgoingCall, fork: Fork): readonly CallEffect[] {
  if (fork.ack === undefined) return [];
  const { cseq, authorization } = fork.ack;
  const bare = requestIn(fork.dialog, { method: "ACK", cseq });
  const headers = leadsToTrunk(call, bare) ? [...bare.headers, ...authorization] : bare.headers;
  return [{ type: "ack", request: { ...bare, headers } }];
}

/**
 * Whether a request in a dialog travels to the trunk itself. Its Contact may name the telephone behind it, and a telephone
 * that challenges our BYE must not get an answer: it could try passwords against that at its leisure.
 */
export function leadsToTrunk(call: OutgoingCall, request: SipRequest): boolean {
  const uri = parseUri(nextHop(request));
  if (uri?.type !== "sip") return false;
  const host = (paramValue(uri.params, "maddr") ?? uri.host).toLowerCase();
  return call.wish.hosts.some((trunk) => trunk.toLowerCase() === host);
}

/** BYE, and nothing more of this call but its echo. What they still asked gets its final answer. */
export function sendBye(
  call: OutgoingCall,
  wish: Pick<PendingRequest, "tag" | "headers">,
  moment: Moment,
): Step {
  const [after, effects] = sendInDialog(call, { method: "BYE", ...wish }, moment);
  return [over(after, moment), [...endOffer(call), ...effects]];
}

/** RFC 3261 15.1.2: requests that wait for an answer get 487 when the dialog ends under them. */
export function endOffer({ theirs }: OutgoingCall): readonly CallEffect[] {
  if (theirs === undefined) return [];
  return [{ type: "respond", key: theirs.key, response: makeResponse(requestOf(theirs), 487) }];
}

/** Their request again, for its answer: the body was read already. */
export function requestOf(theirs: TheirRequest): SipRequest {
  return { ...theirs.request, body: new Uint8Array(0) };
}

export function over(call: OutgoingCall, moment: Moment): OutgoingCall {
  // RFC 3261 13.2.2.4: 2xx of other forks may come until 64 * T1 after the first, and so may those of attempts that were left.
  const isKnown = Object.keys(call.forks).length > 0 || Object.keys(call.left).length > 0;
  const mayEcho = isKnown || call.attempt.provisional;
  return {
    ...call,
    phase: "over",
    theirs: undefined,
    awaitingAck: undefined,
    session: undefined,
    glareUntilMs: undefined,
    forgetAtMs: call.forgetAtMs ?? moment.nowMs + (mayEcho ? lingerMs : 0),
  };
}

export function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  const { [key]: _gone, ...rest } = record;
  return rest;
}
