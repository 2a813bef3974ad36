import { linearToMuLaw, muLawSamples, muLawSilence } from "#telecom/media/g711.ts";
import { cutTo, lineRate } from "./telephone-sound.ts";

/**
 * What a line carries, ready to be sent: mu-law, 8 kHz, an octet a sample. All threads share its memory, so the media engine's
 * thread is handed the audio itself and no copy. Once made it is not written to: others may be hearing it.
 */
export type LineAudio = Uint8Array<SharedArrayBuffer>;

/** A loop over a table: `Uint8Array.from` and the rule itself take some ten times as long. */
export function encoded(pcm: Int16Array): LineAudio {
  const audio = blank(pcm.length);
  for (let at = 0; at < pcm.length; at += 1) audio[at] = muLawOctets[(pcm[at] ?? 0) & 0xffff] ?? 0;
  return audio;
}

/** Index by the 16 bits of a linear sample. */
const muLawOctets = Uint8Array.from({ length: 2 ** 16 }, (_, bits) => linearToMuLaw((bits << 16) >> 16));

/** What was kept elsewhere. */
export function restored(octets: Uint8Array): LineAudio {
  const audio = blank(octets.length);
  audio.set(octets);
  return audio;
}

export function quiet(ms: number): LineAudio {
  return blank((ms * lineRate) / 1000).fill(muLawSilence);
}

/** One alone is given as it is. */
export function joined(parts: readonly LineAudio[]): LineAudio {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const audio = blank(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    audio.set(part, at);
    at += part.length;
  }
  return audio;
}

/** At most `seconds`, as `cutTo` ends it. */
export function shortened(audio: LineAudio, seconds: number): LineAudio {
  if (audio.length <= seconds * lineRate) return audio;
  return encoded(
    cutTo(
      Int16Array.from(audio, (octet) => muLawSamples[octet] ?? 0),
      seconds,
    ),
  );
}

function blank(octets: number): LineAudio {
  return new Uint8Array(new SharedArrayBuffer(octets));
}
