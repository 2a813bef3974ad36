import type { LegId } from "#base/ids.ts";
import type { TelecomUnit } from "#telecom/client.ts";
import { type Call, currentCenterLeg, endsAtMs, userLegOf } from "./call.ts";
import type { InboxCommand } from "./call-inbox-table.ts";
import type { CallOutcome } from "./pages.ts";

/**
 * Whether a call is over, whatever its step waits for: a held leg ended, the visitor ended it on the page, or its time is up.
 * Undefined while it goes on.
 */
export function whyOver(
  call: Call,
  now: { readonly unit: TelecomUnit; readonly inbox: readonly InboxCommand[]; readonly nowMs: number },
): CallOutcome | undefined {
  // A unit that was started anew has none of the lines, and nobody is dialled a second time.
  if (now.unit.boot !== call.unitBoot) return "platform-failed";
  const bridged = call.bridgedAtMs !== undefined;
  const user = call.userHeld ? ended(now.unit, userLegOf(call)) : undefined;
  if (user !== undefined) return user === "hung-up" ? (bridged ? "completed" : "user-hung-up-early") : user;
  const agent = call.agentHeld ? ended(now.unit, currentCenterLeg(call)) : undefined;
  if (agent !== undefined)
    return agent === "hung-up" ? (bridged ? "completed" : "agent-hung-up-early") : agent;
  if (now.inbox.some(({ type }) => type === "cancel")) return bridged ? "completed" : "visitor-cancelled";
  return now.nowMs >= endsAtMs(call) ? "time-limit" : undefined;
}

function ended(
  unit: TelecomUnit,
  leg: LegId | undefined,
): "hung-up" | "time-limit" | "platform-failed" | undefined {
  const line = leg === undefined ? undefined : unit.leg(leg);
  // The unit knows every leg that it has held, until it is told to forget it.
  if (line === undefined || line.endCause === "failed") return "platform-failed";
  if (line.endCause === "time-limit") return "time-limit";
  return line.state === "ended" ? "hung-up" : undefined;
}
