import assert from "node:assert/strict";
import { test } from "node:test";
import type { LegId, PlayId } from "#base/ids.ts";
import { type LegState, type TelecomEvent, wireVersion } from "#contract/telecom.ts";
import { LegMirror } from "./leg-mirror.ts";

const leg = "call_1.user" as LegId;
const play = "greeting" as PlayId;
const answered: LegState = { leg, state: "answered", dialedAtMs: 1, digits: [], played: {}, onHold: false };

/** A mirror that has seen the leg end, and said `forget`. */
function afterForget(): LegMirror {
  const mirror = new LegMirror();
  mirror.heard({ type: "snapshot", wireVersion, unitBoot: "boot", atMs: 1, legs: [answered] });
  mirror.heard({ type: "leg-ended", leg, atMs: 3, cause: "hung-up-by-far-end" });
  mirror.said({ type: "forget", leg }, 4);
  return mirror;
}

test("a leg that was forgotten does not come back by an event that was on its way", () => {
  const late: readonly TelecomEvent[] = [
    // A play that crossed the leg's end is told as ended with it.
    { type: "play-ended", leg, play, end: "leg-ended", atMs: 5 },
    { type: "digit", leg, key: { seq: 1, digit: "1", atMs: 5, durationMs: 100, via: "rfc4733" } },
    { type: "leg-held", leg, atMs: 5, onHold: true },
  ];
  for (const event of late) {
    const mirror = afterForget();
    mirror.heard(event);
    assert.deepEqual(mirror.legs(), [], event.type);
  }
});

test("a leg that another client has dialled shows as soon as it is told of", () => {
  const first: readonly (readonly [TelecomEvent, LegState["state"]])[] = [
    [{ type: "leg-ringing", leg, atMs: 5, earlyMedia: false }, "ringing"],
    [{ type: "leg-answered", leg, atMs: 5, sipCallId: "x" }, "answered"],
    [{ type: "leg-ended", leg, atMs: 5, cause: "busy" }, "ended"],
  ];
  for (const [event, state] of first) {
    const mirror = new LegMirror();
    mirror.heard(event);
    assert.equal(mirror.leg(leg)?.state, state);
  }
});
