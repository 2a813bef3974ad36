import { userLegOf } from "../call.ts";
import type { Scope } from "../kernel/scope.ts";
import { ringback } from "../prompts.ts";
import { play } from "../telephone.ts";

/**
 * What the visitor hears while they wait for the agent. Each step in which they wait says it again: if the process died just before
 * the unit was told, nobody else would. It is one play, and is heard once.
 */
export function keepVisitorWaiting(scope: Scope): void {
  const { call } = scope;
  if (call.userHeld && call.done.includes("announce"))
    play(scope, userLegOf(call), "ringback", ringback, true);
}
