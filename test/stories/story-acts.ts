import type { CallOutcome } from "#call-manager/pages.ts";
import type { PlayEnd } from "#contract/telecom.ts";
import type { CallStory } from "#rig/call-story.ts";
import { type StoryBank, storyBank } from "#rig/story-bank.ts";

/** One call as people live it. What happens again and again in such stories has a name here. */
export interface Story {
  readonly name: string;
  readonly bank?: Parameters<typeof storyBank>[0];
  readonly signed?: boolean;
  readonly language?: "en" | "es";
  /** What the telephones will do by themselves. */
  readonly phones?: (story: CallStory) => void;
  /** From after Ann's click to the end of the call. */
  readonly tell: (story: CallStory) => Promise<void>;
  readonly outcome: CallOutcome;
  /** Pages pushed, in order; none when absent. */
  readonly pushed?: readonly string[];
  /** How often each center's telephone was called. */
  readonly calledBob?: number;
  readonly calledCarol?: number;
}

export function bankOf(story: Story): StoryBank {
  return storyBank(story.bank);
}

export const centerFirst = { policy: { legOrder: "center-first" } } as const;
export const bothAtOnce = { policy: { legOrder: "both-at-once" } } as const;

export async function annAnswers(s: CallStory): Promise<void> {
  await s.until(() => s.ann.phone.rings, "Ann's telephone rings");
  s.ann.phone.answers();
}

export async function bobAnswers(s: CallStory): Promise<void> {
  await s.until(() => s.bob.rings, "Bob's telephone rings");
  s.bob.answers();
}

export async function bobSignsOn(s: CallStory): Promise<void> {
  await bobAnswers(s);
  await hears(s, "bob", "pound");
  s.bob.presses("#");
}

export async function connect(s: CallStory): Promise<void> {
  await annAnswers(s);
  await bobSignsOn(s);
  await s.ann.untilSees("connected");
}

export function hears(s: CallStory, who: "ann" | "bob" | "carol", words: string): Promise<void> {
  const phone = who === "ann" ? s.ann.phone : s[who];
  return s.until(() => phone.hasHeard(words), `${who} hears "${words}"`);
}

export function confirms(s: CallStory): number {
  return s.bob.heard.filter(({ prompt }) =>
    prompt.segments.some((part) => part.type === "tone" && part.tone === "confirm"),
  ).length;
}

/** How the whisper that Bob heard came to its end. */
export function whisperEnd(s: CallStory): PlayEnd | undefined {
  return s.bob.heard.find(({ play }) => play.endsWith(".whisper"))?.end;
}
