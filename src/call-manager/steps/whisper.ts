import type { Scope } from "../kernel/scope.ts";
import { whisper as whisperPrompt } from "../prompts.ts";
import type { StepEnd } from "../step.ts";
import { digitsOf, play, stopPlaying } from "../telephone.ts";
import { legsOf } from "./bridge.ts";
import { keepVisitorWaiting } from "./meanwhile.ts";
import { subscriberAndSubject } from "./subscriber-and-subject.ts";

/** 214. The agent alone hears what the call is about, and may cut it short with the sign-on key. The visitor hears ringback. */
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
  const key = call.policy.signOn.key;
  const heard = await scope.wait(() => {
    if (digitsOf(scope, agent).some(({ digit }) => digit === key)) return "cut-short";
    const end = unit.leg(agent)?.played[whispered];
    // Then the leg's own end comes next, and ends the call.
    return end === "leg-ended" ? undefined : end;
  }, scope.beganAtMs + longestMs);
  if (heard === "cut-short" || heard === "too-late") stopPlaying(scope, agent);

  // What was keyed during the whisper was not meant for a page.
  const throughSeq = digitsOf(scope, agent).at(-1)?.seq;
  const took = throughSeq === undefined ? {} : { took: { leg: agent, throughSeq } };
  return { fact: "whispered", details: { heard }, ...took };
}

/** The unit bounds what it speaks to some seconds; this is for a unit that broke. */
const longestMs = 30_000;
