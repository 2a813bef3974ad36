import { linearToMuLaw, muLawSilence } from "#telecom/media/g711.ts";

/** 20 ms of G.711: what a packet on the line holds. */
export const frame = 160;
/** What is kept of a voice that comes faster than the line takes it: 200 ms, so that a conversation does not lag behind. */
const mostWaiting = 10 * frame;

/** What a phone says: 160 octets of mu-law, each time that its line asks. */
export interface Voice {
  next(): Uint8Array;
}

/** Mu-law that is said over and over; silence when there is none of it. */
export class RecordedVoice implements Voice {
  readonly #says: Uint8Array;
  #said = 0;

  constructor(says: Uint8Array) {
    this.#says = says;
  }

  next(): Uint8Array {
    const payload = new Uint8Array(frame).fill(muLawSilence);
    payload.set(this.#says.subarray(this.#said, this.#said + frame));
    this.#said = this.#said + frame >= this.#says.length ? 0 : this.#said + frame;
    return payload;
  }
}

/** A person's voice: it comes in bursts and pauses, and the line gets 20 ms each time, the last ones filled up with silence. */
export class LiveVoice implements Voice {
  #waiting = new Int16Array(0);

  /** Samples, linear, 8 kHz. */
  put(pcm: Int16Array): void {
    const all = new Int16Array(this.#waiting.length + pcm.length);
    all.set(this.#waiting);
    all.set(pcm, this.#waiting.length);
    this.#waiting = all.slice(-mostWaiting);
  }

  next(): Uint8Array {
    const payload = new Uint8Array(frame).fill(muLawSilence);
    payload.set(Uint8Array.from(this.#waiting.subarray(0, frame), linearToMuLaw));
    this.#waiting = this.#waiting.slice(frame);
    return payload;
  }
}
