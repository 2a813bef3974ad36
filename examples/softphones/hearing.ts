import { lineRate, sinePeak } from "#telecom/voice-response/announcements/telephone-sound.ts";

/** Something heard, in plain words: `speech`, `ringback`, `tone confirm`, `tone refuse`, `beep`, `touch-tone 5`, `tone 425 Hz`, `silence`. */
export interface Heard {
  readonly what: string;
  readonly seconds: number;
  /** Level in dBm0 over the sounding frames; -Infinity for silence. */
  readonly levelDbm0: number;
  /** Seconds after the call was answered. */
  readonly atSeconds: number;
}

const frame = 160;
const zeroDbm0 = sinePeak(0) / Math.SQRT2;
const silenceDbm0 = -45;
const signalHz = [330, 600, 1050] as const;
const lowHz = [697, 770, 852, 941] as const;
const highHz = [1209, 1336, 1477, 1633] as const;
const keys = ["123A", "456B", "789C", "*0#D"] as const;
/** A pause within speech; between the halves of a double tone. */
const breathFrames = 30;
const toneGapFrames = 5;
/** A tone's edges look like speech: the frames before the window is full of it, and the last one. */
const edgeFrames = 5;
const shortestToneFrames = 3;
const longestStretchFrames = 1000;
const toldSilenceFrames = 100;

/** Frames of one label, one after the other. */
interface Run {
  label: string;
  frames: number;
  /** Of these, those in which something sounds. */
  sounding: number;
  energy: number;
  readonly from: number;
}

/**
 * Says what is heard on the line. Every 20 ms get a label by where their energy lies (Goertzel, over the last 80 ms where two
 * tones lie close together). A stretch of sound is named when it is over: tones by their rows, all else is speech.
 */
export class Hearing {
  readonly #tell: (heard: Heard) => void;
  #rest = new Int16Array(0);
  #window: Int16Array[] = [];
  #runs: Run[] = [];
  #silent: Run = { label: "silence", frames: 0, sounding: 0, energy: 0, from: 0 };
  #frames = 0;

  constructor(tell: (heard: Heard) => void) {
    this.#tell = tell;
  }

