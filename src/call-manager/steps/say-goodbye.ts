import type { LegState } from "#contract/telecom.ts";
import { endPermits } from "#network/dial-permit.ts";
import { settlePushes } from "../awaited-pushes.ts";
import { userLegOf } from "../call.ts";
import { callSeconds } from "../call-seconds.ts";
import type { Scope } from "../kernel/scope.ts";
import type { CallOutcome } from "../pages.ts";
import { announcement } from "../prompts.ts";
import type { StepEnd } from "../step.ts";
import { say } from "../telephone.ts";
import { bridgeOf } from "./bridge.ts";
import { withResult } from "./next-route.ts";
import { namesForLastWords } from "./subscriber-and-subject.ts";
import { refusalLeftBehind } from "./user-confirms.ts";

const longestMs = 15_000;

/** 218-219. Whoever is still there hears why, every line is ended, the browser shows the disconnect page, the record is complete. */
export async function sayGoodbye(scope: Scope): Promise<StepEnd> {
  const { call, around } = scope;
  const { unit, clock } = around;
  const outcome = outcomeOf(scope);
  const legs = [userLegOf(call), ...call.attempts.map(({ leg }) => leg)];
  const linesOfCall = (): readonly LegState[] => legs.flatMap((leg) => unit.leg(leg) ?? []);

  if (call.bridgedAtMs !== undefined) unit.send({ type: "unbridge", bridge: bridgeOf(call) });
  // After a bug the polite part may be what fails.
  if (call.bugs === 0) await lastWords(scope, outcome);
  const reason = outcome === "time-limit" ? "time-limit" : "normal";
  for (const { leg, state } of linesOfCall())
    if (state !== "ended") unit.send({ type: "hang-up", leg, reason });
  await scope.wait(
    () => (linesOfCall().every(({ state }) => state === "ended") ? "ended" : undefined),
    Math.max(clock.now(), scope.beganAtMs) + longestMs,
  );

  // Asked again: a key may have been on its way.
  const refusal = refusalLeftBehind(scope);
  const inTheEnd = outcomeOf(scope);
  return {
    fact: "ended",
    call: {
      state: "ended",
      outcome: inTheEnd,
      endedAtMs: clock.now(),
      ...callSeconds(call, linesOfCall()),
      ...(call.attempts.at(-1)?.result === "dialing" ? { attempts: withResult(call, "given-up") } : {}),
    },
    obeyed: scope.inbox,
    pages: [{ type: "disconnect", outcome: inTheEnd }],
    alongside: async (tx) => {
      await endPermits(tx, call.id, clock.now());
      await refusal?.(tx);
      // Nothing is shown any more but the last page.
      return { pushed: await settlePushes(tx, call, { atMs: clock.now(), isOver: true }) };
    },
  };
}

/** Whoever is first says why a call is over, but for a `9`: who wants no calls is heard last, too. */
function outcomeOf(scope: Scope): CallOutcome {
  if (refusalLeftBehind(scope) !== undefined) return "user-refused-calls";
  return scope.call.outcome ?? "completed";
}

async function lastWords(scope: Scope, outcome: CallOutcome): Promise<void> {
  const { call, around } = scope;
  const stillThere = (line: LegState | undefined): line is LegState => line?.state === "answered";
  const user = around.unit.leg(userLegOf(call));
  const agentLeg = call.agentHeld ? call.attempts.at(-1)?.leg : undefined;
  const agent = agentLeg === undefined ? undefined : around.unit.leg(agentLeg);
  const bridged = call.bridgedAtMs !== undefined;
  const words = wordsForUser(outcome, bridged);
  if (!stillThere(user) && !stillThere(agent)) return;

  const { subscriber, subject } = await namesForLastWords(scope);
  const said: Promise<unknown>[] = [];
  if (stillThere(agent)) {
    // An agent who talked with the visitor knows; one who waited for them does not.
    if (bridged) around.unit.send({ type: "hang-up", leg: agent.leg, reason: "normal" });
    else
      said.push(
        say(
          scope,
          agent.leg,
          "goodbye",
          announcement("userUnavailable", subscriber, subject, subscriber.defaultLanguage),
        ),
      );
  }
  if (stillThere(user) && words !== undefined)
    said.push(say(scope, user.leg, "goodbye", announcement(words, subscriber, subject, call.language)));
  await Promise.all(said);
}

function wordsForUser(
  outcome: CallOutcome,
  bridged: boolean,
): "goodbye" | "callsRefused" | "centerUnavailable" | undefined {
  switch (outcome) {
    case "completed":
    case "user-did-not-confirm":
      return "goodbye";
    case "user-refused-calls":
      return "callsRefused";
    case "time-limit":
    case "platform-failed":
      return bridged ? "goodbye" : "centerUnavailable";
    case "center-busy":
    case "center-no-answer":
    case "center-declined":
    case "center-unreachable":
    case "center-closed":
    case "nobody-signed-on":
    case "agent-hung-up-early":
    case "not-permitted":
      return "centerUnavailable";
    case "visitor-cancelled":
    case "user-busy":
    case "user-no-answer":
    case "user-declined":
    case "user-unreachable":
    case "user-hung-up-early":
      return undefined;
  }
}
