import { challenged, proven, type TrunkLogin, trunkLogin } from "../auth/trunk-login.ts";
import { sdpOf } from "../message/body-parts.ts";
import { paramValue } from "../message/grammar.ts";
import { callId, cseq, headerValues, rseq, to, tokens } from "../message/headers.ts";
import type { SipResponse } from "../message/message.ts";
import {
  type CallEnd,
  type CallWish,
  type Fork,
  forkOf,
  type Moment,
  type OutgoingCall,
  type Step,
  tell,
  then,
} from "./call-state.ts";
import { goneBack, tellAlive, tellDead, tellRefused } from "./attempt.ts";
import { confirmed, dialogFrom } from "./dialog.ts";
import { redirections, targetsFor } from "./redirect.ts";
import { ackOf, endOffer, over, sendBye, sendInDialog, sendInvite, without } from "./requests.ts";
import { secondsAfter422, timerFromAnswer, wantedSeconds } from "./session-timer.ts";

// A peer that makes a dialog of every provisional response must not fill our memory.
const mostForks = 16;

/** Begins the call: its first INVITE. `wish.targets` holds one address at least. */
export function begin(wish: CallWish, moment: Moment): Step {
  const call: OutgoingCall = {
    phase: "calling",
    wish,
    // RFC 3261 8.1.1.5 asks for less than 2^31; starting small leaves room for reserving blocks.
    localSeq: 0,
    begun: 0,
    attempt: {
      tx: "",
      uri: wish.uri,
      target: undefined,
      cseq: 0,
      provisional: false,
      silentUntilMs: undefined,
      authorization: [],
    },
    left: {},
    targets: wish.targets,
    tried: [{ uri: wish.uri }],
    toTry: [],
    login: undefined,
    sessionSeconds: wantedSeconds,
    forks: {},
    chosen: undefined,
    giveUp: undefined,
    pending: {},
    theirs: undefined,
    awaitingAck: undefined,
    session: undefined,
    glareUntilMs: undefined,
    forgetAtMs: undefined,
  };
  return sendInvite(call, wish.uri, moment);
}

/** A response to the INVITE that begins the call. */
export function inviteAnswered(call: OutgoingCall, response: SipResponse, moment: Moment): Step {
  const alive: Step = [{ ...call, attempt: { ...call.attempt, provisional: true } }, tellAlive(call.attempt)];
  if (response.status < 200) return then(alive, (now) => provisional(now, response, moment));
  if (response.status < 300) return then(alive, (now) => accepted(now, response, moment));
  return rejected(call, response, moment);
}

/** Time-out or a transport that failed: RFC 3263 4.3, the next address. */
export function inviteUnanswered(call: OutgoingCall, tx: string, moment: Moment): Step {
  if (tx !== call.attempt.tx) return [{ ...call, left: without(call.left, tx) }, []];
  if (call.phase !== "calling") return [call, []];
  const dead: Step = [call, tellDead(call.attempt)];
  if (call.giveUp !== undefined) return [over(call, moment), [...endOffer(call), ...dead[1]]];
  // Where this one could not be reached, one that was slow may answer yet.
  const slow = Object.values(call.left).findLast((attempt) => !attempt.provisional);
  if (call.targets.length <= 1 && slow !== undefined) return then(dead, (now) => [goneBack(now, slow), []]);
  return then(dead, (now) => nextTarget(now, { type: "no-response" }, moment));
}

function provisional(call: OutgoingCall, response: SipResponse, moment: Moment): Step {
  if (call.phase !== "calling") return [call, []];
  // RFC 3261 9.1: no CANCEL before a provisional response; the first one lets it go.
  if (call.giveUp !== undefined && !call.giveUp.cancelSent) return cancel(call);
  if (response.status === 100 || call.giveUp !== undefined) return [call, []];
  const tag = paramValue(to(response).params, "tag");
  const sdp = sdpOf(response);
  const told = tell({ type: "progress", status: response.status, sdp });
  if (tag === undefined) return [call, [told]];
  const known = forkOf(call, tag);
  const dialog = known?.dialog ?? dialogFrom(response, call.attempt.uri);
  if (dialog === undefined || (known === undefined && Object.keys(call.forks).length >= mostForks)) {
    return [call, [told]];
  }
  const fork: Fork = { ...known, dialog, ...(sdp === undefined ? {} : { sdp }) };
  const noted = { ...call, forks: { ...call.forks, [tag]: fork } };
  if (!tokens(response, "Require").includes("100rel")) return [noted, [told]];
  return acknowledgedReliably(noted, { tag, fork, response, told }, moment);
}

