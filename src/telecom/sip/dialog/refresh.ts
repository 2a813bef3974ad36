import { sdpOf } from "../message/body-parts.ts";
import { paramValue } from "../message/grammar.ts";
import { cseq, to } from "../message/headers.ts";
import type { SipResponse } from "../message/message.ts";
import { proven } from "../auth/trunk-login.ts";
import { nextTargetAtMs } from "./attempt.ts";
import { answerTo } from "./calling.ts";
import {
  type CallEffect,
  forkOf,
  type Moment,
  type OutgoingCall,
  type PendingRequest,
  type Step,
  tell,
  then,
} from "./call-state.ts";
import { requestIn, retargeted } from "./dialog.ts";
import { ackOf, leadsToTrunk, sendBye, sendInDialog, without } from "./requests.ts";
import { refreshHeaders, secondsAfter422, timerFromAnswer, triedAgainAt } from "./session-timer.ts";

/**
 * The next moment at which `due` has something to do; undefined when nothing is waited for. What a session agreed on before
 * its answer does not count: who rings is not refreshed, and has an end of its own.
 */
export function dueAtMs(call: OutgoingCall): number | undefined {
  const session = call.phase === "answered" ? call.session : undefined;
  const refreshAtMs = session === undefined ? undefined : (call.glareUntilMs ?? session.dueAtMs);
  const moments = [nextTargetAtMs(call), refreshAtMs, session?.expiresAtMs, call.forgetAtMs].filter(
    (moment) => moment !== undefined,
  );
  return moments.length === 0 ? undefined : Math.min(...moments);
}

/** What falls due in an answered call: a refresh, or the end of a session that nobody refreshed. */
export function due(call: OutgoingCall, moment: Moment): Step {
  const { session } = call;
  if (call.phase !== "answered" || session === undefined) return [call, []];
  const isOver = session.expiresAtMs <= moment.nowMs;
  if ((call.glareUntilMs ?? session.dueAtMs) > moment.nowMs && !isOver) return [call, []];
  if (isOver || session.refresher === "them") return expired(call, moment);
  return refreshed({ ...call, glareUntilMs: undefined }, moment);
}

/** RFC 4028 10: BYE, with the reason that 408 gives. */
function expired(call: OutgoingCall, moment: Moment): Step {
  const headers = [{ name: "Reason", value: 'SIP;cause=408;text="Session expired"' }];
  const ended = sendBye(call, { tag: call.chosen ?? "", headers }, moment);
  return then(ended, (now) => [now, [tell({ type: "over", end: { type: "session-expired" } })]]);
}

/** RFC 4028 7.4: by UPDATE where the far end takes it (no offer needed), else by re-INVITE. */
function refreshed(call: OutgoingCall, moment: Moment): Step {
  const { session, chosen } = call;
  if (session === undefined || chosen === undefined) return [call, []];
  const waiting = { ...call, session: triedAgainAt(session, moment.nowMs) };
  const isBusy = call.theirs !== undefined || call.awaitingAck !== undefined || refreshPending(call);
  if (isBusy) return [waiting, []];
  if (forkOf(call, chosen)?.dialog.allows?.includes("UPDATE") !== true) {
    return [waiting, [tell({ type: "offer-wanted" })]];
  }
  const headers = refreshHeaders(session.seconds, "uac");
  return sendInDialog(waiting, { method: "UPDATE", tag: chosen, headers }, moment);
}

/** The media engine's description for a refresh by re-INVITE: the session as it is (RFC 4028 7.4). */
export function offerMade(call: OutgoingCall, sdp: string, moment: Moment): Step {
  const { session, chosen } = call;
  const isBusy = call.theirs !== undefined || call.awaitingAck !== undefined || refreshPending(call);
  if (call.phase !== "answered" || session === undefined || chosen === undefined || isBusy) return [call, []];
  const headers = refreshHeaders(session.seconds, "uac");
  return sendInDialog(call, { method: "INVITE", tag: chosen, headers, sdp }, moment);
}

function refreshPending(call: OutgoingCall): boolean {
  return Object.values(call.pending).some((sent) => sent.method === "INVITE" || sent.method === "UPDATE");
}

