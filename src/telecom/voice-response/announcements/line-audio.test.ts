import assert from "node:assert/strict";
import { test } from "node:test";
import { muLawSamples } from "#telecom/media/g711.ts";
import { encoded, joined, quiet, restored, shortened } from "./line-audio.ts";

const ramp = Int16Array.from({ length: 1000 }, (_, n) => n * 60 - 30_000);

test("what is encoded sounds as it was, within mu-law's steps", () => {
  const audio = encoded(ramp);
  assert.ok(ramp.every((sample, n) => Math.abs((muLawSamples[audio[n] ?? 0] ?? 0) - sample) <= 1024));
  assert.deepEqual(encoded(new Int16Array(80)), quiet(10));
});

test("parts follow each other, and one alone is not copied", () => {
  const audio = encoded(ramp);
  const both = joined([audio, quiet(10), audio]);
  assert.equal(both.length, 2080);
  assert.deepEqual(both.slice(1080), audio);
  assert.equal(joined([audio]), audio);
  assert.equal(joined([]).length, 0);
});

test("every part can be handed to another thread without a copy", () => {
  for (const audio of [
    encoded(ramp),
    quiet(20),
    joined([quiet(20), quiet(20)]),
    restored(Buffer.from("kept")),
  ])
    assert.equal(structuredClone(audio).buffer.constructor, SharedArrayBuffer);
});

test("what is too long is cut and fades; what is not stays as it is", () => {
  const audio = joined([encoded(ramp), quiet(10_000)]);
  const cut = shortened(audio, 8);
  assert.ok(cut.length <= 64_000 && cut.length > 56_000);
  assert.deepEqual(cut.subarray(0, 1000), audio.subarray(0, 1000));
  assert.equal(shortened(audio, 11), audio);
});