/** RFC 3262 4: PRACK for each reliable provisional response, in order; repetitions and gaps are dropped. */
function acknowledgedReliably(
  call: OutgoingCall,
  heard: { tag: string; fork: Fork; response: SipResponse; told: ReturnType<typeof tell> },
  moment: Moment,
): Step {
  const { tag, fork, response, told } = heard;
  const number = rseq(response);
  if (number === undefined || (fork.rseq !== undefined && number !== fork.rseq + 1)) return [call, []];
  const agreed =
    sdpOf(response) === undefined ? {} : { earlyAnswer: fork.earlyAnswer ?? ("agreed" as const) };
  const noted = { ...call, forks: { ...call.forks, [tag]: { ...fork, ...agreed, rseq: number } } };
  const rack = `${number} ${cseq(response).number} INVITE`;
  const sent = sendInDialog(
    noted,
    { method: "PRACK", tag, headers: [{ name: "RAck", value: rack }] },
    moment,
  );
  return then(sent, (now) => [now, [told]]);
}

export function accepted(
  call: OutgoingCall,
  response: SipResponse,
  moment: Moment,
  attempt = call.attempt,
): Step {
  const tag = paramValue(to(response).params, "tag") ?? "";
  const known = forkOf(call, tag);
  // RFC 3261 13.2.2.4: our ACK was lost, the 2xx comes again.
  if (known?.ack !== undefined) return [call, ackOf(call, known)];
  const dialog = confirmed(known?.dialog, response, attempt.uri);
  if (dialog === undefined || (known === undefined && Object.keys(call.forks).length >= mostForks)) {
    return [call, []];
  }
  const sdp = sdpOf(response) ?? known?.sdp;
  const allows = headerValues(response, "Allow").length === 0 ? undefined : tokens(response, "Allow");
  const fork: Fork = {
    ...known,
    dialog: { ...dialog, allows },
    ...(sdp === undefined ? {} : { sdp }),
    ack: { cseq: cseq(response).number, authorization: attempt.authorization },
  };
  const login = call.login === undefined ? undefined : proven(call.login);
  const noted: Step = [{ ...call, login, forks: { ...call.forks, [tag]: fork } }, ackOf(call, fork)];
  // The CANCEL crossed the 200, or another fork or another target was first: this one is taken down at once.
  const isLate = attempt.tx !== call.attempt.tx;
  const unwanted = call.giveUp !== undefined || call.phase !== "calling" || isLate;
  if (unwanted) return then(noted, (now) => unwantedFork(now, { tag, isLate }, moment));
  const chosen: Step = then(noted, (now) => [
    { ...now, phase: "answered", chosen: tag, session: timerFromAnswer(response, moment.nowMs) },
    [],
  ]);
  if (sdp === undefined) {
    const broken: CallEnd = { type: "protocol-broken", why: "a 2xx without a session description" };
    const ended = then(chosen, (now) => sendBye(now, { tag, headers: [] }, moment));
    return then(ended, (now) => [now, [tell({ type: "over", end: broken })]]);
  }
  // RFC 3261 13.2.1: an answer that was given reliably stands, and so does the offer of theirs that came after it.
  const news = known?.earlyAnswer === "superseded" ? undefined : sdp;
  const answered = tell({ type: "answered", sdp: news, callId: callId(response) });
  return then(chosen, (now) => [now, [answered]]);
}

function unwantedFork(call: OutgoingCall, fork: { tag: string; isLate: boolean }, moment: Moment): Step {
  const bye = { tag: fork.tag, headers: call.giveUp?.headers ?? [] };
  const goesOn = call.phase === "answered" || fork.isLate;
  return goesOn ? sendInDialog(call, { method: "BYE", ...bye }, moment) : sendBye(call, bye, moment);
}