  take(pcm: Int16Array): void {
    const all = new Int16Array(this.#rest.length + pcm.length);
    all.set(this.#rest);
    all.set(pcm, this.#rest.length);
    let at = 0;
    for (; at + frame <= all.length; at += frame) this.#frame(all.subarray(at, at + frame));
    this.#rest = all.slice(at);
  }

  /** The call is over: what still sounded is told. */
  end(): void {
    this.#nameStretch();
    this.#tellSilence();
  }

  #frame(samples: Int16Array): void {
    const energy = energyOf(samples);
    const from = this.#frames;
    this.#frames += 1;
    if (levelOf(energy, frame) < silenceDbm0) {
      this.#window = [];
      if (this.#silent.frames === 0) this.#silent = { ...this.#silent, from };
      this.#silent.frames += 1;
      const patience = named(this.#runs).every((run) => run.label !== "speech")
        ? toneGapFrames
        : breathFrames;
      if (this.#runs.length > 0 && this.#silent.frames > patience) this.#nameStretch();
      return;
    }
    this.#window = [...this.#window.slice(-3), samples.slice()];
    const label = this.#labelOf(samples);
    // A tone after a pause is a signal of its own, however soon after speech.
    if (this.#silent.frames > toneGapFrames && label.startsWith("tone ")) this.#nameStretch();
    if (this.#runs.length > 0 && this.#silent.frames > 0) this.#runs.push({ ...this.#silent });
    if (this.#runs.length === 0) this.#tellSilence();
    this.#silent = { ...this.#silent, frames: 0 };
    const last = this.#runs.at(-1);
    if (last?.label === label) {
      last.frames += 1;
      last.sounding += 1;
      last.energy += energy;
    } else this.#runs.push({ label, frames: 1, sounding: 1, energy, from });
    if (from - (this.#runs[0]?.from ?? from) > longestStretchFrames) this.#nameStretch();
  }

  #labelOf(samples: Int16Array): string {
    if (this.#window.length === 4) {
      const long = joinFrames(this.#window);
      if (share(long, 440) + share(long, 480) > 0.85 || share(long, 425) > 0.85) return "ringback";
    }
    const low = lowHz.findIndex((hz) => share(samples, hz) > 0.25);
    const high = highHz.findIndex((hz) => share(samples, hz) > 0.25);
    if (low !== -1 && high !== -1) return `touch-tone ${keys[low]?.[high] ?? "?"}`;
    const signal = signalHz.find((hz) => share(samples, hz) > 0.8);
    return signal === undefined ? "speech" : `tone ${signal} Hz`;
  }

  #nameStretch(): void {
    const runs = named(this.#runs);
    this.#runs = [];
    for (let at = 0; at < runs.length; at += 1) {
      const run = runs[at];
      const next = runs[at + 1];
      if (run === undefined) continue;
      const double = next === undefined ? undefined : doubles.get(`${run.label}, ${next.label}`);
      if (double !== undefined && next !== undefined) {
        this.#say(double, { ...joined(run, next), frames: next.from + next.frames - run.from });
        at += 1;
      } else if (run.sounding >= shortestToneFrames) {
        this.#say(run.label === "tone 1050 Hz" ? "beep" : run.label, run);
      }
    }
  }

  #tellSilence(): void {
    if (this.#silent.frames >= toldSilenceFrames) this.#say("silence", this.#silent);
    this.#silent = { ...this.#silent, frames: 0 };
  }

  #say(what: string, run: Run): void {
    this.#tell({
      what,
      seconds: Math.round(run.frames * 2) / 100,
      levelDbm0: Math.round(levelOf(run.energy, run.sounding * frame) * 10) / 10,
      atSeconds: Math.round(run.from * 2) / 100,
    });
  }
}

const doubles: ReadonlyMap<string, string> = new Map([
  ["tone 600 Hz, tone 1050 Hz", "tone confirm"],
  ["tone 330 Hz, tone 330 Hz", "tone refuse"],
]);

/** The runs of a stretch as what they are: tones with their edges, and speech with its breaths and its moments that look like tones. */
function named(runs: readonly Run[]): readonly Run[] {
  const isTone = (run: Run): boolean =>
    !["speech", "silence"].includes(run.label) && run.frames >= shortestToneFrames;
  const tones = runs.filter(isTone);
  const speechFrames = runs.reduce((sum, run) => sum + (isTone(run) ? 0 : run.sounding), 0);
  // A few odd frames beside tones are their edges; a few tones within much speech are its vowels.
  if (tones.length > 0 && speechFrames <= edgeFrames * tones.length) return withEdges(runs, isTone);
  const parts: Run[] = [];
  for (const run of runs) {
    const tone = isTone(run) && run.frames > 2 * shortestToneFrames;
    const last = parts.at(-1);
    if (tone) parts.push({ ...run });
    else if (last?.label === "speech") parts[parts.length - 1] = joined(last, run);
    else if (run.label !== "silence") parts.push({ ...run, label: "speech" });
  }
  return parts.filter((part) => part.label !== "speech" || part.sounding > edgeFrames || parts.length === 1);
}

function withEdges(runs: readonly Run[], isTone: (run: Run) => boolean): readonly Run[] {
  const parts: Run[] = [];
  let edge: Run | undefined;
  for (const run of runs) {
    const last = parts.at(-1);
    if (isTone(run)) {
      parts.push(edge === undefined ? { ...run } : { ...joined(edge, run), label: run.label });
      edge = undefined;
    } else if (run.label === "silence") edge = undefined;
    else if (last !== undefined && last.from + last.frames === run.from)
      parts[parts.length - 1] = joined(last, run);
    else edge = run;
  }
  return parts;
}

function joined(run: Run, next: Run): Run {
  return {
    ...run,
    frames: run.frames + next.frames,
    sounding: run.sounding + next.sounding,
    energy: run.energy + next.energy,
  };
}

function joinFrames(frames: readonly Int16Array[]): Int16Array {
  const joined = new Int16Array(frames.length * frame);
  frames.forEach((part, index) => joined.set(part, index * frame));
  return joined;
}

function energyOf(samples: Int16Array): number {
  return samples.reduce((sum, sample) => sum + sample ** 2, 0);
}

function levelOf(energy: number, samples: number): number {
  return energy === 0 ? Number.NEGATIVE_INFINITY : 20 * Math.log10(Math.sqrt(energy / samples) / zeroDbm0);
}

/** The part of all energy that lies at one frequency, 0 to 1. */
export function share(samples: Int16Array, frequency: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * frequency) / lineRate);
  let last = 0;
  let before = 0;
  let energy = 0;
  for (const sample of samples) {
    [before, last] = [last, sample + turn * last - before];
    energy += sample ** 2;
  }
  if (energy === 0) return 0;
  return (2 * (last ** 2 + before ** 2 - turn * last * before)) / (samples.length * energy);
}
