import { TandemError } from "#base/errors.ts";
import type { Subscriber } from "#network/records.ts";
import { numberOnTrunk } from "#network/trunk-number.ts";
import { type Call, currentCenterLeg, userLegOf } from "../call.ts";
import { guestTarget, trunkTarget } from "../dial-target.ts";
import type { GuestPhone } from "../guest-phone.ts";
import type { Scope } from "../kernel/scope.ts";
import { announcement, ringback } from "../prompts.ts";
import type { StepEnd } from "../step.ts";
import { dial, play } from "../telephone.ts";
import { type Answered, answeredAtMs, answeredOrNot } from "./answered-or-not.ts";
import { subscriberAndSubject } from "./subscriber-and-subject.ts";

/** 206-208. The visitor's telephone rings; they pick up, or they do not. */
export async function callUser(scope: Scope): Promise<StepEnd> {
  const { call } = scope;
  const { subscriber, subject } = await subscriberAndSubject(scope);
  const leg = userLegOf(call);
  const ringUntilMs = scope.beganAtMs + call.policy.userRingSeconds * 1000;
  const dialed = await dial(scope, {
    leg,
    permit: call.userPermit,
    ...(call.guest === undefined ? await overTrunk(scope, subscriber) : inTheirBrowser(call.guest)),
    ringUntilMs,
  });
  if (dialed === "not-permitted") return { fact: dialed, over: dialed };

  // Center first: the agent, already there, hears that the customer is being called.
  const agentLeg = call.agentHeld ? currentCenterLeg(call) : undefined;
  if (agentLeg !== undefined) {
    const said = announcement("callingUser", subscriber, subject, subscriber.defaultLanguage);
    const segments = [...said.segments, ...ringback.segments];
    play(scope, agentLeg, "calling-user", { ...said, segments }, true);
  }

  const answered = await answeredOrNot(scope, leg, ringUntilMs);
  return answered === "answered"
    ? { fact: "answered", call: { userHeld: true, userAnsweredAtMs: answeredAtMs(scope, leg) } }
    : { fact: answered, over: outcomeOf[answered] };
}

type Whom = Pick<Parameters<typeof dial>[1], "target" | "identity">;

async function overTrunk({ call, around }: Scope, subscriber: Subscriber): Promise<Whom> {
  const trunk = await around.network.trunk(subscriber.trunkForUsers);
  if (trunk === undefined) throw new TandemError("BUG", { missing: "trunk", id: subscriber.trunkForUsers });
  return {
    target: trunkTarget(trunk, numberOnTrunk(trunk, call.visitorNumber)),
    identity: trunk.callerId === undefined ? {} : { callingNumber: trunk.callerId },
  };
}

/** The page's telephone is rung as soon as it has registered, and answers by itself. */
function inTheirBrowser({ phone, digest }: GuestPhone): Whom {
  return { target: guestTarget(phone, "visitor", digest), identity: {} };
}

const outcomeOf = {
  busy: "user-busy",
  "no-answer": "user-no-answer",
  declined: "user-declined",
  unreachable: "user-unreachable",
  "time-limit": "time-limit",
  "hung-up": "user-hung-up-early",
} as const satisfies Record<Exclude<Answered, "answered">, NonNullable<Call["outcome"]>>;
