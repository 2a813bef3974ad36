import type { LegState } from "#contract/telecom.ts";
import { longestEventBytes } from "./lines.ts";

/**
 * What a snapshot says of these legs so that a client can read it, however many they are: of each leg all of its digits and
 * plays where that fits, else the newest of them. As many as a unit has by default tell all.
 */
export function deliverable(legs: readonly LegState[]): LegState[] {
  for (const most of [256, 64, 16]) {
    const told = legs.map((leg) => newest(leg, most));
    if (mostBytes(told) <= longestEventBytes) return told;
  }
  return legs.map((leg) => newest(leg, 4));
}

function newest(leg: LegState, most: number): LegState {
  const played = Object.entries(leg.played);
  if (leg.digits.length <= most && played.length <= most) return leg;
  return { ...leg, digits: leg.digits.slice(-most), played: Object.fromEntries(played.slice(-most)) };
}

/** As JSON, with the longest names and numbers that the contract allows. */
function mostBytes(legs: readonly LegState[]): number {
  return legs.reduce(
    (sum, leg) =>
      sum + legBytes + leg.digits.length * digitBytes + Object.keys(leg.played).length * playBytes,
    0,
  );
}

const legBytes = 900;
const digitBytes = 100;
const playBytes = 120;
