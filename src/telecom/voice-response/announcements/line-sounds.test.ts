import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { wavOf } from "#rig/wav.ts";
import { LineSounds } from "./line-sounds.ts";
import { activeLevel, lineRate } from "./telephone-sound.ts";

/** One second of 500 Hz at an odd rate. */
const wav = wavOf({
  sampleRate: 44_101,
  samples: Float64Array.from({ length: 44_101 }, (_, n) => 0.2 * Math.sin((2 * Math.PI * 500 * n) / 44_101)),
});

function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "line-sounds-"));
  const workers: Worker[] = [];
  const note = (worker: Worker): void => void workers.push(worker);
  process.on("worker", note);
  const sounds = new LineSounds();
  t.after(async () => {
    await sounds.close();
    process.off("worker", note);
    rmSync(folder, { recursive: true });
  });
  return { sounds, folder, workers };
}

test("speech and files come back at the line's rate and level", async (t) => {
  const { sounds, folder, workers } = open(t);
  writeFileSync(join(folder, "greeting.wav"), wav);
  for (const pcm of await Promise.all([sounds.spoken(wav), sounds.file(folder, "greeting.wav")])) {
    assert.ok(Math.abs(pcm.length - lineRate) < 400, `${pcm.length} samples`);
    assert.ok(Math.abs(activeLevel(pcm) + 16) < 0.5);
  }
  assert.equal(workers.length, 1);
});

test("what cannot be read is told as what it was to be", async (t) => {
  const { sounds, folder } = open(t);
  await assert.rejects(sounds.spoken(Buffer.from("sorry")), { code: "SPEECH_FAILED" });
  await assert.rejects(sounds.spoken(wav.subarray(0, 44)), { code: "SPEECH_FAILED" });
  await assert.rejects(sounds.file(folder, "missing.wav"), (error: { code: string; details: object }) => {
    assert.equal(error.code, "PROMPT_UNREADABLE");
    assert.match(JSON.stringify(error.details), /missing\.wav.*ENOENT/);
    return true;
  });
});

test("should the worker be lost, who waits is told, and the next one is served", async (t) => {
  const { sounds, folder, workers } = open(t);
  await sounds.spoken(wav);
  const both = [sounds.spoken(wav), sounds.file(folder, "greeting.wav")].map((waiting) =>
    waiting.then(
      () => "sound",
      (error: { code: string }) => error.code,
    ),
  );
  await workers[0]?.terminate();
  assert.deepEqual(await Promise.all(both), ["SPEECH_FAILED", "PROMPT_UNREADABLE"]);
  assert.ok((await sounds.spoken(wav)).length > 0);
});

test("once closed it takes nothing", async (t) => {
  const { sounds } = open(t);
  await sounds.close();
  await assert.rejects(sounds.spoken(wav), { code: "SPEECH_FAILED" });
});
