import { encoded, type LineAudio } from "./line-audio.ts";
import { lineRate, sinePeak } from "./telephone-sound.ts";

export type Tone = "confirm" | "refuse" | "ringback" | "beep";

/**
 * Linear samples at 8 kHz, made once: not to be written to. No tone is near a DTMF pair: an agent's detector must not take it
 * for a key.
 */
export function tone(name: Tone, language: "en" | "es"): Int16Array {
  const key = `${name} ${language}`;
  const samples = made.get(key) ?? make(name, language);
  made.set(key, samples);
  return samples;
}

/** The same as a line carries it, made once too. */
export function toneAudio(name: Tone, language: "en" | "es"): LineAudio {
  const samples = tone(name, language);
  const audio = carried.get(samples) ?? encoded(samples);
  carried.set(samples, audio);
  return audio;
}

const carried = new Map<Int16Array, LineAudio>();

/** Ringback is six seconds of sines, and every visitor hears it. */
const made = new Map<string, Int16Array>();

function make(name: Tone, language: "en" | "es"): Int16Array {
  switch (name) {
    case "confirm":
      return inTurn(sines([600], 90, -18), silence(40), sines([1050], 110, -18), silence(60));
    case "refuse":
      return inTurn(sines([330], 160, -16), silence(80), sines([330], 160, -16), silence(60));
    case "beep":
      return inTurn(sines([1050], 300, -18), silence(100));
    case "ringback":
      // One period, to be looped. ITU-T E.180 supplement 2: North America's, and Spain's.
      return language === "en"
        ? inTurn(sines([440, 480], 2000, -19), silence(4000))
        : inTurn(sines([425], 1500, -16), silence(3000));
  }
}

function silence(ms: number): Int16Array {
  return new Int16Array((ms * lineRate) / 1000);
}

/** `levelDbm0` is each sine's. The edges rise and fall in 5 ms, so that they do not click. */
function sines(frequencies: readonly number[], ms: number, levelDbm0: number): Int16Array {
  const samples = silence(ms);
  const peak = sinePeak(levelDbm0);
  const ramp = lineRate / 200;
  return samples.map((_, n) => {
    const edge = Math.min(1, n / ramp, (samples.length - 1 - n) / ramp);
    return Math.round(
      edge * peak * frequencies.reduce((sum, f) => sum + Math.sin((2 * Math.PI * f * n) / lineRate), 0),
    );
  });
}

function inTurn(...parts: readonly Int16Array[]): Int16Array {
  const joined = new Int16Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
