import type { Sound } from "../speech/wav.ts";

/** What a telephone line carries: 8 kHz, mono, linear. Every sound is brought to this once, then encoded once. */
export const lineRate = 8000;

/**
 * To 8 kHz by a windowed sinc: flat to 3.4 kHz, nothing folded back from above 4 kHz by more than -60 dB. Whatever the rate, at
 * most some 160,000 taps are computed, once; each sample of the output then takes one filter's length of multiplications.
 */
export function toLineRate({ pcm, sampleRate }: Sound): Int16Array {
  if (sampleRate === lineRate) return pcm;
  const filters = polyphase(sampleRate);
  // Silence on both sides, so that the inner loop asks for no sample that is not there.
  const padded = new Int16Array(pcm.length + 2 * filters.half + 1);
  padded.set(pcm, filters.half);
  const out = new Int16Array(Math.floor((pcm.length * lineRate) / sampleRate));
  for (let n = 0; n < out.length; n += 1) {
    // The output's moment in input samples: a whole number and one of a few fractions, with a filter each.
    const whole = Math.floor((n * sampleRate) / lineRate);
    const rest = (n * sampleRate) % lineRate;
    const phase = Math.round((rest * filters.phases) / lineRate);
    const sum = weighted(padded, whole + 1, filters.of(phase));
    out[n] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }
  return out;
}

function weighted(samples: Int16Array, first: number, filter: Float64Array): number {
  let sum = 0;
  for (let tap = 0; tap < filter.length; tap += 1)
    sum += (samples[first + tap] as number) * (filter[tap] as number);
  return sum;
}

interface Polyphase {
  readonly phases: number;
  /** Taps on each side. */
  readonly half: number;
  /** From 0 to `phases`, both ends included: the last one is the first, a sample later. */
  of(phase: number): Float64Array;
}

const zeroCrossings = 18;
const kaiserBeta = 6;
const passBand = 0.94;
/**
 * An odd rate has up to 8,000 phases. The nearest of as many as this makes is at most 31 ns off: what that changes in a tone of
 * 3.4 kHz lies 68 dB below it, and mu-law's own noise at 38.
 */
const momentsPerSecond = 16_000_000;

function polyphase(sampleRate: number): Polyphase {
  const exact = lineRate / greatestCommonDivisor(sampleRate, lineRate);
  const phases = Math.min(exact, Math.ceil(momentsPerSecond / sampleRate));
  // Cycles an input sample; the slower of both rates bounds what may pass.
  const cutoff = (0.5 * passBand * Math.min(sampleRate, lineRate)) / sampleRate;
  const half = Math.ceil(zeroCrossings / (2 * cutoff));
  const made: Float64Array[] = [];
  return {
    phases,
    half,
    of: (phase) => (made[phase] ??= filterAt(phase / phases, { cutoff, half })),
  };
}

/** The filter of a moment between two samples, 0 to 1 after the first. */
function filterAt(moment: number, { cutoff, half }: { cutoff: number; half: number }): Float64Array {
  const filter = new Float64Array(2 * half);
  let gain = 0;
  for (let tap = 0; tap < filter.length; tap += 1) {
    const distance = tap - half + 1 - moment;
    const value = sinc(2 * cutoff * distance) * kaiser(distance / half);
    filter[tap] = value;
    gain += value;
  }
  return filter.map((value) => value / gain);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(position: number): number {
  if (Math.abs(position) >= 1) return 0;
  return bessel0(kaiserBeta * Math.sqrt(1 - position * position)) / bessel0(kaiserBeta);
}

function bessel0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-9; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(larger: number, smaller: number): number {
  return smaller === 0 ? larger : greatestCommonDivisor(smaller, larger % smaller);
}

const frame = 160;
/** RMS of a sine of 0 dBm0 in linear samples: G.711's largest sine (peak 32,124) is +3.17 dBm0 in mu-law. */
const zeroDbm0 = 15_770;
const activeFloorDbm0 = -45;
const mostGainDb = 24;
const loudestPeak = 30_000;

/** The level of the frames in which something is heard, in dBm0; -Infinity for silence. */
export function activeLevel(pcm: Int16Array): number {
  let energy = 0;
  let samples = 0;
  for (let start = 0; start + frame <= pcm.length; start += frame) {
    const frameEnergy = energyOf(pcm, start, start + frame);
    if (levelOf(frameEnergy, frame) < activeFloorDbm0) continue;
    energy += frameEnergy;
    samples += frame;
  }
  return levelOf(energy, samples);
}

/** Speech at `levelDbm0`, less where its peaks would be cut off. Silence stays silence. */
export function atLevel(pcm: Int16Array, levelDbm0: number): Int16Array {
  const level = activeLevel(pcm);
  if (!Number.isFinite(level)) return pcm;
  const wanted = 10 ** (Math.max(-mostGainDb, Math.min(mostGainDb, levelDbm0 - level)) / 20);
  const peak = pcm.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 1);
  const gain = Math.min(wanted, loudestPeak / peak);
  return pcm.map((sample) => Math.round(sample * gain));
}

/** Without the silence that engines put around what they say, but for 20 ms on each side. */
export function trimmed(pcm: Int16Array): Int16Array {
  const heard = (start: number): boolean =>
    levelOf(energyOf(pcm, start, start + frame), frame) >= activeFloorDbm0;
  let first = 0;
  while (first + frame <= pcm.length && !heard(first)) first += frame;
  if (first + frame > pcm.length) return new Int16Array(0);
  let last = pcm.length - frame;
  while (last > first && !heard(last)) last -= frame;
  return pcm.subarray(Math.max(0, first - frame), Math.min(pcm.length, last + 2 * frame));
}

/** At most `seconds`, ended where it is quiet rather than in the middle of a sound, and faded out. */
export function cutTo(pcm: Int16Array, seconds: number): Int16Array {
  const limit = seconds * lineRate;
  if (pcm.length <= limit) return pcm;
  let end = limit;
  let least = Number.POSITIVE_INFINITY;
  for (let at = limit; at > limit - lineRate; at -= frame) {
    const energy = energyOf(pcm, at - frame, at);
    if (energy < least) [least, end] = [energy, at];
  }
  const cut = pcm.slice(0, end);
  for (let n = 0; n < frame; n += 1) {
    const at = end - frame + n;
    cut[at] = ((cut[at] ?? 0) * (frame - n)) / frame;
  }
  return cut;
}

function energyOf(pcm: Int16Array, start: number, end: number): number {
  let energy = 0;
  for (let at = start; at < end; at += 1) energy += (pcm[at] ?? 0) ** 2;
  return energy;
}

function levelOf(energy: number, samples: number): number {
  return energy === 0 ? Number.NEGATIVE_INFINITY : 20 * Math.log10(Math.sqrt(energy / samples) / zeroDbm0);
}

/** A sine's peak in linear samples at this level. */
export function sinePeak(levelDbm0: number): number {
  return zeroDbm0 * Math.SQRT2 * 10 ** (levelDbm0 / 20);
}
