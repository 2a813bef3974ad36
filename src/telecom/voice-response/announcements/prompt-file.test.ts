import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { linearToALaw, linearToMuLaw } from "#telecom/media/g711.ts";
import { readPromptFile } from "./prompt-file.ts";
import { activeLevel } from "./telephone-sound.ts";

let home: string;
let folder: string;
before(async () => {
  home = await mkdtemp(join(tmpdir(), "prompt-file-"));
  folder = join(home, "prompts");
  await mkdir(folder);
  await writeFile(join(home, "secret.wav"), wav({ tag: 1, bits: 16, rate: 8000, channels: 1 }));
});
after(() => rm(home, { recursive: true }));

interface Shape {
  readonly tag: number;
  readonly bits: number;
  readonly rate: number;
  readonly channels: number;
}

/** One second of 500 Hz. */
function wav({ tag, bits, rate, channels }: Shape): Buffer {
  const width = bits / 8;
  const data = Buffer.alloc(rate * channels * width);
  for (let n = 0; n < rate * channels; n += 1) {
    const sample = Math.round(6000 * Math.sin((2 * Math.PI * 500 * Math.floor(n / channels)) / rate));
    if (bits === 16) data.writeInt16LE(sample, n * 2);
    else data[n] = tag === 6 ? linearToALaw(sample) : tag === 7 ? linearToMuLaw(sample) : (sample >> 8) + 128;
  }
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(tag, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * channels * width, 28);
  head.writeUInt16LE(channels * width, 32);
  head.writeUInt16LE(bits, 34);
  head.write("data", 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

const shapes: readonly Shape[] = [
  { tag: 1, bits: 16, rate: 8000, channels: 1 },
  { tag: 1, bits: 16, rate: 44_100, channels: 2 },
  { tag: 1, bits: 8, rate: 11_025, channels: 1 },
  { tag: 6, bits: 8, rate: 8000, channels: 1 },
  { tag: 7, bits: 8, rate: 16_000, channels: 2 },
];

for (const shape of shapes) {
  test(`format ${shape.tag}, ${shape.bits} bits, ${shape.rate}, ${shape.channels} channels is one second at -16 dBm0`, async () => {
    await writeFile(join(folder, "greeting.wav"), wav(shape));
    const pcm = await readPromptFile(folder, "greeting.wav", -16);
    assert.ok(Math.abs(pcm.length - 8000) <= 1);
    assert.ok(Math.abs(activeLevel(pcm) + 16) < 0.5, `${activeLevel(pcm)}`);
  });
}

const refused = { code: "PROMPT_UNREADABLE" };

test("a path leads out of the folder neither by dots, nor as it stands, nor by a link", async () => {
  await symlink(join(home, "secret.wav"), join(folder, "link.wav"));
  await symlink(home, join(folder, "up"));
  for (const path of [
    "../secret.wav",
    join(home, "secret.wav"),
    "link.wav",
    "up/secret.wav",
    ".",
    "",
    "a\0b",
  ]) {
    await assert.rejects(readPromptFile(folder, path, -16), refused, path);
  }
});

test("a pipe in the folder is refused, not waited for", async (t) => {
  try {
    execFileSync("mkfifo", [join(folder, "pipe.wav")]);
  } catch {
    return t.skip("no mkfifo");
  }
  await assert.rejects(readPromptFile(folder, "pipe.wav", -16), refused);
});

test("a file that is missing, no WAV, cut short or of an unknown format is refused", async () => {
  const whole = wav({ tag: 1, bits: 16, rate: 8000, channels: 1 });
  const vorbis = Buffer.from(whole);
  vorbis.writeUInt16LE(0x674f, 20);
  const many = Buffer.from(whole);
  many.writeUInt16LE(6, 22);
  const bad = {
    "text.wav": Buffer.from("hello"),
    "head.wav": whole.subarray(0, 40),
    "vorbis.wav": vorbis,
    "six.wav": many,
  };
  for (const [name, bytes] of Object.entries(bad)) {
    await writeFile(join(folder, name), bytes);
    await assert.rejects(readPromptFile(folder, name, -16), refused, name);
  }
  await assert.rejects(readPromptFile(folder, "missing.wav", -16), refused);
});
