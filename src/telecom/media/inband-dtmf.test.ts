import { systemClock } from "#base/clock.ts";
import { seededRandom } from "#base/random.ts";
import type { Digit } from "#contract/telecom.ts";
import { frequenciesOf } from "./dual-tone.ts";
import { linearToMuLaw, muLawSamples } from "./g711.ts";
import { InbandDtmfDetector } from "./inband-dtmf.ts";
import { FliteEngine } from "../voice-response/speech/flite-engine.ts";
import assert from "node:assert/strict";
import { test } from "node:test";

const digits = [..."0123456789*#ABCD"] as Digit[];
const rate = 8_000;
const fullScale = 32_124;
const random = gaussian("in-band");

/** Sine of full scale is +3.17 dBm0 (G.711). */
function amplitude(dbm0: number): number {
  return fullScale * 10 ** ((dbm0 - 3.17) / 20);
}

interface Tone {
  readonly digit: Digit;
  readonly ms: number;
  /** Level of the low tone, dBm0. */
  readonly level?: number;
  /** High over low, dB. */
  readonly twist?: number;
  /** Of both frequencies, as a share. */
  readonly offset?: number;
  /** Samples of silence before it: where in a block it begins. */
  readonly lead?: number;
}

function toneOf({ digit, ms, level = -10, twist = 0, offset = 0, lead = 0 }: Tone): Float64Array {
  const [low, high] = frequenciesOf(digit).map((hz) => (2 * Math.PI * hz * (1 + offset)) / rate);
  const samples = new Float64Array(lead + ms * 8 + 800);
  for (let n = 0; n < ms * 8; n += 1) {
    const wave =
      amplitude(level) * Math.sin((low ?? 0) * n) + amplitude(level + twist) * Math.sin((high ?? 0) * n + 1);
    samples[lead + n] = wave;
  }
  return samples;
}

/** What the detector tells of samples that went through mu-law in frames of 20 ms. */
function hear(samples: Float64Array): { heard: string; durations: number[] } {
  let heard = "";
  const durations: number[] = [];
  const detector = new InbandDtmfDetector({
    began: () => {},
    ended: (digit, durationMs) => {
      heard += digit;
      durations.push(durationMs);
    },
  });
  const octets = Uint8Array.from(samples, (sample) => linearToMuLaw(Math.round(sample)));
  for (let at = 0; at < octets.length; at += 160) {
    detector.hear(octets, { start: at, end: Math.min(octets.length, at + 160) }, muLawSamples);
  }
  detector.reset();
  return { heard, durations };
}

function withNoise(samples: Float64Array, dbm0: number): Float64Array {
  const deviation = amplitude(dbm0) / Math.SQRT2;
  return samples.map((sample) => sample + random() * deviation);
}

test("all 16 digits are heard at a twist of up to 4 dB either way, wherever they begin", () => {
  for (const digit of digits) {
    for (const twist of [-4, 0, 4]) {
      for (const lead of [0, 17, 33, 50, 101]) {
        const { heard } = hear(toneOf({ digit, ms: 40, twist, lead }));
        assert.equal(heard, digit, `${digit}, twist ${twist} dB, ${lead} samples in`);
      }
    }
  }
});

test("they are heard from loud to faint, and off by 1.5 %", () => {
  for (const digit of digits) {
    for (const level of [-3, -20, -28]) {
      for (const offset of [-0.015, 0.015]) {
        assert.equal(
          hear(toneOf({ digit, ms: 50, level, offset })).heard,
          digit,
          `${digit} ${level} dBm0 ${offset}`,
        );
      }
    }
  }
});

test("they are heard through noise of 15 dB less", () => {
  for (const digit of digits) {
    for (const twist of [-4, 0, 4]) {
      // Both tones together are about 3 dB more than one: that is what the noise is measured against.
      const samples = withNoise(toneOf({ digit, ms: 60, twist }), -10 + 3 - 15);
      assert.equal(hear(samples).heard, digit, `${digit}, twist ${twist} dB`);
    }
  }
});

test("a key is told once, with its duration, however long it is held", () => {
  for (const ms of [50, 100, 500, 2_000]) {
    const { heard, durations } = hear(toneOf({ digit: "6", ms }));
    assert.equal(heard, "6");
    assert.ok(Math.abs((durations[0] ?? 0) - ms) <= 16, `${durations[0]} ms for ${ms}`);
  }
});

test("two presses of one key with 50 ms between them are two", () => {
  const one = toneOf({ digit: "6", ms: 60 });
  assert.equal(hear(Float64Array.from([...one.subarray(0, 880), ...one])).heard, "66");
});