function rejected(call: OutgoingCall, response: SipResponse, moment: Moment): Step {
  if (call.phase !== "calling") return [call, []];
  const end: CallEnd = { type: "rejected", status: response.status };
  const { status } = response;
  const answered: Step = [
    { ...confirmedAlone(call), theirs: undefined },
    [...endOffer(call), ...tellRefused(call.attempt, response)],
  ];
  if (call.giveUp !== undefined) return then(answered, (now) => [over(now, moment), []]);
  return then(answered, (now) => {
    if (status < 400) return redirected(now, response, end, moment);
    switch (status) {
      case 401:
      case 407: {
        const login = answerTo(now, response);
        return login === undefined
          ? ended(now, end, moment)
          : sendInvite({ ...now, login }, now.attempt.uri, moment);
      }
      case 422: {
        const seconds = secondsAfter422(response, now.sessionSeconds);
        if (seconds === undefined) return ended(now, end, moment);
        return sendInvite({ ...now, sessionSeconds: seconds }, now.attempt.uri, moment);
      }
      case 503:
        return nextTarget(now, end, moment);
      default:
        return nextRedirection(now, end, moment);
    }
  });
}

/** RFC 3261 13.2.2.3: a final refusal ends every early dialog of its attempt, and what was asked there. */
function confirmedAlone(call: OutgoingCall): OutgoingCall {
  const forks = Object.entries(call.forks).filter(([, fork]) => fork.ack !== undefined);
  const kept = { ...call, forks: Object.fromEntries(forks) };
  const pending = Object.entries(call.pending).filter(([, sent]) => forkOf(kept, sent.tag) !== undefined);
  return { ...kept, pending: Object.fromEntries(pending) };
}

/** The login that answers a 401 or 407, undefined when there is no use in it. */
export function answerTo(call: OutgoingCall, response: SipResponse): TrunkLogin | undefined {
  const login = call.login ?? (call.wish.credentials && trunkLogin(call.wish.credentials));
  if (login === undefined || (response.status !== 401 && response.status !== 407)) return undefined;
  const header = response.status === 401 ? "WWW-Authenticate" : "Proxy-Authenticate";
  return challenged(login, { status: response.status, challenges: headerValues(response, header) });
}

function redirected(call: OutgoingCall, response: SipResponse, end: CallEnd, moment: Moment): Step {
  const { tried, toTry, targets, wish } = call;
  const found = redirections({
    response,
    tried: [...tried, ...toTry],
    hosts: wish.hosts,
    targets,
    usual: wish.targets[0] ?? { transport: "udp" },
  });
  return nextRedirection({ ...call, toTry: [...found, ...toTry] }, end, moment);
}

/** RFC 3261 8.1.3.4: the next place of those that redirections gave; the end when there is none. */
function nextRedirection(call: OutgoingCall, end: CallEnd, moment: Moment): Step {
  const [place, ...toTry] = call.toTry;
  // RFC 3261 21.6: a 6xx speaks for every place that could be tried.
  if (place === undefined || (end.type === "rejected" && end.status >= 600)) return ended(call, end, moment);
  const targets = targetsFor(place, { all: call.wish.targets, left: call.targets });
  return sendInvite({ ...call, toTry, tried: [...call.tried, place], targets }, place.uri, moment);
}

/** RFC 3263 4.3: the same request at the next address; the end when there is none. */
export function nextTarget(call: OutgoingCall, end: CallEnd, moment: Moment): Step {
  const targets = call.targets.slice(1);
  if (targets.length === 0) return ended(call, end, moment);
  return sendInvite({ ...call, targets }, call.attempt.uri, moment);
}

function ended(call: OutgoingCall, end: CallEnd, moment: Moment): Step {
  const gone = over({ ...call, attempt: { ...call.attempt, provisional: false } }, moment);
  return [gone, [tell({ type: "over", end })]];
}

/** RFC 3261 9.1: now if a provisional response came, else with the first one. */
export function cancel(call: OutgoingCall): Step {
  if (call.giveUp === undefined || call.giveUp.cancelSent || !call.attempt.provisional) return [call, []];
  return [
    { ...call, giveUp: { ...call.giveUp, cancelSent: true } },
    [{ type: "cancel", tx: call.attempt.tx }],
  ];
}
