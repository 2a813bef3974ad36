import type { Digit } from "#contract/telecom.ts";
import { linearToMuLaw } from "#telecom/media/g711.ts";
import { lineRate, sinePeak } from "#telecom/voice-response/announcements/telephone-sound.ts";

const lowHz = [697, 770, 852, 941];
const highHz = [1209, 1336, 1477, 1633];
const keys = "123A456B789C*0#D";

/** `samples` of mu-law of a key's two tones (ITU-T Q.23) from sample `from` on, for a far end that negotiated no telephone-event. */
export function dualTone(digit: Digit, from: number, samples: number): Uint8Array {
  const key = keys.indexOf(digit);
  const low = lowHz[key >> 2] ?? 0;
  const high = highHz[key & 3] ?? 0;
  const peak = sinePeak(-9);
  return Uint8Array.from({ length: samples }, (_, n) => {
    const turn = (2 * Math.PI * (from + n)) / lineRate;
    return linearToMuLaw(Math.round(peak * (Math.sin(low * turn) + Math.sin(high * turn))));
  });
}
