import type { Clock } from "#base/clock.ts";
import type { PlayId } from "#base/ids.ts";
import type { Digit, LegState, PlayEnd, Prompt } from "#contract/telecom.ts";
import type { VirtualLeg } from "./virtual-leg.ts";

/** What a telephone does with the next call: `rings` until the story answers, hangs up or the caller gives up. */
export type Reaction =
  | { readonly type: "rings" }
  | { readonly type: "answers"; readonly afterMs: number }
  | { readonly type: "is-busy" }
  | { readonly type: "declines"; readonly afterMs: number }
  | { readonly type: "is-unreachable" };

/** A telephone of the story. Several calls may come to it; what it is told concerns the newest. */
export class VirtualPhone {
  readonly user: string;
  readonly #clock: Clock;
  reaction: Reaction = { type: "rings" };
  /** What the line brought, in order: each prompt from its beginning, with how it ended. */
  readonly heard: { readonly atMs: number; readonly play: PlayId; readonly prompt: Prompt; end?: PlayEnd }[] =
    [];
  /** Touch-tones that came over the line: from us, or from the other party. */
  readonly heardDigits: string[] = [];
  /** Its own keys, pressed while a line was up. */
  readonly pressed: { readonly atMs: number; readonly digit: Digit }[] = [];
  readonly lines: VirtualLeg[] = [];

  constructor(user: string, clock: Clock) {
    this.user = user;
    this.#clock = clock;
  }

  get line(): LegState | undefined {
    return this.lines.at(-1)?.state;
  }

  get rings(): boolean {
    return this.line?.state === "ringing";
  }

  get talks(): boolean {
    return this.line?.state === "answered";
  }

  answers(): void {
    this.lines.at(-1)?.answer();
  }

  declines(): void {
    this.lines.at(-1)?.end("declined", 603);
  }

  hangsUp(): void {
    if (this.talks) this.lines.at(-1)?.end("hung-up-by-far-end");
  }

  /** One key after the other, 150 ms apart, on the line that is the newest now. */
  presses(digits: string): void {
    const line = this.lines.at(-1);
    const fromMs = this.#clock.now();
    for (const [index, digit] of [...digits].entries()) {
      if (index === 0) line?.press(digit as Digit);
      else this.#clock.at(fromMs + index * 150, () => line?.press(digit as Digit));
    }
  }

  /** Whether anything heard so far, whole or in part, has these words (or this tone, or these spelled characters). */
  hasHeard(words: string): boolean {
    return this.heard.some(({ prompt }) => promptWords(prompt).includes(words));
  }
}

export function promptWords(prompt: Prompt): string {
  return prompt.segments
    .map((segment) => {
      switch (segment.type) {
        case "text":
        case "spell":
          return segment.text;
        case "digits":
          return segment.digits;
        case "tone":
          return `[${segment.tone}]`;
        case "file":
          return `[${segment.path}]`;
        case "pause":
          return "";
      }
    })
    .join(" ");
}
