import type { Digit } from "#contract/telecom.ts";
import { linearToMuLaw } from "./g711.ts";

/** ITU-T Q.23: each key is one low and one high frequency, in Hz. */
export const lowFrequencies = [697, 770, 852, 941] as const;
export const highFrequencies = [1209, 1336, 1477, 1633] as const;
const keypad = "123A456B789C*0#D";

export function frequenciesOf(digit: Digit): readonly [low: number, high: number] {
  const place = keypad.indexOf(digit);
  return [lowFrequencies[place >> 2] ?? 0, highFrequencies[place & 3] ?? 0];
}

/** The digit of two indices into the frequency tables. */
export function digitAt(low: number, high: number): Digit {
  return keypad[low * 4 + high] as Digit;
}

/** `ms` of a digit's tones in mu-law, 8 kHz, 5 ms of fade at both ends so that it does not click. -7 dBm0 a tone. */
export function digitTone(digit: Digit, ms: number): Uint8Array {
  const [low, high] = frequenciesOf(digit);
  const samples = ms * 8;
  const fade = 40;
  return Uint8Array.from({ length: samples }, (_, n) => {
    const edge = Math.min(1, (n + 1) / fade, (samples - n) / fade);
    const wave = Math.sin((2 * Math.PI * low * n) / 8_000) + Math.sin((2 * Math.PI * high * n) / 8_000);
    return linearToMuLaw(Math.round(wave * amplitude * edge));
  });
}

// Full scale of G.711 (32,124) is +3.17 dBm0 for a sine: -7 dBm0 lies 10.17 dB below.
const amplitude = 32_124 * 10 ** (-10.17 / 20);
