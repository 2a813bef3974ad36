import { digitAt, highFrequencies, lowFrequencies } from "./dual-tone.ts";
import type { KeyListener } from "./telephone-event.ts";
import type { Digit } from "#contract/telecom.ts";

/**
 * Hears digits in the audio itself (ITU-T Q.23, Q.24), for a leg that negotiated no telephone-events.
 *
 * The audio is looked at in blocks of 102 samples (12.75 ms), each beginning 51 after the one before. A block is a hit when
 * one low and one high frequency of the keypad hold nearly all of its energy, in a proportion that telephones produce.
 * Four hits in a row of the same digit and of a steady level are a key: a tone of 40 ms always holds four whole blocks, however
 * it lies, and speech hardly ever stays a pure pair of tones for 32 ms. Two misses in a row end it.
 *
 * ```
 *          hit             4th hit in a row            2 misses in a row
 *   quiet ─────> suspected ───────────────> key down ────────────────────> quiet
 *     ^    other digit, miss   │
 *     └────────────────────────┘
 * ```
 */
export class InbandDtmfDetector {
  readonly #listener: KeyListener;
  readonly #block = new Float64Array(blockSamples);
  #filled = 0;
  #candidate: Digit | undefined;
  #candidateEnergy = 0;
  #hits = 0;
  #misses = 0;
  #downBlocks = 0;
  #down: Digit | undefined;

  constructor(listener: KeyListener) {
    this.#listener = listener;
  }

  /** True from the first block that could be a key's, to the key's end: what a blocked leg is muted by. */
  get suspects(): boolean {
    return this.#candidate !== undefined || this.#down !== undefined;
  }

  /** The next octets of the stream, in the order of their timestamps. @param table linear samples of the octets' law */
  hear(octets: Uint8Array, range: { start: number; end: number }, table: Int16Array): void {
    for (let at = range.start; at < range.end; at += 1) {
      this.#block[this.#filled++] = table[octets[at] ?? 0] ?? 0;
      if (this.#filled < blockSamples) continue;
      this.#judge();
      this.#block.copyWithin(0, hopSamples);
      this.#filled = blockSamples - hopSamples;
    }
  }

  /** The stream has stopped, or begins anew: a key that was down is up. */
  reset(): void {
    this.#filled = 0;
    this.#candidate = undefined;
    this.#hits = 0;
    this.#release();
  }

  #judge(): void {
    const energy = pairEnergy(this.#block);
    const digit = energy === undefined ? undefined : digitAt(energy.low, energy.high);
    if (this.#down !== undefined) return this.#whileDown(digit);

    const steady =
      energy !== undefined &&
      energy.total < this.#candidateEnergy * steadyRatio &&
      energy.total * steadyRatio > this.#candidateEnergy;
    if (digit !== undefined && digit === this.#candidate && steady) this.#hits += 1;
    else this.#hits = digit === undefined ? 0 : 1;
    this.#candidate = digit;
    this.#candidateEnergy = energy?.total ?? 0;
    if (digit === undefined || this.#hits < hitsForKey) return;
    this.#down = digit;
    this.#downBlocks = this.#hits;
    this.#misses = 0;
    this.#listener.began(digit);
  }

  #whileDown(digit: Digit | undefined): void {
    if (digit === this.#down) {
      this.#downBlocks += 1 + this.#misses;
      this.#misses = 0;
      return;
    }
    this.#misses += 1;
    if (this.#misses < missesForEnd) return;
    this.#candidate = undefined;
    this.#hits = 0;
    this.#release();
  }

  #release(): void {
    if (this.#down === undefined) return;
    const digit = this.#down;
    this.#down = undefined;
    this.#listener.ended(digit, Math.round((this.#downBlocks * hopSamples + hopSamples) / 8));
  }
}

const blockSamples = 102;
const hopSamples = 51;
const hitsForKey = 4;
const missesForEnd = 2;
/** Q.24 table A-1 has receivers accept down to -23 to -29 dBm0 a tone: we go to about -32. */
const leastEnergy = (32_124 * 10 ** (-35 / 20)) ** 2;
/** High over low at most, and low over high at most, as power: 8 dB either way is more than Q.24 asks of any country. */
const mostTwist = 10 ** (8 / 10);
const mostReverseTwist = 10 ** (8 / 10);
/** The strongest of a group over the others of its group. */
const dominance = 10 ** (8 / 10);
/** Share of a block's energy that the pair must hold: speech and music spread theirs. */
const purity = 0.78;
const steadyRatio = 10 ** (6 / 10);

const lowCoefficients = lowFrequencies.map(coefficient);
const highCoefficients = highFrequencies.map(coefficient);

function coefficient(frequency: number): number {
  return 2 * Math.cos((2 * Math.PI * frequency) / 8_000);
}

/** The pair of tones that a block holds, as indices into the frequency tables; undefined when it holds none. */
function pairEnergy(block: Float64Array): { low: number; high: number; total: number } | undefined {
  let total = 0;
  for (const sample of block) total += sample * sample;
  if (total / blockSamples < leastEnergy) return undefined;

  const low = strongest(block, lowCoefficients);
  if (low === undefined) return undefined;
  const high = strongest(block, highCoefficients);
  if (high === undefined) return undefined;
  if (high.power > low.power * mostTwist || low.power > high.power * mostReverseTwist) return undefined;
  // A sine of amplitude A has power (A N / 2)^2 in its Goertzel filter, and N A^2 / 2 in the block.
  if ((low.power + high.power) * 2 < purity * total * blockSamples) return undefined;
  return { low: low.place, high: high.place, total };
}

/** The strongest frequency of a group, when it stands out from the others. */
function strongest(
  block: Float64Array,
  coefficients: readonly number[],
): { place: number; power: number } | undefined {
  let place = 0;
  let power = -1;
  let second = -1;
  for (let i = 0; i < coefficients.length; i += 1) {
    const found = goertzel(block, coefficients[i] ?? 0);
    if (found > power) {
      second = power;
      power = found;
      place = i;
    } else if (found > second) second = found;
  }
  return power > second * dominance ? { place, power } : undefined;
}

function goertzel(block: Float64Array, factor: number): number {
  let previous = 0;
  let beforeThat = 0;
  for (const sample of block) {
    const next = sample + factor * previous - beforeThat;
    beforeThat = previous;
    previous = next;
  }
  return previous * previous + beforeThat * beforeThat - factor * previous * beforeThat;
}
