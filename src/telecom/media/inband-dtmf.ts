import { digitAt, highFrequencies, lowFrequencies } from "./dual-tone.ts";
import type { KeyListener } from "./telephone-event.ts";
import type { Digit } from "#contract/telecom.ts";

/**
 * Hears digits in the audio itself (ITU-T Q.23, Q.24), for a leg that negotiated no telephone-events.
 *
 * The audio is looked at in blocks of 102 samples (12.75 ms), each beginning 51 after the one before. A block is a hit when
 * one low and one high frequency of the keypad hold nearly all of its energy, in a proportion that telephones produce.
 * Four hits in a row of the same digit, of a steady level and of steady frequencies are a key: a tone of 40 ms always holds
 * four whole blocks, however it lies, and a voice hardly ever stays a pure pair of tones of exactly these frequencies for
 * 32 ms. Four misses in a row end it, so that a short drop-out does not.
 *
 * ```
 *          hit             4th hit in a row            4 misses in a row
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
  #pair: Pair | undefined;
  #hits = 0;
  #misses = 0;
  #downBlocks = 0;
  #down: Digit | undefined;

  constructor(listener: KeyListener) {
    this.#listener = listener;
  }

  /**
   * The next octets of the stream, in the order of their timestamps. @param table linear samples of the octets' law
   * @returns true when any of them may be a key's, from the first block that could be one to the key's end: what a blocked
   *   leg is muted by. However long the packet is, and wherever in it the key begins or ends.
   */
  hear(octets: Uint8Array, range: { start: number; end: number }, table: Int16Array): boolean {
    let suspected = this.#suspects;
    for (let at = range.start; at < range.end; at += 1) {
      this.#block[this.#filled++] = table[octets[at] ?? 0] ?? 0;
      if (this.#filled < blockSamples) continue;
      this.#judge();
      suspected ||= this.#suspects;
      this.#block.copyWithin(0, hopSamples);
      this.#filled = blockSamples - hopSamples;
    }
    return suspected;
  }

  get #suspects(): boolean {
    return this.#candidate !== undefined || this.#down !== undefined;
  }

  /** The stream has stopped, or begins anew: a key that was down is up. */
  reset(): void {
    this.#filled = 0;
    this.#candidate = undefined;
    this.#hits = 0;
    this.#release();
  }

  #judge(): void {
    const pair = findPair(this.#block);
    const digit = pair === undefined ? undefined : digitAt(pair.low.place, pair.high.place);
    if (this.#down !== undefined) return this.#whileDown(digit);

    const before = this.#pair;
    const goesOn =
      pair !== undefined && before !== undefined && digit === this.#candidate && isSteady(before, pair);
    if (goesOn) this.#hits += 1;
    else this.#hits = digit === undefined ? 0 : 1;
    this.#candidate = digit;
    this.#pair = pair;
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

const sampleRate = 8_000;
const blockSamples = 102;
const hopSamples = 51;
const hitsForKey = 4;
const missesForEnd = 4;
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

/** How far a tone may be off, as a share of its frequency: Q.24 has 1.5 % accepted and 3.5 % refused. */
const mostOffset = 0.025;

/** One frequency found in a block: which of its group, how strong, and where its wave stands at the block's end. */
interface FoundTone {
  readonly place: number;
  readonly frequency: number;
  readonly power: number;
  readonly phase: number;
}

interface Pair {
  readonly low: FoundTone;
  readonly high: FoundTone;
  readonly energy: number;
}

/** Whether two blocks, one hop apart, hold the same pair: as loud as before, and of exactly its frequencies. */
function isSteady(before: Pair, now: Pair): boolean {
  return (
    now.energy < before.energy * steadyRatio &&
    now.energy * steadyRatio > before.energy &&
    isOnFrequency(before.low, now.low) &&
    isOnFrequency(before.high, now.high)
  );
}

/** By how far its phase has gone on: far finer than the filters, which cannot tell a gliding voice from a tone. */
function isOnFrequency(before: FoundTone, now: FoundTone): boolean {
  const turns = (now.phase - before.phase) / (2 * Math.PI) - (now.frequency * hopSamples) / sampleRate;
  const offset = ((turns - Math.round(turns)) * sampleRate) / hopSamples;
  return Math.abs(offset) <= now.frequency * mostOffset;
}

/** The pair of tones that a block holds; undefined when it holds none. */
function findPair(block: Float64Array): Pair | undefined {
  let energy = 0;
  for (const sample of block) energy += sample * sample;
  if (energy / blockSamples < leastEnergy) return undefined;

  const low = strongest(block, lowFrequencies);
  if (low === undefined) return undefined;
  const high = strongest(block, highFrequencies);
  if (high === undefined) return undefined;
  if (high.power > low.power * mostTwist || low.power > high.power * mostReverseTwist) return undefined;
  // A sine of amplitude A has power (A N / 2)^2 in its Goertzel filter, and N A^2 / 2 in the block.
  if ((low.power + high.power) * 2 < purity * energy * blockSamples) return undefined;
  return { low, high, energy };
}

/** The strongest frequency of a group, when it stands out from the others. */
function strongest(block: Float64Array, frequencies: readonly number[]): FoundTone | undefined {
  let best: FoundTone | undefined;
  let second = 0;
  for (const [place, frequency] of frequencies.entries()) {
    const { power, phase } = goertzel(block, (2 * Math.PI * frequency) / sampleRate);
    if (best !== undefined && power <= best.power) second = Math.max(second, power);
    else {
      second = best?.power ?? 0;
      best = { place, frequency, power, phase };
    }
  }
  return best !== undefined && best.power > second * dominance ? best : undefined;
}

function goertzel(block: Float64Array, angle: number): { power: number; phase: number } {
  const cosine = Math.cos(angle);
  let previous = 0;
  let beforeThat = 0;
  for (const sample of block) {
    const next = sample + 2 * cosine * previous - beforeThat;
    beforeThat = previous;
    previous = next;
  }
  const real = previous - beforeThat * cosine;
  const imaginary = beforeThat * Math.sin(angle);
  return { power: real * real + imaginary * imaginary, phase: Math.atan2(imaginary, real) };
}
