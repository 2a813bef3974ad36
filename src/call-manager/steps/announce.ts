import { userLegOf } from "../call.ts";
import type { Scope } from "../kernel/scope.ts";
import { announcement, ringback } from "../prompts.ts";
import type { StepEnd } from "../step.ts";
import { play, say } from "../telephone.ts";
import { subscriberAndSubject } from "./subscriber-and-subject.ts";

/** 209. The visitor hears who calls and that the center is being called; then ringback, until the bridge. */
export async function announce(scope: Scope): Promise<StepEnd> {
  const { call } = scope;
  const { subscriber, subject } = await subscriberAndSubject(scope);
  const leg = userLegOf(call);
  // Who was asked for `1` was told already.
  if (!call.done.includes("user-confirms"))
    await say(scope, leg, "greeting", announcement("userGreeting", subscriber, subject, call.language));
  // Center first: the agent is there already.
  if (!call.agentHeld) {
    await say(
      scope,
      leg,
      "calling-center",
      announcement("callingCenter", subscriber, subject, call.language),
    );
    play(scope, leg, "ringback", ringback, true);
  }
  return { fact: "announced", withNext: true };
}
