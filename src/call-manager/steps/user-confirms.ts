import type { LegId } from "#base/ids.ts";
import type { KeyedDigit } from "#contract/telecom.ts";
import { refuseCalls } from "#network/dial-permit.ts";
import { userLegOf } from "../call.ts";
import type { Scope } from "../kernel/scope.ts";
import { announcement } from "../prompts.ts";
import type { StepEnd } from "../step.ts";
import { digitsOf, play, stopPlaying } from "../telephone.ts";
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
    return decided === "too-late"
      ? { fact: "no-key", over: "user-did-not-confirm" }
      : decidedEnd(scope, leg, decided);
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

function decidedEnd(scope: Scope, leg: LegId, key: KeyedDigit): StepEnd {
  const took = { leg, throughSeq: key.seq };
  if (key.digit === "1") return { fact: "confirmed", took };
  return {
    fact: "refused",
    over: "user-refused-calls",
    took,
    alongside: async (tx) => {
      const { visitorNumber, subscriber } = scope.call;
      await refuseCalls(tx, visitorNumber, scope.around.clock.now(), subscriber);
      return {};
    },
  };
}
