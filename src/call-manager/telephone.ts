import type { LegId, PlayId } from "#base/ids.ts";
import type { Command, KeyedDigit, PlayEnd, Prompt } from "#contract/telecom.ts";
import { callsAreStopped } from "#network/dial-permit.ts";
import { linesEndAtMs } from "./call.ts";
import type { Scope } from "./kernel/scope.ts";

/** What steps do with telephones. Each may be said again: what it makes has a name. */

type Dial = Extract<Command, { type: "dial" }>;

/**
 * Dials a leg, unless calls are stopped: the operator's stop holds for the next leg of a call under way, too. A leg that the unit
 * has heard of is not dialled again, and none whose time to ring has passed (the process may have been away for an hour).
 */
export async function dial(
  scope: Scope,
  wish: Omit<Dial, "type" | "endAtMs">,
): Promise<"dialed" | "not-permitted"> {
  const { unit, clock, database } = scope.around;
  if (unit.leg(wish.leg) !== undefined) return "dialed";
  await scope.wait(() => (unit.connected ? "connected" : undefined), wish.ringUntilMs);
  if (await callsAreStopped(database, scope.call.subscriber)) return "not-permitted";
  scope.throwIfOver();
  if (clock.now() < wish.ringUntilMs) unit.send({ type: "dial", ...wish, endAtMs: linesEndAtMs(scope.call) });
  return "dialed";
}

/** Begins to say something. The same `name` again on the same leg is the same play, and is heard once. */
export function play(scope: Scope, leg: LegId, name: string, prompt: Prompt, loop = false): PlayId {
  const id = `${leg}.${name}` as PlayId;
  scope.around.unit.send({ type: "play", leg, play: id, prompt, loop, barge: false });
  return id;
}

/** The unit ends every play; this is for a unit that broke. */
const longestPlayMs = 120_000;

/** Says it and waits until it was heard, or cut short. */
export function say(scope: Scope, leg: LegId, name: string, prompt: Prompt): Promise<PlayEnd | "too-late"> {
  const { unit, clock } = scope.around;
  const id = play(scope, leg, name, prompt);
  return scope.wait(() => {
    const line = unit.leg(leg);
    const end = line?.played[id];
    // The leg's own end is told after its play's, and a leg that is held ends the call: nothing was heard out then.
    if (end !== undefined && end !== "leg-ended") return end;
    return line?.state === "answered" ? undefined : "leg-ended";
  }, clock.now() + longestPlayMs);
}

/** Whatever plays to this leg, but `except`. */
export function stopPlaying(scope: Scope, leg: LegId, except?: string): void {
  const playing = scope.around.unit.leg(leg)?.playing;
  if (playing === undefined || playing === `${leg}.${except}`) return;
  scope.around.unit.send({ type: "stop-play", leg, play: playing });
}

/** The digits of a leg that nobody has dealt with, oldest first. */
export function digitsOf(scope: Scope, leg: LegId): readonly KeyedDigit[] {
  const taken = scope.call.digitsTaken[leg] ?? 0;
  return (scope.around.unit.leg(leg)?.digits ?? []).filter((key) => key.seq > taken);
}
