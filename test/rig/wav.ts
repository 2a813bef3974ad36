import { readFileSync, writeFileSync } from "node:fs";

/** Sound as the rig measures it: mono, each sample in -1..1. */
export interface Sound {
  readonly sampleRate: number;
  readonly samples: Float64Array;
}

/** Reads 16-bit PCM, mu-law or A-law; of several channels the first. A file still being written is read as far as it goes. */
export function readWav(path: string): Sound {
  const file = readFileSync(path);
  if (file.toString("latin1", 0, 4) !== "RIFF") throw new Error(`${path} is no WAV file`);
  let format = { tag: 1, channels: 1, sampleRate: 8000, bits: 16 };
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString("latin1", at, at + 4);
    const length = file.readUInt32LE(at + 4);
    const start = at + 8;
    if (name === "fmt ") {
      format = {
        tag: file.readUInt16LE(start),
        channels: file.readUInt16LE(start + 2),
        sampleRate: file.readUInt32LE(start + 4),
        bits: file.readUInt16LE(start + 14),
      };
    }
    if (name === "data") {
      // A program that was ended before it closed the file leaves the length 0 or too great.
      const end = length === 0 ? file.length : Math.min(file.length, start + length);
      return { sampleRate: format.sampleRate, samples: decode(file.subarray(start, end), format) };
    }
    at = start + length + (length % 2);
  }
  throw new Error(`${path} holds no sound`);
}

function decode(data: Buffer, format: { tag: number; channels: number; bits: number }): Float64Array {
  const bytes = format.bits / 8;
  const step = bytes * format.channels;
  const samples = new Float64Array(Math.floor(data.length / step));
  for (let at = 0; at < samples.length; at++) {
    if (format.tag === 1 && bytes === 2) samples[at] = data.readInt16LE(at * step) / 32768;
    else if (format.tag === 7) samples[at] = fromMuLaw(data.readUInt8(at * step));
    else if (format.tag === 6) samples[at] = fromALaw(data.readUInt8(at * step));
    else throw new Error(`WAV format ${format.tag} with ${format.bits} bits is not read here`);
  }
  return samples;
}

/** ITU-T G.711: one mu-law octet. Written apart from the product's tables, which it measures. */
export function fromMuLaw(octet: number): number {
  const flipped = ~octet & 0xff;
  const magnitude = ((((flipped & 0x0f) << 3) + 0x84) << ((flipped >> 4) & 7)) - 0x84;
  return (flipped & 0x80 ? -magnitude : magnitude) / 32768;
}

const muLawLevels = Array.from({ length: 256 }, (_, octet) => fromMuLaw(octet));
const nearestOctets = new Map<number, number>();

/** The mu-law octet that comes nearest to a sample in -1..1. */
export function toMuLaw(sample: number): number {
  const level = Math.round(Math.max(-1, Math.min(1, sample)) * 8192);
  const known = nearestOctets.get(level);
  if (known !== undefined) return known;
  const distances = muLawLevels.map((each) => Math.abs(each - level / 8192));
  const nearest = distances.indexOf(Math.min(...distances));
  nearestOctets.set(level, nearest);
  return nearest;
}

/** ITU-T G.711: one A-law octet. */
export function fromALaw(octet: number): number {
  const flipped = octet ^ 0x55;
  const exponent = (flipped >> 4) & 7;
  const mantissa = ((flipped & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (flipped & 0x80 ? magnitude : -magnitude) / 32768;
}

export function writeWav(path: string, sound: Sound): void {
  writeFileSync(path, wavOf(sound));
}

/** A whole file of 16-bit PCM. */
export function wavOf(sound: Sound): Buffer {
  const header = Buffer.alloc(44);
  const length = sound.samples.length * 2;
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(36 + length, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sound.sampleRate, 24);
  header.writeUInt32LE(sound.sampleRate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(length, 40);
  const data = Buffer.alloc(length);
  sound.samples.forEach((sample, at) => {
    data.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32767), at * 2);
  });
  return Buffer.concat([header, data]);
}
