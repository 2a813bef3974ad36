import type { Digit } from "#contract/telecom.ts";
import { digitTone } from "./dual-tone.ts";
import { frameSamples } from "./outbound-stream.ts";
import { eventOf } from "./telephone-event.ts";

/** What one 20 ms tick sends of a row of digits. */
export type DigitStep =
  | {
      readonly type: "event";
      readonly event: number;
      /** In timestamp units. */
      readonly duration: number;
      readonly first: boolean;
      readonly end: boolean;
    }
  | { readonly type: "tone"; readonly octets: Uint8Array }
  | { readonly type: "silence" };

const toneTicks = 5;
const gapTicks = 5;
const waitTicks = 25;
const endPackets = 3;
const mostWaiting = 256;

/**
 * Sends digits, tick by tick: 100 ms each, 100 ms apart, `w` is a pause of 500 ms.
 * As an event (RFC 4733 2.5.1): a packet each 20 ms while the key is down, the last of them and two more with the end bit.
 */
export class DigitSender {
  #waiting = "";
  #current: Digit | "w" | undefined;
  #tick = 0;

  get busy(): boolean {
    return this.#current !== undefined || this.#waiting !== "";
  }

  /** More than 256 waiting digits are nobody's dialling: the rest is dropped. */
  add(digits: string): void {
    this.#waiting = (this.#waiting + digits.replace(/[^0-9*#A-Dw]/g, "")).slice(0, mostWaiting);
  }

  /** @param asEvents false when the far end takes no telephone-events: tones go in the audio */
  next(asEvents: boolean): DigitStep | undefined {
    if (this.#current === undefined) {
      const next = this.#waiting[0];
      if (next === undefined) return undefined;
      this.#current = next as Digit | "w";
      this.#waiting = this.#waiting.slice(1);
      this.#tick = 0;
    }
    const current = this.#current;
    this.#tick += 1;
    const tick = this.#tick;
    if (tick === (current === "w" ? waitTicks : toneTicks + gapTicks)) this.#current = undefined;
    if (current === "w") return { type: "silence" };
    return asEvents ? eventStep(current, tick) : toneStep(current, tick);
  }
}

function eventStep(digit: Digit, tick: number): DigitStep {
  if (tick >= toneTicks + endPackets) return { type: "silence" };
  return {
    type: "event",
    event: eventOf(digit),
    duration: Math.min(tick, toneTicks) * frameSamples,
    first: tick === 1,
    end: tick >= toneTicks,
  };
}

function toneStep(digit: Digit, tick: number): DigitStep {
  if (tick > toneTicks) return { type: "silence" };
  const from = (tick - 1) * frameSamples;
  return { type: "tone", octets: digitTone(digit, toneTicks * 20).subarray(from, from + frameSamples) };
}
