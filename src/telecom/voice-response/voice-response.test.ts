import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json as body } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { systemClock, VirtualClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import type { Prompt, Segment } from "#contract/telecom.ts";
import { muLawSamples } from "../media/g711.ts";
import { activeLevel } from "./announcements/telephone-sound.ts";
import { openVoiceResponse, type VoiceResponse, type VoiceResponseOptions } from "./voice-response.ts";

let promptFolder: string;
let unit: VoiceResponse;
before(async () => {
  promptFolder = await mkdtemp(join(tmpdir(), "voice-response-"));
  unit = await open({});
});
after(async () => {
  await unit.close();
  await rm(promptFolder, { recursive: true });
});

function open(options: Partial<VoiceResponseOptions>): Promise<VoiceResponse> {
  return openVoiceResponse({ clock: systemClock, log: silentLog, promptFolder, ...options });
}

const seconds = (audio: Uint8Array): number => audio.length / 8000;
const level = (audio: Uint8Array): number =>
  activeLevel(Int16Array.from(audio, (octet) => muLawSamples[octet] ?? 0));

function prompt(segments: readonly Segment[], language: "en" | "es" = "en"): Prompt {
  return { language, segments: [...segments], private: true };
}
const text = (words: string) => ({ type: "text", text: words }) as const;

test("a whisper is spoken, as loud as speech on a line should be", async () => {
  const whisper = prompt([
    text("Mortgages, page 3. Customer code"),
    { type: "spell", text: "A47", alphabet: "plain" },
    { type: "pause", ms: 300 },
    { type: "digits", digits: "123456" },
  ]);
  const { audio, fallback } = await unit.render(whisper);
  assert.equal(fallback, "none");
  assert.ok(seconds(audio) > 5 && seconds(audio) < 12, `${seconds(audio)} s`);
  assert.ok(Math.abs(level(audio) + 16) < 2, `${level(audio)} dBm0`);
});

test("Spanish is spoken as Spanish: its words take their own time, not that of letters read out", async () => {
  const { audio, fallback } = await unit.render(prompt([text("Pulse uno para hablar con el banco.")], "es"));
  assert.equal(fallback, "none");
  assert.ok(seconds(audio) > 1.2 && seconds(audio) < 4, `${seconds(audio)} s`);
  const mute = await unit.render(prompt([text("Pulse")], "es"));
  assert.ok(level(mute.audio) > -20);
});

test("a slower voice takes longer", async () => {
  const slow = await open({ speed: 0.7 });
  try {
    const wish = prompt([text("A customer from the web is waiting.")]);
    const ratio = (await slow.render(wish)).audio.length / (await unit.render(wish)).audio.length;
    assert.ok(ratio > 1.25 && ratio < 1.6, `${ratio}`);
  } finally {
    await slow.close();
  }
});

test("a file that cannot be heard is spoken in its words, whether it is not there or not there in time", async () => {
  const clock = new VirtualClock();
  const slow = await open({ clock });
  try {
    const words = text("Hello. If you asked for this call, press 1.");
    const spoken = await unit.render(prompt([words]));
    const missing: Segment = { type: "file", path: "missing.wav", instead: [words] };
    assert.deepEqual(await unit.render(prompt([missing])), spoken);
    await writeFile(join(promptFolder, "late.wav"), wavSound());
    const rendering = slow.render(prompt([{ ...missing, path: "late.wav" }]));
    await renderOver(clock, rendering, [1500]);
    assert.deepEqual(await rendering, spoken);
  } finally {
    await slow.close();
  }
});

test("a file that cannot be read and has no words becomes a beep, and the words after it are spoken", async () => {
  const { audio, fallback } = await unit.render(
    prompt([{ type: "file", path: "../passwd" }, text("Press pound.")]),
  );
  assert.equal(fallback, "beep");
  assert.ok(seconds(audio) > 1);
});

test("a file that the operator replaced is heard at once", async () => {
  const greeting: Prompt = { ...prompt([{ type: "file", path: "greeting.wav" }]), private: false };
  const wavOf = async (source: string): Promise<void> =>
    writeFile(join(promptFolder, "greeting.wav"), wavSound(source));
  await wavOf(wavSource);
  assert.equal(seconds((await unit.render(greeting)).audio), 1);
  assert.equal(seconds((await unit.render(greeting)).audio), 1);
  await wavOf(wavSource.replace("Buffer.alloc(16000)", "Buffer.alloc(24000)"));
  assert.equal(seconds((await unit.render(greeting)).audio), 1.5);
});

test("this thread computes no wave: speech and files are brought to the line elsewhere", async () => {
  const odd = wavSource
    .replace("401f0000", "45ac0000")
    .replaceAll("16000", "88202")
    .replaceAll("8000", "44101");
  await writeFile(join(promptFolder, "odd.wav"), wavSound(odd));
  const program = join(promptFolder, "odd.wav");
  const commanded = await open({
    engine: { type: "command", program: "cat", args: [program], text: "stdin" },
  });
  const sin = Math.sin;
  let waves = 0;
  Math.sin = (x) => {
    waves += 1;
    return sin(x);
  };
  try {
    for (const said of [
      await unit.render(prompt([{ type: "file", path: "odd.wav" }])),
      await commanded.render(prompt([text("Hello.")])),
    ]) {
      assert.equal(said.fallback, "none");
      assert.ok(Math.abs(seconds(said.audio) - 1) < 0.05, `${seconds(said.audio)} s`);
    }
    assert.equal((await unit.render(prompt([text("A word that nobody has said.")]))).fallback, "none");
  } finally {
    Math.sin = sin;
    await commanded.close();
  }
  assert.equal(waves, 0);
});

test("a file that is not there in time is a beep, and is heard the next time", async () => {
  const clock = new VirtualClock();
  const slow = await open({ clock });
  try {
    await writeFile(join(promptFolder, "slow.wav"), wavSound());
    const greeting = prompt([{ type: "file", path: "slow.wav" }]);
    const rendering = slow.render(greeting);
    await renderOver(clock, rendering, [1500]);
    assert.equal((await rendering).fallback, "beep");
    assert.equal(clock.waiting, 0);
    const { audio, fallback } = await slow.render(greeting);
    assert.equal(fallback, "none");
    assert.equal(seconds(audio), 1);
  } finally {
    await slow.close();
  }
});

test("what cannot be said at all is a beep, not silence", async () => {
  const { audio, fallback } = await unit.render(prompt([text("\u0000\u202e☃")]));
  assert.equal(fallback, "beep");
  assert.ok(level(audio) > -20);
});

test("hostile strings from outside never throw and never last longer than 8 s", async (t) => {
  const list = new URL("../../../../shared/corpora/web/blns.json", import.meta.url);
  if (!existsSync(list)) return t.skip("no ../shared");
  const strings = JSON.parse(readFileSync(list, "utf8")) as readonly string[];
  assert.equal(strings.length, 515);
  for (const [index, string] of strings.entries()) {
    const language = index % 2 === 0 ? "en" : "es";
    const { audio } = await unit.render(prompt([text(string)], language));
    assert.ok(seconds(audio) <= 8 && audio.length > 0, JSON.stringify(string));
  }
});

test("200 syntheses leave memory where 50 have brought it", async () => {
  const speak = async (from: number, to: number): Promise<number> => {
    for (let n = from; n < to; n += 1) await unit.render(prompt([text(`Savings, page ${n}.`)]));
    return process.memoryUsage().rss / 2 ** 20;
  };
  const early = await speak(0, 50);
  const late = await speak(50, 200);
  assert.ok(late - early < 80, `${early} MB, then ${late} MB`);
});

/** Renders while virtual time goes on to each moment in turn; the real work in between is waited for. */
async function renderOver(
  clock: VirtualClock,
  rendering: Promise<unknown>,
  stepsMs: readonly number[],
): Promise<void> {
  for (const step of stepsMs) await clock.advance(step);
  await rendering;
}

test("an engine that hangs is left at 1.5 s, and the embedded one speaks", async () => {
  const clock = new VirtualClock();
  const hanging = await open({
    clock,
    engine: {
      type: "command",
      program: process.execPath,
      args: ["-e", "setInterval(() => {}, 1000)"],
      text: "stdin",
    },
  });
  try {
    const rendering = hanging.render(prompt([text("Mortgages.")]));
    await renderOver(clock, rendering, [1499, 1]);
    const { audio, fallback } = await rendering;
    assert.equal(fallback, "embedded-engine");
    assert.ok(seconds(audio) > 0.4);
    assert.equal(clock.waiting, 0);
  } finally {
    await hanging.close();
  }
});

test("when no engine is in time there is a beep, before 2.5 s", async () => {
  const clock = new VirtualClock();
  const late = await open({ clock });
  try {
    const began = clock.now();
    const many = Array.from({ length: 20 }, (_, n) =>
      text(`Number ${n}. ${"A long story that is told slowly. ".repeat(5)}`),
    );
    const rendering = late.render(prompt(many));
    await renderOver(clock, rendering, [2300]);
    const { fallback } = await rendering;
    assert.equal(fallback, "beep");
    assert.ok(clock.now() - began < 2500);
    // Whatever ran at the deadline runs out or loses its worker, and the engine speaks again.
    assert.equal((await late.render(prompt([text("Hello again.")]))).fallback, "none");
    assert.equal(clock.waiting, 0);
  } finally {
    await late.close();
  }
});

test("a prompt that nobody waits for any more ends at once", async () => {
  const hangUp = new AbortController();
  const rendering = unit.render(prompt([text("A story that is told to nobody.")]), hangUp.signal);
  hangUp.abort();
  assert.equal((await rendering).fallback, "beep");
});

/** One second of a tone, as a program in JavaScript makes it: a WAV that does not know its size beforehand. */
const wavSource = `
const pcm = Buffer.alloc(16000);
for (let n = 0; n < 8000; n++) pcm.writeInt16LE(Math.round(5000 * Math.sin(n / 3)), 2 * n);
const head = Buffer.from("524946460000000057415645666d74201000000001000100401f0000803e00000200100064617461ffffffff", "hex");
const wav = Buffer.concat([head, pcm]);`;

function wavSound(source = wavSource): Buffer {
  return execFileSync(process.execPath, ["-e", `${source} process.stdout.write(wav);`]);
}

test("an operator's command gets the words on its input or behind --, never through a shell", async () => {
  const words = "Rates $(touch hacked) now";
  const checked = `
    const text = process.argv[1] === "--" ? process.argv[2] : process.argv[1] ?? require("fs").readFileSync(0, "utf8");
    if (!text.startsWith("Rates dollars (touch hacked) now")) process.exit(1);
    ${wavSource} process.stdout.write(wav);`;
  for (const manner of ["stdin", "argument"] as const) {
    const commanded = await open({
      engine: { type: "command", program: process.execPath, args: ["-e", checked], text: manner },
    });
    try {
      const { audio, fallback } = await commanded.render(prompt([text(words)]));
      assert.equal(fallback, "none", manner);
      assert.ok(Math.abs(seconds(audio) - 1) < 0.05);
    } finally {
      await commanded.close();
    }
  }
});

test("a program that cannot be started, fails or gives no WAV is replaced", async () => {
  for (const [program, args] of [
    ["/no/such/program", []],
    [process.execPath, ["-e", "process.exit(3)"]],
    [process.execPath, ["-e", "console.log('sorry')"]],
  ] as const) {
    const failing = await open({ engine: { type: "command", program, args, text: "stdin" } });
    try {
      assert.equal((await failing.render(prompt([text("Hello.")]))).fallback, "embedded-engine");
    } finally {
      await failing.close();
    }
  }
});

test("a speech service is asked for shared words once, in whatever prompt, and for private ones each time", async () => {
  const asked: string[] = [];
  const wav = wavSound();
  const server = createServer((request, response) => {
    void body(request).then((wish) => {
      asked.push((wish as { text: string }).text);
      if (asked.at(-1) === "moved") response.writeHead(302, { location: "/elsewhere" }).end();
      else response.end(wav);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const served = await open({ engine: { type: "http", address: `http://127.0.0.1:${port}/speak` } });
  try {
    const shared = { ...prompt([text("Welcome.")]), private: false };
    await Promise.all([served.render(shared), served.render(shared)]);
    assert.equal((await served.render(shared)).fallback, "none");
    await served.render(prompt([text("Mrs. Jones.")]));
    await served.render(prompt([text("Mrs. Jones.")]));
    const common = { type: "text", text: "Mortgages.", common: true } as const;
    await served.render(prompt([common]));
    await served.render(prompt([common, text("Mrs. Jones.")]));
    assert.deepEqual(asked, ["Welcome.", "Mrs. Jones.", "Mrs. Jones.", "Mortgages.", "Mrs. Jones."]);
    assert.equal((await served.render(prompt([text("moved")]))).fallback, "embedded-engine");
  } finally {
    await served.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});
