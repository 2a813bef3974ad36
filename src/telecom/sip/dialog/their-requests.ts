import { isOptional, packageType, sdpOf } from "../message/body-parts.ts";
import { makeResponse, type ResponseWish } from "../message/build.ts";
import { paramValue } from "../message/grammar.ts";
import { from, headerValues, tokens } from "../message/headers.ts";
import type { SipRequest } from "../message/message.ts";
import {
  allow,
  bodyTypes,
  type Fork,
  forkOf,
  type Moment,
  type OutgoingCall,
  type Step,
  supported,
  tell,
  type TheirRequest,
  then,
} from "./call-state.ts";
import { inOrder, keyWasTaken, retargeted, withKeyTaken } from "./dialog.ts";
import { digitInInfo } from "./info-digit.ts";
import { endOffer, over, requestOf, sendBye } from "./requests.ts";
import { floorSeconds, timerFromRequest } from "./session-timer.ts";

/** A request of the far end in this call: RFC 3261 12.2.2 first, then each method's own rules. */
export function requested(
  call: OutgoingCall,
  asked: { key: string; request: SipRequest },
  moment: Moment,
): Step {
  const { request } = asked;
  const tag = paramValue(from(request).params, "tag") ?? "";
  const fork = forkOf(call, tag);
  if (fork === undefined) return answer(call, asked, 481);
  if (keyWasTaken(fork.dialog, request)) return answer(call, asked, 200);
  const dialog = inOrder(fork.dialog, request);
  if (dialog === undefined) return answer(call, asked, 500);
  const allows = headerValues(request, "Allow").length === 0 ? dialog.allows : tokens(request, "Allow");
  const noted = { ...call, forks: { ...call.forks, [tag]: { ...fork, dialog: { ...dialog, allows } } } };
  return byMethod(noted, { ...asked, tag }, moment);
}

type Asked = { readonly key: string; readonly request: SipRequest; readonly tag: string };

function byMethod(call: OutgoingCall, asked: Asked, moment: Moment): Step {
  // A fork that was not taken, or a call that is over: no session is left to be changed.
  const isPast = call.phase === "over" || (call.phase === "answered" && asked.tag !== call.chosen);
  switch (asked.request.method) {
    case "BYE":
      return hungUp(call, asked, moment);
    case "INVITE":
    case "UPDATE":
      return isPast ? answer(call, asked, 481) : reoffered(call, asked, moment);
    case "INFO":
      return isPast ? answer(call, asked, 481) : informed(call, asked);
    case "OPTIONS":
      return answer(call, asked, 200, { headers: abilities });
    default:
      // RFC 3261 8.2.1. REFER among them: a transfer is not the far end's to order here.
      return answer(call, asked, 405, { headers: [allow] });
  }
}

/** What OPTIONS is told, in a dialog and outside (RFC 3261 11.2). */
export const abilities = [
  allow,
  supported,
  { name: "Accept", value: [...bodyTypes, packageType].join(", ") },
];

function hungUp(call: OutgoingCall, asked: Asked, moment: Moment): Step {
  const done = answer(call, asked, 200);
  // RFC 3261 15: a far end may not BYE before it has answered; it still owes the INVITE its final response.
  if (call.phase !== "answered" || asked.tag !== call.chosen) return done;
  return then(done, (now) => [
    over(now, moment),
    [...endOffer(now), tell({ type: "over", end: { type: "hung-up-by-far-end" } })],
  ]);
}

function informed(call: OutgoingCall, asked: Asked): Step {
  const digit = digitInInfo(asked.request);
  // RFC 6086 4.2.2: an INFO about nothing that we know; 200 when it has no body (a keep-alive of old), or one to pass over.
  const isNothing = asked.request.body.length === 0 || isOptional(asked.request);
  if (digit === "none") return answer(call, asked, isNothing ? 200 : 415);
  if (digit === "unreadable") return answer(call, asked, 400);
  // First, so that it has been noted when the far end hears that it was taken.
  const told = call.phase === "answered" ? [tell({ type: "digit", digit })] : [];
  return then([withKeyNoted(call, asked), told], (now) => answer(now, asked, 200));
}

function withKeyNoted(call: OutgoingCall, { request, tag }: Asked): OutgoingCall {
  const fork = forkOf(call, tag);
  if (fork === undefined) return call;
  const noted = { ...fork, dialog: withKeyTaken(fork.dialog, request) };
  return { ...call, forks: { ...call.forks, [tag]: noted } };
}

