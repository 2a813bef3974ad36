import assert from "node:assert/strict";
import { test } from "node:test";
import { activeLevel, lineRate } from "./telephone-sound.ts";
import { tone } from "./tones.ts";

/** Power of one frequency in dB relative to all power of the piece (0: nothing else is in it). */
function share(pcm: Int16Array, frequency: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * frequency) / lineRate);
  let last = 0;
  let before = 0;
  let energy = 0;
  for (const sample of pcm) {
    [before, last] = [last, sample + turn * last - before];
    energy += sample ** 2;
  }
  const power = last ** 2 + before ** 2 - turn * last * before;
  return 10 * Math.log10((2 * power) / (pcm.length * energy));
}

const ms = (pcm: Int16Array, from: number, to: number): Int16Array => pcm.subarray(from * 8, to * 8);
const silent = (pcm: Int16Array): boolean => pcm.every((sample) => sample === 0);

test("ringback is 440 and 480 Hz for 2 s and silent for 4 s in English", () => {
  const period = tone("ringback", "en");
  assert.equal(period.length, 6 * lineRate);
  assert.ok(Math.abs(share(ms(period, 200, 1800), 440) + 3) < 0.2);
  assert.ok(Math.abs(share(ms(period, 200, 1800), 480) + 3) < 0.2);
  assert.ok(silent(ms(period, 2000, 6000)));
});

test("ringback is 425 Hz for 1.5 s and silent for 3 s in Spanish", () => {
  const period = tone("ringback", "es");
  assert.equal(period.length, 4.5 * lineRate);
  assert.ok(share(ms(period, 100, 1400), 425) > -0.2);
  assert.ok(silent(ms(period, 1500, 4500)));
});

test("the confirmation rises, the refusal is low and double", () => {
  const confirm = tone("confirm", "en");
  assert.ok(share(ms(confirm, 5, 85), 600) > -0.5);
  assert.ok(share(ms(confirm, 135, 235), 1050) > -0.5);
  const refuse = tone("refuse", "en");
  assert.ok(share(ms(refuse, 5, 155), 330) > -0.5);
  assert.ok(silent(ms(refuse, 160, 240)));
  assert.ok(share(ms(refuse, 245, 395), 330) > -0.5);
});

test("no tone carries the pair of a touch-tone key", () => {
  const low = [697, 770, 852, 941];
  const high = [1209, 1336, 1477, 1633];
  for (const name of ["confirm", "refuse", "ringback", "beep"] as const) {
    const pcm = tone(name, "en");
    for (let at = 0; at + 320 <= pcm.length; at += 160) {
      const frame = pcm.subarray(at, at + 320);
      if (silent(frame)) continue;
      const strongLow = low.some((frequency) => share(frame, frequency) > -8);
      const strongHigh = high.some((frequency) => share(frame, frequency) > -8);
      assert.ok(!(strongLow && strongHigh), `${name} at ${at / 8} ms`);
    }
  }
});

test("tones are as loud as speech, and clip nowhere", () => {
  for (const name of ["confirm", "refuse", "ringback", "beep"] as const) {
    const pcm = tone(name, "es");
    assert.ok(activeLevel(pcm) < -14 && activeLevel(pcm) > -20, `${name}: ${activeLevel(pcm)} dBm0`);
    assert.ok(pcm.every((sample) => Math.abs(sample) < 30_000));
  }
});
