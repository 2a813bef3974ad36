import { aLawSamples, muLawSamples } from "#telecom/media/g711.ts";

/** Linear samples, one channel. */
export interface Sound {
  readonly pcm: Int16Array;
  readonly sampleRate: number;
}

/** A RIFF/WAVE file: PCM of 8 or 16 bits, mu-law or A-law, one or two channels (mixed), 4 to 192 kHz. */
export function readWav(file: Uint8Array): WavAnswer {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const word = (at: number): string => Buffer.from(file.subarray(at, at + 4)).toString("latin1");
  if (file.length < 44 || word(0) !== "RIFF" || word(8) !== "WAVE") return unreadable("not a WAV file");
  let format: WavFormat | undefined;
  for (let at = 12; at + 8 <= file.length; ) {
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (word(at) === "fmt " && size >= 16 && body + size <= file.length) {
      const tag = view.getUint16(body, true);
      format = {
        // The extensible form keeps the real tag at the head of its GUID.
        tag: tag === 0xfffe && size >= 26 ? view.getUint16(body + 24, true) : tag,
        channels: view.getUint16(body + 2, true),
        sampleRate: view.getUint32(body + 4, true),
        bits: view.getUint16(body + 14, true),
      };
    }
    if (word(at) === "data") {
      // A program that writes to a pipe does not know the size beforehand: what is there counts.
      return format === undefined
        ? unreadable("data before format")
        : decode(file.subarray(body, body + size), format);
    }
    at = body + size + (size % 2);
  }
  return unreadable("no audio in the file");
}

export type WavAnswer =
  | { readonly type: "sound"; readonly sound: Sound }
  | { readonly type: "unreadable"; readonly why: string };

interface WavFormat {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
}

function decode(data: Uint8Array, format: WavFormat): WavAnswer {
  const { channels, sampleRate } = format;
  if (channels < 1 || channels > 2) return unreadable(`${channels} channels`);
  if (sampleRate < 4000 || sampleRate > 192_000) return unreadable(`${sampleRate} samples a second`);
  const sampleAt = sampleReader(data, format);
  if (sampleAt === undefined) return unreadable(`format ${format.tag} with ${format.bits} bits`);
  const frames = Math.floor(data.length / (channels * (format.bits / 8)));
  const pcm = new Int16Array(frames);
  for (let frame = 0; frame < frames; frame += 1) {
    const first = sampleAt(frame * channels);
    pcm[frame] = channels === 1 ? first : (first + sampleAt(frame * 2 + 1)) >> 1;
  }
  return { type: "sound", sound: { pcm, sampleRate } };
}

function sampleReader(data: Uint8Array, { tag, bits }: WavFormat): ((index: number) => number) | undefined {
  if (tag === 1 && bits === 16) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    return (index) => view.getInt16(index * 2, true);
  }
  if (bits !== 8) return undefined;
  switch (tag) {
    case 1:
      return (index) => ((data[index] ?? 128) - 128) << 8;
    case 6:
      return (index) => aLawSamples[data[index] ?? 0] ?? 0;
    case 7:
      return (index) => muLawSamples[data[index] ?? 0] ?? 0;
    default:
      return undefined;
  }
}

function unreadable(why: string): WavAnswer {
  return { type: "unreadable", why };
}
