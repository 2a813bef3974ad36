import { TandemError } from "#base/errors.ts";
import type { BridgeId, LegId } from "#base/ids.ts";
import { type Call, currentCenterLeg, userLegOf } from "../call.ts";
import type { Scope } from "../kernel/scope.ts";
import type { StepEnd } from "../step.ts";

const longestMs = 5_000;

/** 215. The two legs become one conversation. What the agent keys is kept from the visitor. */
export async function bridge(scope: Scope): Promise<StepEnd> {
  const { call, around } = scope;
  const { unit, clock } = around;
  const { user, agent } = legsOf(call);
  const joined = bridgeOf(call);
  unit.send({ type: "bridge", bridge: joined, legs: [user, agent], blockDigitsFrom: [agent] });
  const seen = await scope.wait(
    () => (unit.leg(user)?.bridge === joined && unit.leg(agent)?.bridge === joined ? "bridged" : undefined),
    clock.now() + longestMs,
  );
  if (seen === "too-late") throw new TandemError("UNIT_UNREACHABLE", { waitedFor: "bridge" });
  return { fact: "bridged", call: { bridgedAtMs: clock.now() } };
}

export function bridgeOf(call: Call): BridgeId {
  return `${call.id}.bridge` as BridgeId;
}

/** Both held: the order of the steps sees to it. */
export function legsOf(call: Call): { readonly user: LegId; readonly agent: LegId } {
  const agent = currentCenterLeg(call);
  if (agent === undefined) throw new TandemError("BUG", { missing: "center leg", call: call.id });
  return { user: userLegOf(call), agent };
}
