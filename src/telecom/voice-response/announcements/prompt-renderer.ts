import { type Clock, until } from "#base/clock.ts";
import { TandemError, unreachable } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Prompt, Segment } from "#contract/telecom.ts";
import { plainText } from "../speech/plain-text.ts";
import type { Speaker } from "../speech/speaker.ts";
import { encoded, joined, type LineAudio, quiet, shortened } from "./line-audio.ts";
import type { LineSounds } from "./line-sounds.ts";
import { promptFileVersion } from "./prompt-file.ts";
import type { SegmentCache } from "./segment-cache.ts";
import { digitByDigit, type SpelledPart, spelled, vocabulary } from "./spelling.ts";
import { lineRate } from "./telephone-sound.ts";
import { toneAudio } from "./tones.ts";

export type Fallback = "none" | "embedded-engine" | "beep";

/** What a prompt became, or one segment of it, or one spoken name. */
export interface Rendered {
  readonly audio: LineAudio;
  readonly fallback: Fallback;
}

/** One prompt on its way: its language, whether others may hear its sounds again, since when it is waited for. */
interface Rendering {
  readonly language: Prompt["language"];
  readonly private: boolean;
  readonly beganAtMs: number;
  readonly signal: AbortSignal | undefined;
}

/** A private prompt holds what came from outside; the operator's own announcement is heard to its end. */
const longestPrivateSeconds = 8;
const longestTextSeconds = 20;
/** A file has this long, from the prompt's beginning; then there is time for something else. What comes later is kept. */
const fileDeadlineMs = 1500;
const longestPromptSeconds = 180;
const betweenTextsMs = 220;
const betweenNamesMs = 110;
const betweenGroupsMs = 340;
const quickestSpeed = 1.35;

/** Segments to mu-law: each spoken, read or computed by itself, all at once, and encoded once; then joined in their order. */
export class PromptRenderer {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #speaker: Speaker;
  readonly #cache: SegmentCache;
  readonly #sounds: LineSounds;
  readonly #promptFolder: string;
  readonly #voice: string | undefined;
  readonly #speed: number;

  constructor(parts: {
    clock: Clock;
    log: Log;
    speaker: Speaker;
    cache: SegmentCache;
    sounds: LineSounds;
    promptFolder: string;
    voice: string | undefined;
    speed: number;
  }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#speaker = parts.speaker;
    this.#cache = parts.cache;
    this.#sounds = parts.sounds;
    this.#promptFolder = parts.promptFolder;
    this.#voice = parts.voice;
    this.#speed = parts.speed;
  }

  /** Never rejects. */
  async render(prompt: Prompt, signal: AbortSignal | undefined): Promise<Rendered> {
    const rendering: Rendering = {
      language: prompt.language,
      private: prompt.private,
      beganAtMs: this.#clock.now(),
      signal,
    };
    const pieces = await Promise.all(
      prompt.segments.map((segment) => this.#segmentOrBeep(segment, rendering)),
    );
    const audio = joined(
      pieces.flatMap((piece, index) => [
        ...(index > 0 && bothSpoken(prompt.segments[index - 1], prompt.segments[index])
          ? [quiet(betweenTextsMs)]
          : []),
        piece.audio,
      ]),
    );
    // Nothing in the prompt could be said: somebody waits for a sign all the same.
    if (audio.length === 0) return this.#beep(rendering);
    return { audio: shortened(audio, longestPromptSeconds), fallback: worst(pieces) };
  }

  async #segmentOrBeep(segment: Segment, rendering: Rendering): Promise<Rendered> {
    try {
      return await this.#segment(segment, rendering);
    } catch (error) {
      const code = error instanceof TandemError ? error.code : "BUG";
      this.#log.warn({ code, segment: segment.type, error }, "A part of a prompt became a beep.");
      return this.#beep(rendering);
    }
  }

