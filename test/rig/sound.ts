import type { Sound } from "./wav.ts";

/** Tones and silence in order, 8 kHz: `sequence([{ hz: [1000], seconds: 2 }, { hz: [], seconds: 1 }])`. Each tone at `level` (of 1). */
export function sequence(parts: readonly { hz: readonly number[]; seconds: number }[], level = 0.3): Sound {
  const sampleRate = 8000;
  const pieces = parts.map(({ hz, seconds }) =>
    Float64Array.from({ length: Math.round(seconds * sampleRate) }, (_, at) =>
      hz.reduce(
        (sum, tone) => sum + (level / hz.length) * Math.sin((2 * Math.PI * tone * at) / sampleRate),
        0,
      ),
    ),
  );
  const samples = new Float64Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    samples.set(piece, at);
    at += piece.length;
  }
  return { sampleRate, samples };
}

/** Root mean square of each 20 ms. */
export function energies(sound: Sound): Float64Array {
  const frame = sound.sampleRate / 50;
  return Float64Array.from({ length: Math.floor(sound.samples.length / frame) }, (_, at) => {
    let sum = 0;
    for (const sample of sound.samples.subarray(at * frame, (at + 1) * frame)) sum += sample * sample;
    return Math.sqrt(sum / frame);
  });
}

export interface Stretch {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** Where something is heard: frames above `threshold`, joined over gaps of up to `joinSeconds`, at least `leastSeconds` long. */
export function heard(
  sound: Sound,
  { threshold = 0.01, joinSeconds = 0.3, leastSeconds = 0.04 } = {},
): readonly Stretch[] {
  return stretches(energies(sound), (energy) => energy >= threshold, { joinSeconds, leastSeconds });
}

/** Where the tone is heard: 20 ms frames in which it holds at least `share` of all energy. */
export function heardTone(
  sound: Sound,
  hz: number,
  { share = 0.5, threshold = 0.01, joinSeconds = 0.06, leastSeconds = 0.04 } = {},
): readonly Stretch[] {
  const frame = sound.sampleRate / 50;
  const strengths = energies(sound).map((energy, at) =>
    energy < threshold
      ? 0
      : tonePower(sound.samples.subarray(at * frame, (at + 1) * frame), hz, sound.sampleRate) /
        (energy * energy),
  );
  return stretches(strengths, (strength) => strength >= share, { joinSeconds, leastSeconds });
}

/** Total length in seconds. */
export function lengthOf(found: readonly Stretch[]): number {
  return found.reduce((sum, stretch) => sum + stretch.toSeconds - stretch.fromSeconds, 0);
}

/** Goertzel: the mean power that a tone of `hz` has in the frame. */
export function tonePower(frame: Float64Array, hz: number, sampleRate: number): number {
  const factor = 2 * Math.cos((2 * Math.PI * hz) / sampleRate);
  let before = 0;
  let last = 0;
  for (const sample of frame) [before, last] = [last, sample + factor * last - before];
  const power = last * last + before * before - factor * last * before;
  // A sine of amplitude A over N samples gives A^2 N^2 / 4; its mean power is A^2 / 2.
  return (2 * power) / (frame.length * frame.length);
}

const rows = [697, 770, 852, 941];
const columns = [1209, 1336, 1477, 1633];

/** Touch-tone digits in the sound itself (none may reach the visitor). A digit is two 20 ms frames or more of one pair. */
export function heardTouchTones(sound: Sound): string {
  const keys = ["123A", "456B", "789C", "*0#D"];
  const frame = sound.sampleRate / 50;
  let digits = "";
  let current = "";
  let frames = 0;
  energies(sound).forEach((energy, at) => {
    const part = sound.samples.subarray(at * frame, (at + 1) * frame);
    const power = (hz: number): number => tonePower(part, hz, sound.sampleRate);
    const row = strongest(rows.map(power));
    const column = strongest(columns.map(power));
    const both = power(rows[row] ?? 0) + power(columns[column] ?? 0);
    // Both tones alone, and neither far weaker than the other: speech hardly ever looks so for 40 ms.
    const pair = energy > 0.005 && both > 0.8 * energy * energy;
    const balanced = Math.abs(Math.log(power(rows[row] ?? 0) / power(columns[column] ?? 0))) < Math.log(6);
    const digit = pair && balanced ? (keys[row]?.[column] ?? "") : "";
    frames = digit === current ? frames + 1 : 1;
    current = digit;
    if (digit !== "" && frames === 2) digits += digit;
  });
  return digits;
}

/**
 * Where both tones of a key are heard, in frames of 10 ms: short enough to see what is left of a key that was cut off at once.
 * A tone beside them (someone who speaks) does not hide them.
 */
export function heardKey(sound: Sound, key: string): readonly Stretch[] {
  const at = "123A456B789C*0#D".indexOf(key);
  const [low = 0, high = 0] = [rows[at >> 2], columns[at & 3]];
  const frame = sound.sampleRate / 100;
  const shares = Float64Array.from({ length: Math.floor(sound.samples.length / frame) }, (_, index) => {
    const part = sound.samples.subarray(index * frame, (index + 1) * frame);
    const energy = part.reduce((sum, sample) => sum + sample * sample, 0) / frame;
    if (energy < 1e-4) return 0;
    return Math.min(...[low, high].map((hz) => tonePower(part, hz, sound.sampleRate) / energy));
  });
  return stretches(shares, (share) => share >= 0.2, {
    joinSeconds: 0.011,
    leastSeconds: 0.01,
    frameSeconds: 0.01,
  });
}

/** How alike `part` and a piece of `whole` are at best, 0..1, and where that piece begins. Every shift is tried: keep both short. */
export function likeness(whole: Sound, part: Sound): { likeness: number; atSeconds: number } {
  const piece = part.samples;
  const norm = Math.sqrt(piece.reduce((sum, sample) => sum + sample * sample, 0));
  let square = whole.samples.subarray(0, piece.length).reduce((sum, sample) => sum + sample * sample, 0);
  let best = { likeness: 0, atSeconds: 0 };
  for (let shift = 0; shift + piece.length <= whole.samples.length; shift++) {
    let product = 0;
    for (let at = 0; at < piece.length; at++) product += (whole.samples[shift + at] ?? 0) * (piece[at] ?? 0);
    const alike = square < 1e-9 || norm === 0 ? 0 : Math.abs(product) / (Math.sqrt(square) * norm);
    if (alike > best.likeness) best = { likeness: alike, atSeconds: shift / whole.sampleRate };
    square += (whole.samples[shift + piece.length] ?? 0) ** 2 - (whole.samples[shift] ?? 0) ** 2;
  }
  return best;
}

function strongest(powers: readonly number[]): number {
  return powers.indexOf(Math.max(...powers));
}

function stretches(
  values: Float64Array,
  counts: (value: number) => boolean,
  told: { joinSeconds: number; leastSeconds: number; frameSeconds?: number },
): readonly Stretch[] {
  const { joinSeconds, leastSeconds, frameSeconds = 0.02 } = told;
  const found: { fromSeconds: number; toSeconds: number }[] = [];
  values.forEach((value, at) => {
    if (!counts(value)) return;
    const last = found.at(-1);
    const fromSeconds = at * frameSeconds;
    if (last !== undefined && fromSeconds - last.toSeconds <= joinSeconds)
      last.toSeconds = fromSeconds + frameSeconds;
    else found.push({ fromSeconds, toSeconds: fromSeconds + frameSeconds });
  });
  return found.filter((stretch) => stretch.toSeconds - stretch.fromSeconds >= leastSeconds - 1e-9);
}
