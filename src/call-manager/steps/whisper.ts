import type { KeyedDigit } from "#contract/telecom.ts";
import type { Scope } from "../kernel/scope.ts";
import { whisper as whisperPrompt } from "../prompts.ts";
import { throughSignOns } from "../sign-on-keys.ts";
import type { StepEnd } from "../step.ts";
import { digitsOf, play, stopPlaying } from "../telephone.ts";
import { legsOf } from "./bridge.ts";
import { keepVisitorWaiting } from "./meanwhile.ts";
import { subscriberAndSubject } from "./subscriber-and-subject.ts";

/**
 * 214. The agent alone hears what the call is about, and cuts it short with the sign-on key or with a code for a page. The code
 * counts after the bridge (docs/decisions/0034-codes-keyed-early-count-after-the-bridge.md). The visitor hears ringback.
 */
export async function whisper(scope: Scope): Promise<StepEnd> {
  const { call, around } = scope;
  const { unit } = around;
  const { subscriber, subject } = await subscriberAndSubject(scope);
  const { agent } = legsOf(call);
  const { verified } = call.context;
  const prompt = whisperPrompt({
    subject,
    language: subscriber.defaultLanguage,
    page: verified.pageTitle ?? verified.page,
    code: verified.whisperCode,
    reference: call.reference,
    signedOn: call.signedOn,
  });

  keepVisitorWaiting(scope);
  const whispered = play(scope, agent, "whisper", prompt);
  const heard = await scope.wait(() => {
    if (digitsOf(scope, agent).some((key) => cutsShort(scope, key))) return "cut-short";
    const end = unit.leg(agent)?.played[whispered];
    // Then the leg's own end comes next, and ends the call.
    return end === "leg-ended" ? undefined : end;
  }, scope.beganAtMs + longestMs);
  if (heard === "cut-short" || heard === "too-late") stopPlaying(scope, agent);

  // The key that cut it short has done its work; what was keyed else waits for `converse`.
  const throughSeq = throughSignOns(digitsOf(scope, agent), call.policy.signOn);
  if (throughSeq === undefined) return { fact: "whispered", details: { heard }, withNext: true };
  return { fact: "whispered", details: { heard }, took: { leg: agent, throughSeq } };
}

/** Who keyed it before the whisper began has not heard a word of it. */
function cutsShort(scope: Scope, { digit, atMs }: KeyedDigit): boolean {
  return (digit === scope.call.policy.signOn.key || digit === "#") && atMs >= scope.beganAtMs;
}

/** The unit bounds what it speaks to some seconds; this is for a unit that broke. */
const longestMs = 30_000;
