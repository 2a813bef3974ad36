import assert from "node:assert/strict";
import { test } from "node:test";
import type { BridgeId, LegId, PlayId } from "#base/ids.ts";
import type { KeyedDigit, LegState, PlayEnd } from "#contract/telecom.ts";
import { deliverable } from "./deliverable.ts";
import { longestEventBytes } from "./lines.ts";

const digits = Array.from(
  { length: 256 },
  (_, n): KeyedDigit => ({
    seq: n + 1,
    digit: "1",
    atMs: 1_790_000_000_000,
    durationMs: 8_191,
    via: "rfc4733",
  }),
);
const played = Object.fromEntries(
  Array.from({ length: 50 }, (_, n): [string, PlayEnd] => [`${n}`.padStart(100, "p"), "leg-ended"]),
);

/** Legs with all that a leg can have, in the longest names. */
function busyLegs(count: number): LegState[] {
  return Array.from({ length: count }, (_, n) => ({
    leg: `${n}`.padStart(80, "l") as LegId,
    state: "answered",
    dialedAtMs: 1_790_000_000_000,
    ringingAtMs: 1_790_000_000_000,
    answeredAtMs: 1_790_000_000_000,
    sipCallId: "c".repeat(80),
    bridge: "b".repeat(100) as BridgeId,
    playing: "p".repeat(100) as PlayId,
    digits,
    played,
    onHold: false,
  }));
}

test("as many legs as a unit has by default are told whole", () => {
  const legs = busyLegs(2_000);
  const told = deliverable(legs);
  assert.ok(told.every((leg, n) => leg === legs[n]));
  assert.ok(JSON.stringify(told).length < longestEventBytes);
});

test("of as many as a unit can have, a client can read the newest digits and plays", () => {
  // 20,000 that live, and 10,000 that ended and wait to be forgotten.
  const told = deliverable(busyLegs(30_000));
  assert.equal(told.length, 30_000);
  assert.ok(JSON.stringify(told).length < longestEventBytes);
  assert.equal(told[0]?.digits.at(-1)?.seq, 256);
  assert.equal(Object.keys(told[0]?.played ?? {}).at(-1), "49".padStart(100, "p"));
});
