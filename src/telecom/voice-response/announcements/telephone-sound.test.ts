import assert from "node:assert/strict";
import { test } from "node:test";
import { activeLevel, atLevel, cutTo, lineRate, sinePeak, toLineRate, trimmed } from "./telephone-sound.ts";

function sine(frequency: number, options: { rate: number; seconds: number; peak: number }): Int16Array {
  return Int16Array.from({ length: options.rate * options.seconds }, (_, n) =>
    Math.round(options.peak * Math.sin((2 * Math.PI * frequency * n) / options.rate)),
  );
}

/** RMS of the middle, in dB below the input's. */
function passedDb(frequency: number, rate: number): number {
  const out = toLineRate({ pcm: sine(frequency, { rate, seconds: 0.5, peak: 10_000 }), sampleRate: rate });
  const middle = out.subarray(800, out.length - 800);
  const rms = Math.sqrt(middle.reduce((sum, sample) => sum + sample ** 2, 0) / middle.length);
  return 20 * Math.log10(Math.max(rms, 0.1) / (10_000 / Math.SQRT2));
}

for (const rate of [11_025, 11_027, 16_000, 22_050, 44_100, 44_101, 48_000, 191_999]) {
  test(`from ${rate} samples a second, the telephone band passes and nothing folds back`, () => {
    for (const frequency of [300, 1000, 3000, 3400]) {
      assert.ok(
        Math.abs(passedDb(frequency, rate)) < 0.5,
        `${frequency} Hz: ${passedDb(frequency, rate)} dB`,
      );
    }
    for (const frequency of [4300, 5000].filter((f) => f < rate / 2)) {
      assert.ok(passedDb(frequency, rate) < -55, `${frequency} Hz: ${passedDb(frequency, rate)} dB`);
    }
  });
}

/** How often a wave is computed while this many seconds of a rate are brought to the line's. */
function wavesFor(seconds: number, rate: number): number {
  const pcm = new Int16Array(seconds * rate);
  const sin = Math.sin;
  let waves = 0;
  Math.sin = (x) => {
    waves += 1;
    return sin(x);
  };
  try {
    toLineRate({ pcm, sampleRate: rate });
  } finally {
    Math.sin = sin;
  }
  return waves;
}

test("an odd rate costs no more a sample than an even one: its filters are made once, and are few", () => {
  for (const rate of [4_001, 7_999, 11_027, 44_101, 48_000, 191_999]) {
    const waves = wavesFor(1, rate);
    assert.ok(waves < 200_000, `${waves} for ${rate} Hz`);
    assert.equal(wavesFor(2, rate), waves);
  }
});

test("a length is kept over a change of rate", () => {
  const pcm = sine(500, { rate: 44_100, seconds: 2, peak: 1000 });
  assert.equal(toLineRate({ pcm, sampleRate: 44_100 }).length, 2 * lineRate);
});

test("a sine of 0 dBm0 measures 0 dBm0", () => {
  const pcm = sine(1000, { rate: lineRate, seconds: 1, peak: sinePeak(0) });
  assert.ok(Math.abs(activeLevel(pcm)) < 0.05);
});

test("quiet and loud sounds come to the same level, and silence stays silence", () => {
  for (const peak of [800, 5000, 20_000]) {
    const level = activeLevel(atLevel(sine(700, { rate: lineRate, seconds: 1, peak }), -16));
    assert.ok(Math.abs(level + 16) < 0.2, `${level} dBm0 from ${peak}`);
  }
  assert.ok(atLevel(new Int16Array(800), -16).every((sample) => sample === 0));
});

test("silence around a sound is taken off, but for a breath", () => {
  const sound = sine(700, { rate: lineRate, seconds: 0.4, peak: 5000 });
  const padded = new Int16Array(lineRate * 2);
  padded.set(sound, lineRate);
  assert.ok(Math.abs(trimmed(padded).length - sound.length) <= 4 * 160);
  assert.equal(trimmed(new Int16Array(lineRate)).length, 0);
});

test("what is too long ends faded, within its bound", () => {
  const cut = cutTo(sine(700, { rate: lineRate, seconds: 10, peak: 5000 }), 8);
  assert.ok(cut.length <= 8 * lineRate && cut.length > 7 * lineRate);
  assert.ok(Math.abs(cut.at(-1) ?? 1) < 100);
});
