import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { linesOf, patientIn } from "#rig/patient.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { checkSpeech, ofSpeech } from "./speech-check.ts";
import { toneFile } from "./tone.ts";

test("the embedded engine speaks", async () => {
  const [found] = await checkSpeech({ settings: undefined, clock: systemClock });
  assert.match(
    linesOf(found === undefined ? [] : [found])[0] ?? "",
    /^ok: A sentence of \d\.?\d? s at -1\d dBm0/,
  );
});

test("a program of the operator's that fails is a warning, for the embedded engine spoke", async () => {
  using folder = temporaryFolder("doctor");
  const { settings } = patientIn(folder.path, { TANDEM_SPEECH_COMMAND: "false" });
  const [found] = await checkSpeech({ settings, clock: systemClock });
  assert.equal(found?.verdict, "warning");
  assert.match(found?.says ?? "", /^false said nothing in time/);
});

for (const [what, seconds, says] of [
  ["a short tone", 0.3, /that is no speech\.$/],
  ["nothing", 0.001, /hear beeps in place of words\.$/],
] as const) {
  test(`a program that gives ${what} in place of speech is wrong, and is named to be tried`, async () => {
    using folder = temporaryFolder("doctor");
    const file = join(folder.path, "spoken.wav");
    writeFileSync(file, toneFile({ hertz: 440, seconds, levelDbm0: -16 }));
    const { settings } = patientIn(folder.path, { TANDEM_SPEECH_COMMAND: `cat ${file}` });
    const [found] = await checkSpeech({ settings, clock: systemClock });
    assert.equal(found?.verdict, "wrong");
    assert.match(found?.says ?? "", says);
    assert.match(found?.mend ?? "", /TANDEM_SPEECH_COMMAND/);
  });
}

test("beeps in place of words are wrong", () => {
  const heard = { fallback: "beep", seconds: 0.2, level: -16, tookMs: 3, program: undefined } as const;
  assert.equal(ofSpeech(heard).verdict, "wrong");
});
