import assert from "node:assert/strict";
import { test } from "node:test";
import { heardTone, toneFile } from "./tone.ts";

function samples(hertz: number, seconds: number, levelDbm0: number): Int16Array {
  const file = toneFile({ hertz, seconds, levelDbm0 });
  return Int16Array.from({ length: (file.length - 44) / 2 }, (_, at) => file.readInt16LE(44 + at * 2));
}

test("level, frequency and length of a tone between silences", () => {
  const recording = new Int16Array(8000 * 4);
  recording.set(samples(1000, 2, -16), 8000);
  assert.deepEqual(heardTone(recording), {
    levelDbm0: -16,
    frequencyHz: 1000,
    seconds: 2,
    lostMs: 0,
    gaps: 0,
  });
  const other = heardTone(samples(437, 1, -30));
  assert.deepEqual([other?.levelDbm0, other?.frequencyHz], [-30, 437]);
});

test("what was lost in the middle is counted, and spoils no other figure", () => {
  const recording = samples(1000, 2, -16);
  recording.fill(0, 4000, 4160);
  recording.fill(0, 8000, 8480);
  const heard = heardTone(recording);
  assert.deepEqual([heard?.lostMs, heard?.gaps, heard?.levelDbm0, heard?.frequencyHz], [80, 2, -16, 1000]);
});

test("silence is no tone", () => {
  assert.equal(heardTone(new Int16Array(8000)), undefined);
  assert.equal(heardTone(new Int16Array(0)), undefined);
});