/** Re-INVITE (RFC 3261 14.2) and UPDATE (RFC 3311 5.2): a new offer, a refresh, or both. */
function reoffered(call: OutgoingCall, asked: Asked, moment: Moment): Step {
  const { request, key, tag } = asked;
  const isInvite = request.method === "INVITE";
  const fork = forkOf(call, tag);
  const sdp = sdpOf(request);
  const offers = isInvite || sdp !== undefined;
  // RFC 3261 14.2, RFC 3311 5.2: one offer at a time. Another of theirs waits: 500; one of ours is on its way: 491.
  if (call.theirs !== undefined || (isInvite && call.awaitingAck !== undefined)) {
    const seconds = String(moment.random.integer(11));
    return answer(call, asked, 500, { headers: [{ name: "Retry-After", value: seconds }] });
  }
  const ours = Object.values(call.pending).some((sent) => sent.method === "INVITE" || sent.sdp !== undefined);
  // RFC 3311 5.1: before the 2xx our own offer is open, unless its answer was given reliably (RFC 3262 5).
  const isOpen = call.phase === "calling" && (isInvite || fork?.earlyAnswer === undefined);
  if (offers && (ours || isOpen || call.awaitingAck?.answerExpected === true)) {
    return answer(call, asked, 491);
  }
  const timer = timerFromRequest(request, call.session, moment.nowMs);
  if (timer.type === "too-short") {
    return answer(call, asked, 422, { headers: [{ name: "Min-SE", value: String(floorSeconds) }] });
  }
  const { body: _body, ...bare } = request;
  const theirs: TheirRequest = {
    key,
    tag,
    request: bare,
    offered: sdp !== undefined,
    timer: timer.type === "agreed" ? timer.timer : undefined,
    timerHeaders: timer.type === "agreed" ? timer.headers : [],
  };
  if (!offers) return agreed({ ...call, theirs }, undefined);
  const told = [tell({ type: "offer", key, sdp })];
  if (call.phase !== "calling" || fork === undefined) return [{ ...call, theirs }, told];
  const superseded: Fork = { ...fork, earlyAnswer: "superseded" };
  return [{ ...call, theirs, forks: { ...call.forks, [tag]: superseded } }, told];
}

/** The media engine answered their offer, or made one for an INVITE that had none. */
export function offerAnswered(call: OutgoingCall, said: { key: string; sdp: string }): Step {
  return call.theirs?.key === said.key ? agreed(call, said.sdp) : [call, []];
}

/** RFC 3261 14.2: 488, and the session stays as it was. */
export function offerRefused(call: OutgoingCall, key: string): Step {
  if (call.theirs?.key !== key) return [call, []];
  const response = makeResponse(requestOf(call.theirs), 488);
  return [{ ...call, theirs: undefined }, [{ type: "respond", key, response }]];
}

function agreed(call: OutgoingCall, sdp: string | undefined): Step {
  const { theirs } = call;
  const fork = theirs === undefined ? undefined : forkOf(call, theirs.tag);
  if (theirs === undefined || fork === undefined) return [call, []];
  const request = requestOf(theirs);
  const response = makeResponse(request, 200, {
    contact: call.wish.contact,
    headers: [allow, supported, ...theirs.timerHeaders],
    ...(sdp === undefined ? {} : { body: { contentType: "application/sdp", content: sdp } }),
  });
  const awaitingAck =
    request.method === "INVITE" ? { key: theirs.key, answerExpected: !theirs.offered } : call.awaitingAck;
  const after = {
    ...call,
    theirs: undefined,
    awaitingAck,
    session: theirs.timer ?? call.session,
    forks: { ...call.forks, [theirs.tag]: { ...fork, dialog: retargeted(fork.dialog, request) } },
  };
  return [after, [{ type: "respond", key: theirs.key, response }]];
}

export function acknowledged(
  call: OutgoingCall,
  heard: { key: string; ack: SipRequest },
  moment: Moment,
): Step {
  const awaited = call.awaitingAck;
  if (awaited?.key !== heard.key) return [call, []];
  const after = { ...call, awaitingAck: undefined };
  if (!awaited.answerExpected) return [after, []];
  // RFC 3261 13.2.1: our 2xx held the offer, so this must hold the answer.
  const sdp = sdpOf(heard.ack);
  if (sdp !== undefined) return [after, [tell({ type: "answer", sdp })]];
  return broken(after, "an ACK without the answer to our offer", moment);
}

/** RFC 3261 13.3.1.4: a 2xx that nobody acknowledges ends the session. */
export function unacknowledged(call: OutgoingCall, key: string, moment: Moment): Step {
  return call.awaitingAck?.key === key ? broken(call, "no ACK to our 2xx", moment) : [call, []];
}

/** Their CANCEL came before our answer: what the media engine says to the offer is of no more use. */
export function withdrawn(call: OutgoingCall, key: string): Step {
  return [call.theirs?.key === key ? { ...call, theirs: undefined } : call, []];
}

/** Ends an answered call whose far end cannot be gone on with. */
function broken(call: OutgoingCall, why: string, moment: Moment): Step {
  const ended = sendBye(call, { tag: call.chosen ?? "", headers: [] }, moment);
  return then(ended, (now) => [now, [tell({ type: "over", end: { type: "protocol-broken", why } })]]);
}

function answer(
  call: OutgoingCall,
  asked: { readonly key: string; readonly request: SipRequest },
  status: number,
  wish: ResponseWish = {},
): Step {
  const response = makeResponse(asked.request, status, wish);
  return [call, [{ type: "respond", key: asked.key, response }]];
}
