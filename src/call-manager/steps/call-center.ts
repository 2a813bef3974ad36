import { grantPermit } from "#network/dial-permit.ts";
import { toTag2 } from "#network/tag2.ts";
import type { Route } from "#network/records.ts";
import type { DialTarget } from "#contract/telecom.ts";
import { type Call, type CenterAttempt, centerLegOf, linesEndAtMs } from "../call.ts";
import { phoneTarget, trunkTarget } from "../dial-target.ts";
import type { Scope } from "../kernel/scope.ts";
import type { CallOutcome } from "../pages.ts";
import type { StepEnd } from "../step.ts";
import { dial } from "../telephone.ts";
import { type Answered, answeredAtMs, answeredOrNot } from "./answered-or-not.ts";
import { keepVisitorWaiting } from "./meanwhile.ts";
import { nextRoute, withResult } from "./next-route.ts";
import { subscriberAndSubject } from "./subscriber-and-subject.ts";

/** 210-212. The center is called with TAG2 in the signalling, over one route after the other until somebody answers. */
export async function callCenter(scope: Scope): Promise<StepEnd> {
  const attempt = attemptInHand(scope.call) ?? (await beginAttempt(scope));
  if (attempt === undefined) return { fact: "not-permitted", over: "not-permitted" };
  const target = await targetOf(scope, attempt.route);
  if (target === undefined) return nextRoute(scope, "unreachable", "center-unreachable");

  keepVisitorWaiting(scope);
  endEarlierAttempts(scope, attempt);
  const ringUntilMs = scope.beganAtMs + scope.call.policy.centerRingSeconds * 1000;
  const dialed = await dialCenter(scope, attempt, target, ringUntilMs);
  if (dialed === "not-permitted")
    return { fact: dialed, over: dialed, call: { attempts: withResult(scope.call, dialed) } };
  const answered = await answeredOrNot(scope, attempt.leg, ringUntilMs);
  switch (answered) {
    case "answered": {
      const more = { answeredAtMs: answeredAtMs(scope, attempt.leg) };
      return { fact: answered, call: { attempts: withResult(scope.call, answered, more) } };
    }
    case "time-limit":
      return { fact: answered, over: "time-limit" };
    default:
      return nextRoute(scope, answered, outcomeOf[answered]);
  }
}

/** They were told so already, unless the process died over it. */
function endEarlierAttempts(scope: Scope, inHand: CenterAttempt): void {
  const { unit } = scope.around;
  for (const { leg } of scope.call.attempts) {
    const line = leg === inHand.leg ? undefined : unit.leg(leg);
    if (line !== undefined && line.state !== "ended") unit.send({ type: "hang-up", leg, reason: "normal" });
  }
}

/** Begun before a crash, and not yet come to anything. */
function attemptInHand(call: Call): CenterAttempt | undefined {
  const last = call.attempts.at(-1);
  return last?.result === "dialing" ? last : undefined;
}

/** Writes the permit and the attempt down, before anything is dialled. Undefined when it is not permitted. */
async function beginAttempt(scope: Scope): Promise<CenterAttempt | undefined> {
  const { call, around } = scope;
  const route = call.routes[call.attempts.length];
  if (route === undefined) return undefined;
  const { subscriber } = await subscriberAndSubject(scope);
  const leg = centerLegOf(call, call.attempts.length + 1);
  await scope.note({
    fact: "dialing",
    alongside: async (tx) => {
      const wish = {
        subscriber,
        call: call.id,
        leg,
        trunk: route.trunk,
        atMs: around.clock.now(),
        lapsesAtMs: linesEndAtMs(call),
        party: { kind: "center", number: route.number },
      } as const;
      const answer = await grantPermit(tx, wish, around.random);
      if (answer.type === "refused") return {};
      return { attempts: [...call.attempts, { leg, permit: answer.permit.id, route, result: "dialing" }] };
    },
  });
  return attemptInHand(scope.call);
}

/** Undefined when the configuration does not hold the route's trunk or phone any more. */
async function targetOf(scope: Scope, route: Route): Promise<DialTarget | undefined> {
  const { network } = scope.around;
  if (route.phone !== undefined) {
    const phone = await network.phone(route.phone);
    return phone && phoneTarget(phone, route.dnis);
  }
  const trunk = await network.trunk(route.trunk);
  return trunk && trunkTarget(trunk, route.dnis);
}

async function dialCenter(
  scope: Scope,
  attempt: CenterAttempt,
  target: DialTarget,
  ringUntilMs: number,
): ReturnType<typeof dial> {
  const { call } = scope;
  const { subject } = await subscriberAndSubject(scope);
  const tag2 = toTag2({
    context: call.context,
    subject,
    route: attempt.route,
    visitorNumber: call.visitorNumber,
    reference: call.reference,
  });
  return dial(scope, {
    leg: attempt.leg,
    permit: attempt.permit,
    target,
    identity: {
      ...(tag2.ani === undefined ? {} : { callingNumber: tag2.ani }),
      userToUserHex: Buffer.from(tag2.userToUser).toString("hex"),
      xContext: tag2.xContext,
    },
    ringUntilMs,
  });
}

const outcomeOf = {
  busy: "center-busy",
  "no-answer": "center-no-answer",
  declined: "center-declined",
  unreachable: "center-unreachable",
  "hung-up": "agent-hung-up-early",
} as const satisfies Record<Exclude<Answered, "answered" | "time-limit">, CallOutcome>;