  async #segment(segment: Segment, rendering: Rendering): Promise<Rendered> {
    switch (segment.type) {
      case "text":
        return await this.#text(
          segment.text,
          segment.common === true ? { ...rendering, private: false } : rendering,
        );
      case "spell":
        return await this.#names(spelled(segment.text, rendering.language, segment.alphabet), rendering);
      case "digits":
        return await this.#names(digitByDigit(segment.digits, rendering.language), rendering);
      case "pause":
        return { audio: quiet(segment.ms), fallback: "none" };
      case "file":
        return await this.#fileOrWords(segment, rendering);
      case "tone":
        return { audio: toneAudio(segment.tone, rendering.language), fallback: "none" };
      default:
        return unreachable(segment);
    }
  }

  async #text(text: string, rendering: Rendering): Promise<Rendered> {
    const words = plainText(text, rendering.language);
    if (words === "") return { audio: quiet(0), fallback: "none" };
    const seconds = rendering.private ? longestPrivateSeconds : longestTextSeconds;
    const spoken = await this.#say(words, this.#speed, rendering);
    if (spoken.audio.length <= seconds * lineRate) return spoken;
    // Somewhat faster before it is cut.
    const pace = Math.min(quickestSpeed, spoken.audio.length / (seconds * lineRate)) * this.#speed;
    const quicker = await this.#say(words, pace, rendering);
    const { audio } = quicker.fallback === "beep" ? spoken : quicker;
    return { ...quicker, audio: shortened(audio, seconds) };
  }

  async #names(parts: readonly SpelledPart[], rendering: Rendering): Promise<Rendered> {
    const said = await Promise.all(
      parts.map(
        (part): Promise<Rendered> =>
          part.type === "gap"
            ? Promise.resolve({ audio: quiet(betweenGroupsMs), fallback: "none" })
            : this.#say(part.words, this.#speed, rendering),
      ),
    );
    const audio = joined(
      said.flatMap((piece, index) => (index === 0 ? [piece.audio] : [quiet(betweenNamesMs), piece.audio])),
    );
    // A code of which a name is missing would be a wrong code.
    const fallback = worst(said);
    return fallback === "beep" ? this.#beep(rendering) : { audio, fallback };
  }

  /** Speech of the wanted engine goes to the cache; a fallback's does not, or it would be heard after the engine has recovered. */
  async #say(text: string, speed: number, rendering: Rendering): Promise<Rendered> {
    const { language } = rendering;
    const key = JSON.stringify([this.#speaker.engineId, this.#voice ?? "", language, speed.toFixed(2), text]);
    const shared = !rendering.private || vocabulary(language).has(text);
    // What many wait for is not given up because one of them hung up.
    const patient = shared ? { ...rendering, signal: undefined } : rendering;
    if (!shared) return await this.#speak(text, speed, patient);
    try {
      const audio = await this.#cache.sound(key, async () => {
        const piece = await this.#speak(text, speed, patient);
        if (piece.fallback !== "none") throw new SpokenOtherwise(piece);
        return piece.audio;
      });
      return { audio, fallback: "none" };
    } catch (error) {
      if (error instanceof SpokenOtherwise) return error.piece;
      throw error;
    }
  }

  async #speak(text: string, speed: number, rendering: Rendering): Promise<Rendered> {
    const wish = {
      text,
      language: rendering.language,
      speed,
      ...(this.#voice === undefined ? {} : { voice: this.#voice }),
    };
    const spoken = await this.#speaker.speak(wish, rendering.beganAtMs, rendering.signal);
    if (spoken.type === "silent-engines") return this.#beep(rendering);
    return { audio: encoded(spoken.pcm), fallback: spoken.fallback ? "embedded-engine" : "none" };
  }

  async #fileOrWords(
    { path, instead = [] }: Extract<Segment, { type: "file" }>,
    rendering: Rendering,
  ): Promise<Rendered> {
    try {
      return { audio: await this.#fileInTime(path, rendering), fallback: "none" };
    } catch (error) {
      if (instead.length === 0) throw error;
      this.#log.warn({ path, error }, "A file cannot be heard: its words are spoken instead.");
      const spoken = await Promise.all(instead.map(({ text }) => this.#text(text, rendering)));
      const audio = joined(
        spoken.flatMap((piece, index) =>
          index === 0 ? [piece.audio] : [quiet(betweenTextsMs), piece.audio],
        ),
      );
      return { audio, fallback: worst(spoken) };
    }
  }

  async #fileInTime(path: string, rendering: Rendering): Promise<LineAudio> {
    const enough = new AbortController();
    const late = until(this.#clock, rendering.beganAtMs + fileDeadlineMs, enough.signal).then(() => {
      throw new TandemError("PROMPT_UNREADABLE", { path, why: "too late" });
    });
    try {
      return await Promise.race([this.#file(path), late]);
    } finally {
      enough.abort("in time");
    }
  }

  /** Kept like speech, as long as the file is what it was: to bring one to the line's rate and level costs more than to look. */
  async #file(path: string): Promise<LineAudio> {
    const folder = this.#promptFolder;
    const key = JSON.stringify(["file", folder, path, await promptFileVersion(folder, path)]);
    return await this.#cache.sound(key, async () => encoded(await this.#sounds.file(folder, path)));
  }

  #beep(rendering: Rendering): Rendered {
    return { audio: toneAudio("beep", rendering.language), fallback: "beep" };
  }
}

/** Carries a fallback's sound past the cache. */
class SpokenOtherwise extends Error {
  readonly piece: Rendered;
  constructor(piece: Rendered) {
    super("spoken by a fallback");
    this.piece = piece;
  }
}

function worst(pieces: readonly Rendered[]): Fallback {
  if (pieces.some((piece) => piece.fallback === "beep")) return "beep";
  return pieces.some((piece) => piece.fallback === "embedded-engine") ? "embedded-engine" : "none";
}

function bothSpoken(before: Segment | undefined, after: Segment | undefined): boolean {
  const spokenTypes = new Set(["text", "spell", "digits"]);
  return (
    before !== undefined && after !== undefined && spokenTypes.has(before.type) && spokenTypes.has(after.type)
  );
}
