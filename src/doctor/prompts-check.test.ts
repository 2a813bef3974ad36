import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { linesOf, patientIn } from "#rig/patient.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { checkPrompts } from "./prompts-check.ts";
import { toneFile } from "./tone.ts";

const good = toneFile({ hertz: 440, seconds: 1, levelDbm0: -16 });

async function seen(folder: string): Promise<readonly string[]> {
  return linesOf(await checkPrompts(patientIn(folder, { TANDEM_PROMPTS: join(folder, "prompts") })));
}

test("files that can be heard, in folders below too", async () => {
  using folder = temporaryFolder("doctor");
  mkdirSync(join(folder.path, "prompts/es"), { recursive: true });
  writeFileSync(join(folder.path, "prompts/hello.wav"), good);
  writeFileSync(join(folder.path, "prompts/es/hello.wav"), good);
  assert.match((await seen(folder.path))[0] ?? "", /^ok: Each of 2 files in /);
});

test("a spoiled file is named with what is wrong with it; the good one beside it is not", async () => {
  using folder = temporaryFolder("doctor");
  mkdirSync(join(folder.path, "prompts"));
  const deep = Buffer.from(good);
  deep.writeUInt16LE(24, 34);
  writeFileSync(join(folder.path, "prompts/good.wav"), good);
  writeFileSync(join(folder.path, "prompts/deep.wav"), deep);
  writeFileSync(join(folder.path, "prompts/empty.wav"), good.subarray(0, 44));
  writeFileSync(
    join(folder.path, "prompts/text.wav"),
    "no sound at all, but a text of more than forty octets",
  );
  assert.deepEqual(await seen(folder.path), [
    "wrong: deep.wav cannot be heard: format 1 with 24 bits.",
    "wrong: empty.wav is empty.",
    "wrong: text.wav cannot be heard: not a WAV file.",
  ]);
});

test("a folder that is not there is wrong, none at all is well", async () => {
  using folder = temporaryFolder("doctor");
  assert.match((await seen(folder.path))[0] ?? "", /^wrong: The folder .* is not there\.$/);
  assert.match(linesOf(await checkPrompts(patientIn(folder.path)))[0] ?? "", /^ok: /);
});