/** A response to one of our requests in a dialog. */
export function requestAnswered(
  call: OutgoingCall,
  heard: { readonly tx: string; readonly response: SipResponse },
  moment: Moment,
): Step {
  const { tx, response } = heard;
  const sent = call.pending[tx];
  // RFC 3261 13.2.2.4: the 2xx of a re-INVITE comes again when our ACK was lost.
  if (sent === undefined) return [call, ackAgain(call, response)];
  const isSuccess = response.status >= 200 && response.status < 300;
  if (response.status < 200) return [call, []];
  const login = isSuccess && call.login !== undefined ? proven(call.login) : call.login;
  const settled = { ...call, login, pending: without(call.pending, tx) };
  const fork = forkOf(call, sent.tag);
  if (isSuccess && sent.method === "INVITE") return reinviteAccepted(settled, { response, sent }, moment);
  if (isSuccess) return isRefresh(sent) ? refreshAccepted(settled, response, moment, sent) : [settled, []];
  const answered =
    fork !== undefined && leadsToTrunk(call, requestIn(fork.dialog, sent))
      ? answerTo(call, response)
      : undefined;
  if (answered !== undefined) return sendInDialog({ ...settled, login: answered }, sent, moment);
  return isRefresh(sent) ? refreshFailed(settled, { sent, response }, moment) : [settled, []];
}

/** Time-out or a transport that failed, in a dialog. */
export function requestUnanswered(
  call: OutgoingCall,
  failed: { readonly tx: string; readonly status: 408 | 503 },
  moment: Moment,
): Step {
  const sent = call.pending[failed.tx];
  if (sent === undefined) return [call, []];
  const settled = { ...call, pending: without(call.pending, failed.tx) };
  if (!isRefresh(sent) || call.phase !== "answered") return [settled, []];
  // RFC 3261 12.2.1.2: a far end that answers nothing is gone; a way that is closed now may be open again later.
  return failed.status === 408 ? expired(settled, moment) : triedAgain(settled, moment);
}

function ackAgain(call: OutgoingCall, response: SipResponse): readonly CallEffect[] {
  const fork = forkOf(call, paramValue(to(response).params, "tag") ?? "");
  const { number, method } = cseq(response);
  const isAccepted = response.status >= 200 && response.status < 300 && method === "INVITE";
  return isAccepted && fork?.ack?.cseq === number ? ackOf(call, fork) : [];
}

function isRefresh(sent: PendingRequest): boolean {
  return sent.method === "INVITE" || sent.method === "UPDATE";
}

function reinviteAccepted(
  call: OutgoingCall,
  heard: { response: SipResponse; sent: PendingRequest },
  moment: Moment,
): Step {
  const { response, sent } = heard;
  const fork = forkOf(call, sent.tag);
  if (fork === undefined) return [call, []];
  const acked = {
    ...fork,
    dialog: retargeted(fork.dialog, response),
    ack: { cseq: sent.cseq, authorization: [] },
  };
  const forks = { ...call.forks, [sent.tag]: acked };
  const settled = { ...call, forks };
  const done = then([settled, ackOf(call, acked)], (now) => refreshAccepted(now, response, moment, sent));
  const sdp = sdpOf(response);
  return sdp === undefined ? done : then(done, (now) => [now, [tell({ type: "answer", sdp })]]);
}

function refreshAccepted(
  call: OutgoingCall,
  response: SipResponse,
  moment: Moment,
  sent: PendingRequest,
): Step {
  const fork = forkOf(call, sent.tag);
  if (fork === undefined || call.phase !== "answered") return [call, []];
  const forks = { ...call.forks, [sent.tag]: { ...fork, dialog: retargeted(fork.dialog, response) } };
  return [{ ...call, forks, session: timerFromAnswer(response, moment.nowMs) }, []];
}

function refreshFailed(
  call: OutgoingCall,
  failed: { sent: PendingRequest; response: SipResponse },
  moment: Moment,
): Step {
  if (call.phase !== "answered" || call.session === undefined) return [call, []];
  const { status } = failed.response;
  switch (status) {
    case 491:
      // RFC 3261 14.1: who made the Call-ID waits 2.1 to 4 s, in units of 10 ms.
      return [{ ...call, glareUntilMs: moment.nowMs + 2_100 + 10 * moment.random.integer(191) }, []];
    case 422: {
      const seconds = secondsAfter422(failed.response, call.session.seconds);
      if (seconds === undefined) return expired(call, moment);
      return refreshed({ ...call, session: { ...call.session, seconds } }, moment);
    }
    case 408:
    case 481:
      // RFC 3261 12.2.1.2: the far end has no such dialog any more.
      return expired(call, moment);
    default:
      return triedAgain(call, moment);
  }
}

/** RFC 4028 10: the session goes on until it expires. */
function triedAgain(call: OutgoingCall, moment: Moment): Step {
  const { session } = call;
  return [session === undefined ? call : { ...call, session: triedAgainAt(session, moment.nowMs) }, []];
}
