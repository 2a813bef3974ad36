import { readWav } from "../speech/wav.ts";
import { atLevel, toLineRate, trimmed } from "./telephone-sound.ts";

/** How loud a line hears whatever is spoken, and the operator's files. */
export const lineDbm0 = -16;

export type LineSpeech =
  | { readonly type: "sound"; readonly pcm: Int16Array }
  | { readonly type: "unreadable"; readonly why: string };

/**
 * What an engine has spoken, a WAV, as a line carries it: 8 kHz, of one level, without the silence around it. It takes its time,
 * which the unit's main thread does not have.
 */
export function lineSpeech(wav: Uint8Array): LineSpeech {
  const answer = readWav(wav);
  if (answer.type === "unreadable") return answer;
  const { sound } = answer;
  if (sound.pcm.length === 0) return { type: "unreadable", why: "no sound in the file" };
  return { type: "sound", pcm: atLevel(trimmed(toLineRate(sound)), lineDbm0) };
}