test("a drop-out of 10 ms does not make two keys of one", () => {
  const samples = toneOf({ digit: "6", ms: 200 });
  samples.fill(0, 800, 880);
  assert.equal(hear(samples).heard, "6");
});

test("what is no key is not taken for one", () => {
  for (const digit of digits) {
    assert.equal(hear(toneOf({ digit, ms: 20 })).heard, "", "20 ms are too short");
    assert.equal(hear(toneOf({ digit, ms: 100, level: -45 })).heard, "", "too faint");
    assert.equal(hear(toneOf({ digit, ms: 100, twist: 14 })).heard, "", "one tone alone, almost");
  }
  assert.equal(hear(sines(2, [941])).heard, "");
  assert.equal(hear(sines(2, [440, 480])).heard, "", "ringback");
  assert.equal(hear(sines(2, [350, 440])).heard, "", "dial tone");
});

test("a minute of noise holds no keys", () => {
  const noise = new Float64Array(60 * rate);
  assert.equal(hear(withNoise(noise, -15)).heard, "");
  // Brown noise: most of its energy lies where speech has it.
  let last = 0;
  const brown = noise.map(() => {
    last = last * 0.98 + random() * 600;
    return last;
  });
  assert.equal(hear(brown).heard, "");
});

test("chords and gliding voices hold no keys", () => {
  const notes = Array.from({ length: 49 }, (_, n) => 220 * 2 ** (n / 12));
  for (const [n, note] of notes.entries()) {
    const chord = [note, note * 2 ** (4 / 12), note * 2 ** (7 / 12)];
    assert.equal(hear(sines(0.5, chord)).heard, "", `a triad on note ${n}`);
  }
  assert.equal(hear(voice(180)).heard, "");
});

test("spoken sentences hold no keys", async (t) => {
  const flite = new FliteEngine(systemClock);
  try {
    const { heard, seconds } = await speakAll(flite);
    assert.equal(heard, "");
    t.diagnostic(`${seconds.toFixed(0)} s of speech`);
  } finally {
    await flite.close();
  }
});

async function speakAll(flite: FliteEngine): Promise<{ heard: string; seconds: number }> {
  let heard = "";
  let seconds = 0;
  for (const text of sentences) {
    const samples = await flite.synthesize({ text, language: "en" }, new AbortController().signal);
    seconds += samples.length / rate;
    heard += hear(Float64Array.from(samples)).heard;
  }
  return { heard, seconds };
}

const sentences = [
  "A customer from the web is waiting. Please press the pound key to take the call.",
  "You asked us to connect you with your bank. Mortgages, page three, customer code alpha four seven.",
  "One two three four five six seven eight nine zero, each of them several times in a row.",
  "The rain in Spain stays mainly in the plain, and the seagulls scream over the grey stone quay.",
  "Is anybody there? Hello? I am going to hang up now and call again later in the evening.",
];

function sines(seconds: number, frequencies: readonly number[]): Float64Array {
  const share = amplitude(-12);
  return Float64Array.from({ length: seconds * rate }, (_, n) =>
    frequencies.reduce((sum, hz) => sum + share * Math.sin((2 * Math.PI * hz * n) / rate), 0),
  );
}

/** A voice that glides: a pulse train of 80 to 350 Hz through two formants that wander. */
function voice(seconds: number): Float64Array {
  const samples = new Float64Array(seconds * rate);
  let phase = 0;
  for (let n = 0; n < samples.length; n += 1) {
    const time = n / rate;
    const pitch = 215 + 135 * Math.sin(time * 1.7) * Math.cos(time * 0.31);
    phase += pitch / rate;
    const formants = [600 + 250 * Math.sin(time * 2.3), 1_500 + 500 * Math.sin(time * 1.1 + 1)];
    let sample = 0;
    for (let harmonic = 1; harmonic * pitch < 3_400; harmonic += 1) {
      // The response of a resonator with a bandwidth of 120 Hz.
      const gain = formants.reduce(
        (sum, centre) => sum + 1 / Math.hypot(1, (harmonic * pitch - centre) / 60),
        0,
      );
      sample += gain * Math.sin(2 * Math.PI * harmonic * phase);
    }
    samples[n] = sample * 5_000 * (0.6 + 0.4 * Math.sin(time * 9));
  }
  return samples;
}

/** Normally distributed numbers (Box and Muller), the same for the same seed. */
function gaussian(seed: string): () => number {
  const source = seededRandom(seed);
  const uniform = (): number => (source.integer(2 ** 24) + 1) / 2 ** 24;
  // A table of 65,536 draws, read from random places, is as good here and much faster.
  const drawn = Float64Array.from(
    { length: 65_536 },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
  let state = 12_345;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return drawn[state >>> 16] ?? 0;
  };
}
