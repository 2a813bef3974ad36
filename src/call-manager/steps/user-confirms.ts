import type { LegId } from "#base/ids.ts";
import type { KeyedDigit } from "#contract/telecom.ts";
import { refuseCalls } from "#network/dial-permit.ts";
import { userLegOf } from "../call.ts";
import type { Scope } from "../kernel/scope.ts";
import { announcement } from "../prompts.ts";
import type { BecameTrue, StepEnd } from "../step.ts";
import { digitsOf, play, stopPlaying } from "../telephone.ts";
import { asksToAgree } from "../web-call.ts";
import { subscriberAndSubject } from "./subscriber-and-subject.ts";

/** Between the end of the question and its repetition. */
const askAgainAfterMs = 5_000;

/**
 * 209. Who holds this telephone may not be who typed its number: the visitor's leg says who asked for the call and waits for `1`
 * before the center is called. `9` refuses this call and every later one.
 */
export async function userConfirms(scope: Scope): Promise<StepEnd> {
  const { call, around } = scope;
  const { subscriber, subject } = await subscriberAndSubject(scope);
  const leg = userLegOf(call);
  const question = announcement("userConfirm", subscriber, subject, call.language);

  for (let ask = 1; ; ask++) {
    const asked = play(scope, leg, `confirm.${ask}`, question);
    const heard = await scope.wait(
      () => decision(scope, leg) ?? around.unit.leg(leg)?.played[asked],
      deadline(scope),
    );
    if (scope.call.askedAtMs === undefined)
      await scope.note({ fact: "asked", call: { askedAtMs: around.clock.now() } });
    const untilMs = Math.min(around.clock.now() + askAgainAfterMs, deadline(scope) ?? Infinity);
    const decided = typeof heard === "object" ? heard : await scope.wait(() => decision(scope, leg), untilMs);
    const late = around.clock.now() >= (deadline(scope) ?? Infinity);
    if (decided === "too-late" && !late) continue;
    stopPlaying(scope, leg);
    if (decided === "too-late") return { fact: "no-key", over: "user-did-not-confirm" };
    const took = { leg, throughSeq: decided.seq };
    if (decided.digit === "1") return { fact: "confirmed", took };
    return { fact: "refused", over: "user-refused-calls", took, alongside: refusal(scope) };
  }
}

/** Counted from the end of the first question: nobody can answer what they have not heard. */
function deadline(scope: Scope): number | undefined {
  const { askedAtMs, policy } = scope.call;
  return askedAtMs === undefined ? undefined : askedAtMs + policy.confirmationSeconds * 1000;
}

/** The first key that means something. */
function decision(scope: Scope, leg: LegId): KeyedDigit | undefined {
  return digitsOf(scope, leg).find(({ digit }) => digit === "1" || digit === "9");
}

type Refusal = NonNullable<BecameTrue["alongside"]>;

/**
 * The refusal of who keyed `9` and was gone before the step saw it: they hung up, the process was away. Whatever ended the call,
 * it holds. Undefined when no such key waits, or `1` was there before it.
 */
export function refusalLeftBehind(scope: Scope): Refusal | undefined {
  const { call } = scope;
  const leg = userLegOf(call);
  // What the step itself has dealt with is taken.
  const isOpen = asksToAgree(call.order) && call.digitsTaken[leg] === undefined;
  return isOpen && decision(scope, leg)?.digit === "9" ? refusal(scope) : undefined;
}

/** This number is called no more. */
function refusal(scope: Scope): Refusal {
  return async (tx) => {
    const { visitorNumber, subscriber } = scope.call;
    await refuseCalls(tx, visitorNumber, scope.around.clock.now(), subscriber);
    return {};
  };
}
