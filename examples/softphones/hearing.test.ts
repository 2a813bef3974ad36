import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import type { Segment } from "#contract/telecom.ts";
import { muLawSamples } from "#telecom/media/g711.ts";
import { openVoiceResponse, type VoiceResponse } from "#telecom/voice-response/voice-response.ts";
import { Hearing, type Heard } from "./hearing.ts";
import { dualTone } from "./touch-tone.ts";

let unit: VoiceResponse;
before(async () => {
  unit = await openVoiceResponse({ clock: systemClock, log: silentLog, promptFolder: import.meta.dirname });
});
after(() => unit.close());

async function heardOf(
  segments: readonly Segment[],
  language: "en" | "es" = "en",
): Promise<readonly Heard[]> {
  const { audio } = await unit.render({ language, segments: [...segments], private: true });
  return heardIn(audio);
}

function heardIn(audio: Uint8Array): readonly Heard[] {
  const heard: Heard[] = [];
  const hearing = new Hearing((one) => heard.push(one));
  // In the pieces that packets come in.
  for (let at = 0; at < audio.length; at += 160) {
    hearing.take(Int16Array.from(audio.subarray(at, at + 160), (octet) => muLawSamples[octet] ?? 0));
  }
  hearing.end();
  return heard;
}

const words = (heard: readonly Heard[]): readonly string[] => heard.map((one) => one.what);

test("the platform's tones are told apart", async () => {
  assert.deepEqual(words(await heardOf([{ type: "tone", tone: "confirm" }])), ["tone confirm"]);
  assert.deepEqual(words(await heardOf([{ type: "tone", tone: "refuse" }])), ["tone refuse"]);
  assert.deepEqual(words(await heardOf([{ type: "tone", tone: "beep" }])), ["beep"]);
});

test("ringback is heard with its length, in both countries' manners", async () => {
  for (const [language, seconds] of [
    ["en", 2],
    ["es", 1.5],
  ] as const) {
    const heard = await heardOf([{ type: "tone", tone: "ringback" }], language);
    assert.equal(heard[0]?.what, "ringback", JSON.stringify(heard));
    assert.ok(Math.abs((heard[0]?.seconds ?? 0) - seconds) < 0.15, JSON.stringify(heard));
    assert.deepEqual(words(heard.slice(1)), ["silence"]);
  }
});

test("a sentence is one piece of speech, as long as it was said and as loud", async () => {
  const heard = await heardOf([{ type: "text", text: "A customer from the web is waiting. Press pound." }]);
  assert.deepEqual(words(heard), ["speech"]);
  assert.ok(Math.abs((heard[0]?.seconds ?? 0) - 2.9) < 0.6, JSON.stringify(heard));
  assert.ok(Math.abs((heard[0]?.levelDbm0 ?? 0) + 16) < 4, JSON.stringify(heard));
});

test("speech, silence and a tone come one after the other", async () => {
  const heard = await heardOf([
    { type: "text", text: "Mortgages." },
    { type: "pause", ms: 2500 },
    { type: "tone", tone: "confirm" },
  ]);
  assert.deepEqual(words(heard), ["speech", "silence", "tone confirm"]);
});

test("keys that are sent as tones are heard as keys", () => {
  for (const key of ["1", "5", "0", "#", "*", "D"] as const) {
    assert.deepEqual(words(heardIn(dualTone(key, 0, 800))), [`touch-tone ${key}`]);
  }
});
