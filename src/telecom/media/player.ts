import type { PlayId } from "#base/ids.ts";
import type { Codec } from "./media-engine.ts";
import { muLawSilence, muLawToALaw, rewriteOctets } from "./g711.ts";
import { frameSamples } from "./outbound-stream.ts";

/** One play on its way: where it stands in its audio. */
export class Player {
  readonly play: PlayId;
  readonly barge: boolean;
  readonly #audio: Uint8Array;
  readonly #loop: boolean;
  #at = 0;
  started = false;

  constructor(wish: { play: PlayId; audio: Uint8Array; loop: boolean; barge: boolean }) {
    this.play = wish.play;
    this.barge = wish.barge;
    this.#audio = wish.audio;
    // A loop of nothing would never end, nor be heard.
    this.#loop = wish.loop && wish.audio.length > 0;
  }

  get finished(): boolean {
    return !this.#loop && this.#at >= this.#audio.length;
  }

  /** Writes the next 20 ms to `packet` at `start`; the last ones are filled up with silence. */
  nextFrame(packet: Buffer, start: number, codec: Codec): void {
    let written = 0;
    while (written < frameSamples) {
      const piece = this.#audio.subarray(this.#at, this.#at + frameSamples - written);
      packet.set(piece, start + written);
      written += piece.length;
      this.#at += piece.length;
      if (this.#at < this.#audio.length) continue;
      if (!this.#loop) break;
      this.#at = 0;
    }
    packet.fill(muLawSilence, start + written, start + frameSamples);
    if (codec === "PCMA") rewriteOctets(packet, { start, end: start + frameSamples }, muLawToALaw);
  }

  /** Time goes by unheard: the far end holds us. */
  skipFrame(): void {
    this.#at += frameSamples;
    if (this.#loop) this.#at %= this.#audio.length;
  }
}
