import { unreachable } from "#base/errors.ts";
import type { LegId } from "#base/ids.ts";
import type { Prompt } from "#contract/telecom.ts";
import { keyedCode } from "../keyed-code.ts";
import type { Scope } from "../kernel/scope.ts";
import { announcement, tone } from "../prompts.ts";
import { throughSignOns } from "../sign-on-keys.ts";
import type { StepEnd } from "../step.ts";
import { digitsOf, play, stopPlaying } from "../telephone.ts";
import { legsOf } from "./bridge.ts";
import { keepVisitorWaiting } from "./meanwhile.ts";
import { nextRoute, withResult } from "./next-route.ts";
import { subscriberAndSubject } from "./subscriber-and-subject.ts";

/** A PIN is not found by trying. */
const mostWrongPins = 3;

/** 213. A person is there, and entitled: they key `#`, or a PIN and `#`. Voicemail never does. */
export async function agentSignsOn(scope: Scope): Promise<StepEnd> {
  const { call, around } = scope;
  const { pin, seconds, asks } = call.policy.signOn;
  const { agent } = legsOf(call);
  keepVisitorWaiting(scope);
  const prompts = await promptsOf(scope);
  const askedFromMs = await passIvr(scope, agent);

  for (let ask = 1; ask <= asks; ask++) {
    const untilMs = askedFromMs + ask * seconds * 1000;
    const name = `sign-on.${call.wrongPins}.${ask}`;
    if (around.clock.now() < untilMs) play(scope, agent, name, ask === 1 ? prompts.first : prompts.again);
    const entry = await keyedEntry(scope, agent, untilMs);
    if (entry === "too-late") continue;
    if (entry === "hung-up") return weHungUp(scope, agent) ? nobody(scope) : hungUpInstead(scope);
    // Without a PIN, whatever a machine keyed before the key does not matter.
    if (pin !== undefined && entry.digits !== pin)
      return wrongPin(scope, { leg: agent, throughSeq: entry.throughSeq });
    stopPlaying(scope, agent);
    const took = { leg: agent, throughSeq: throughRepetitions(scope, agent, entry.throughSeq) };
    const attempts = withResult(call, "signed-on");
    return { fact: "signed-on", took, call: { signedOn: true, agentHeld: true, attempts } };
  }
  return nobody(scope);
}

/** After a wrong PIN the first thing heard is the tone that says so. */
async function promptsOf(scope: Scope): Promise<{ first: Prompt; again: Prompt }> {
  const { subscriber, subject } = await subscriberAndSubject(scope);
  const again = announcement("signOnPrompt", subscriber, subject, subscriber.defaultLanguage);
  if (scope.call.wrongPins === 0) return { first: again, again };
  return { first: { ...again, segments: [...tone("refuse").segments, ...again.segments] }, again };
}

/** Digits that lead through a machine to a person, sent once; gives the moment when they have been sent. */
async function passIvr(scope: Scope, leg: LegId): Promise<number> {
  const digits = scope.call.attempts.at(-1)?.route.postDialDigits;
  if (digits === undefined || scope.call.wrongPins > 0) return scope.beganAtMs;
  scope.around.unit.send({ type: "send-digits", leg, id: `${leg}.post-dial`, digits });
  const tookMs = [...digits].reduce((sum, digit) => sum + (digit === "w" ? 500 : 200), 0);
  const sentAtMs = scope.beganAtMs + tookMs;
  await scope.wait(() => (hungUp(scope, leg) ? "hung-up" : undefined), sentAtMs);
  return sentAtMs;
}

/** What was keyed before the sign-on key. */
function keyedEntry(
  scope: Scope,
  leg: LegId,
  untilMs: number,
): Promise<{ readonly digits: string; readonly throughSeq: number } | "hung-up" | "too-late"> {
  const { key } = scope.call.policy.signOn;
  return scope.wait(() => {
    if (hungUp(scope, leg)) return "hung-up";
    const code = keyedCode(digitsOf(scope, leg), { endKey: key, pauseMs: Infinity, nowMs: 0 });
    return code.type === "code" ? code : undefined;
  }, untilMs);
}

/** Who signed on again, because the process was away and nothing happened, signed on once: it does not cut the whisper short. */
function throughRepetitions(scope: Scope, leg: LegId, throughSeq: number): number {
  const later = digitsOf(scope, leg).filter(({ seq }) => seq > throughSeq);
  return throughSignOns(later, scope.call.policy.signOn) ?? throughSeq;
}

/** The question is asked from its beginning, a few times. */
function wrongPin(scope: Scope, took: StepEnd["took"] & object): StepEnd {
  const wrongPins = scope.call.wrongPins + 1;
  if (wrongPins < mostWrongPins)
    return { fact: "wrong-pin", took, call: { wrongPins }, backTo: "agent-signs-on" };
  return { took, ...nobody(scope) };
}

/** The subscriber says what then. */
function nobody(scope: Scope): StepEnd {
  const { call } = scope;
  const { whenNobody } = call.policy.signOn;
  switch (whenNobody) {
    case "hang-up":
      return {
        fact: "nobody",
        over: "nobody-signed-on",
        call: { attempts: withResult(call, "nobody-signed-on") },
      };
    case "next-route":
      return nextRoute(scope, "nobody-signed-on", "nobody-signed-on");
    case "bridge": {
      const { agent } = legsOf(call);
      stopPlaying(scope, agent);
      const attempts = withResult(call, "bridged-without-sign-on");
      // Whatever was keyed was meant for the sign-on: a PIN without its key is no code for a page.
      const last = digitsOf(scope, agent).at(-1);
      const took = last === undefined ? {} : { took: { leg: agent, throughSeq: last.seq } };
      return { fact: "bridged-without-sign-on", ...took, call: { agentHeld: true, attempts } };
    }
    default:
      return unreachable(whenNobody);
  }
}

/** They hung up instead. */
function hungUpInstead(scope: Scope): StepEnd {
  const { call } = scope;
  const result = "hung-up";
  if (call.policy.signOn.whenNobody === "next-route") return nextRoute(scope, result, "agent-hung-up-early");
  return { fact: result, over: "agent-hung-up-early", call: { attempts: withResult(call, result) } };
}

/** Nobody had signed on in time, and the process died between telling the unit and writing that down. */
function weHungUp(scope: Scope, leg: LegId): boolean {
  return scope.around.unit.leg(leg)?.endCause === "hung-up-by-us";
}

function hungUp(scope: Scope, leg: LegId): boolean {
  return (scope.around.unit.leg(leg)?.state ?? "ended") === "ended";
}
