import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { temporaryFolder } from "./processes.ts";
import { heard, heardKey, heardTone, heardTouchTones, lengthOf, likeness, sequence } from "./sound.ts";
import { fromALaw, fromMuLaw, readWav, writeWav } from "./wav.ts";

test("a sound survives its WAV file", () => {
  using folder = temporaryFolder("sound");
  const path = join(folder.path, "tone.wav");
  const sound = sequence([{ hz: [1000], seconds: 0.5 }]);
  writeWav(path, sound);
  const read = readWav(path);
  assert.equal(read.sampleRate, 8000);
  assert.equal(read.samples.length, 4000);
  assert.ok(read.samples.every((sample, at) => Math.abs(sample - (sound.samples[at] ?? 9)) < 1e-3));
});

test("a tone is found where it is, and nowhere else", () => {
  const sound = sequence([
    { hz: [], seconds: 0.5 },
    { hz: [1000], seconds: 1 },
    { hz: [], seconds: 0.5 },
    { hz: [440], seconds: 1 },
  ]);
  assert.deepEqual(heardTone(sound, 1000), [{ fromSeconds: 0.5, toSeconds: 1.5 }]);
  assert.deepEqual(heardTone(sound, 440), [{ fromSeconds: 2, toSeconds: 3 }]);
  assert.deepEqual(heardTone(sound, 2000), []);
  assert.equal(heard(sound).length, 2);
  assert.ok(Math.abs(lengthOf(heard(sound)) - 2) < 0.05);
});

test("what is left of a key is measured to 10 ms, with somebody speaking around it", () => {
  const sound = sequence([
    { hz: [1000], seconds: 0.5 },
    { hz: [697, 1336], seconds: 0.12 },
    { hz: [1000], seconds: 0.5 },
    { hz: [697, 1336], seconds: 0.03 },
    { hz: [1000], seconds: 0.5 },
  ]);
  const found = heardKey(sound, "2").map(({ fromSeconds, toSeconds }) => toSeconds - fromSeconds);
  assert.equal(found.length, 2);
  assert.ok(Math.abs((found[0] ?? 0) - 0.12) < 1e-6 && Math.abs((found[1] ?? 0) - 0.03) < 1e-6, found.join());
  assert.deepEqual(heardKey(sound, "#"), []);
  assert.deepEqual(heardKey(sequence([{ hz: [1000], seconds: 1 }]), "0"), []);
});

test("touch-tones are read, and a plain tone is none", () => {
  const gap = { hz: [], seconds: 0.1 };
  const keys = sequence([
    { hz: [697, 1209], seconds: 0.1 },
    gap,
    { hz: [697, 1336], seconds: 0.1 },
    gap,
    { hz: [941, 1477], seconds: 0.1 },
  ]);
  assert.equal(heardTouchTones(keys), "12#");
  assert.equal(heardTouchTones(sequence([{ hz: [697], seconds: 1 }])), "");
});

test("a piece is found in the whole", () => {
  const piece = sequence([
    { hz: [500], seconds: 0.05 },
    { hz: [900], seconds: 0.05 },
  ]);
  const whole = sequence([
    { hz: [300], seconds: 0.2 },
    { hz: [500], seconds: 0.05 },
    { hz: [900], seconds: 0.05 },
    { hz: [300], seconds: 0.2 },
  ]);
  const found = likeness(whole, piece);
  assert.ok(found.likeness > 0.99);
  assert.equal(found.atSeconds, 0.2);
});

test("G.711's ends and its middle are decoded as ITU-T says", () => {
  assert.equal(fromMuLaw(0xff), 0);
  assert.equal(fromMuLaw(0x80), 32124 / 32768);
  assert.equal(fromMuLaw(0x00), -32124 / 32768);
  assert.equal(fromALaw(0xd5), 8 / 32768);
  assert.equal(fromALaw(0xaa), 32256 / 32768);
});
