/** The test call's tone: how it is made, and what of it has arrived. 8 kHz, mono, linear. */
const rate = 8000;
const frame = 160;
const frameMs = 20;
/** ITU-T G.711: the RMS of a sine at 0 dBm0, of 16 bits. */
const zeroDbm0 = 15_770;
const silentDbm0 = -45;

export interface HeardTone {
  readonly levelDbm0: number;
  readonly frequencyHz: number;
  /** From its first sounding moment to its last. */
  readonly seconds: number;
  /** Of these, in which nothing sounded: what was lost on the way. */
  readonly lostMs: number;
  /** How often the sound broke off. */
  readonly gaps: number;
}

/** A WAV file of 16 bits. */
export function toneFile(wish: { hertz: number; seconds: number; levelDbm0: number }): Buffer {
  const samples = Math.round(wish.seconds * rate);
  const peak = zeroDbm0 * Math.SQRT2 * 10 ** (wish.levelDbm0 / 20);
  const file = Buffer.alloc(44 + samples * 2);
  file.write("RIFF", 0);
  file.writeUInt32LE(36 + samples * 2, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36);
  file.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; at += 1)
    file.writeInt16LE(Math.round(peak * Math.sin((2 * Math.PI * wish.hertz * at) / rate)), 44 + at * 2);
  return file;
}

/** What sounded in a recording; undefined when nothing did. */
export function heardTone(recording: Int16Array): HeardTone | undefined {
  const frames = Array.from({ length: Math.floor(recording.length / frame) }, (_, at) =>
    recording.subarray(at * frame, (at + 1) * frame),
  );
  const sounds = frames.map((each) => levelDbm0(each) >= silentDbm0);
  const [first, last] = [sounds.indexOf(true), sounds.lastIndexOf(true)];
  if (first < 0) return undefined;
  const inside = sounds.slice(first, last + 1);
  // A frame at either end holds an edge, which has another level.
  const whole = frames.filter(
    (_, at) => sounds[at - 1] === true && sounds[at] === true && sounds[at + 1] === true,
  );
  const level = whole.length === 0 ? Number.NEGATIVE_INFINITY : levelDbm0(joined(whole));
  return {
    levelDbm0: Math.round(level * 10) / 10,
    frequencyHz: Math.round(frequencyOf(whole)),
    seconds: Math.round(inside.length * frameMs) / 1000,
    lostMs: inside.filter((sounding) => !sounding).length * frameMs,
    gaps: inside.filter((sounding, at) => !sounding && inside[at - 1] === true).length,
  };
}

export function levelDbm0(pcm: Int16Array): number {
  const energy = pcm.reduce((sum, sample) => sum + sample ** 2, 0);
  return energy === 0 ? Number.NEGATIVE_INFINITY : 20 * Math.log10(Math.sqrt(energy / pcm.length) / zeroDbm0);
}

/** By the moments at which the wave rises through zero, frame by frame: between frames something may be missing. */
function frequencyOf(frames: readonly Int16Array[]): number {
  let turns = 0;
  let samples = 0;
  for (const each of frames) {
    const rises = risesOf(each);
    const [first, last] = [rises[0], rises.at(-1)];
    if (first === undefined || last === undefined) continue;
    turns += rises.length - 1;
    samples += last - first;
  }
  return samples === 0 ? 0 : (turns * rate) / samples;
}

function risesOf(pcm: Int16Array): readonly number[] {
  const rises: number[] = [];
  let before = pcm[0] ?? 0;
  pcm.forEach((sample, at) => {
    if (before < 0 && sample >= 0) rises.push(at - sample / (sample - before));
    before = sample;
  });
  return rises;
}

function joined(frames: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(frames.length * frame);
  frames.forEach((each, at) => all.set(each, at * frame));
  return all;
}
