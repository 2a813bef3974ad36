import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Prompt } from "#contract/telecom.ts";
import { LineSounds } from "./announcements/line-sounds.ts";
import { PromptRenderer } from "./announcements/prompt-renderer.ts";
import { SegmentCache } from "./announcements/segment-cache.ts";
import { commandEngine, type SpeechCommand } from "./speech/command-engine.ts";
import { FliteEngine } from "./speech/flite-engine.ts";
import { httpEngine, type SpeechService } from "./speech/http-engine.ts";
import { Speaker } from "./speech/speaker.ts";
import type { ToLine } from "./speech/speech-engine.ts";

/** 142. The voice-response unit's speaking half: a prompt becomes audio. Digits are the media engine's to hear. */
export interface VoiceResponse {
  /**
   * Mu-law, 8 kHz, mono, normalised once. Never rejects and never takes longer than 2.5 s: what cannot be spoken in time is
   * spoken by the embedded engine, and what even that cannot say becomes a beep, with `fallback` telling so.
   */
  render(
    prompt: Prompt,
    signal?: AbortSignal,
  ): Promise<{ readonly audio: Uint8Array; readonly fallback: "none" | "embedded-engine" | "beep" }>;
  close(): Promise<void>;
}

export interface VoiceResponseOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Where the operator's WAV files lie; no prompt reads from elsewhere. */
  readonly promptFolder: string;
  /** Speaks instead of the embedded engine, which then stands behind it. */
  readonly engine?: SpeechCommand | SpeechService;
  /** A name that the engine knows. */
  readonly voice?: string;
  /** 1 is the voice's own pace. */
  readonly speed?: number;
  /** Keeps what is spoken to everybody over a restart. Without it, memory alone does. */
  readonly cacheFolder?: string;
  readonly cacheBytes?: number;
}

const defaultCacheBytes = 32 * 2 ** 20;

/** Resolves when the embedded engine has spoken a first word, so that no caller waits for it to load. */
export async function openVoiceResponse(options: VoiceResponseOptions): Promise<VoiceResponse> {
  const { clock, log, promptFolder, engine } = options;
  const embedded = new FliteEngine(clock);
  const sounds = new LineSounds();
  const speaker = new Speaker({ clock, log, chosen: chosenEngine(engine, sounds.spoken), embedded });
  const cache = new SegmentCache({
    bytes: options.cacheBytes ?? defaultCacheBytes,
    folder: options.cacheFolder,
    log,
  });
  const renderer = new PromptRenderer({
    clock,
    log,
    speaker,
    cache,
    sounds,
    promptFolder,
    voice: options.voice,
    speed: options.speed ?? 1,
  });
  await Promise.all([
    cache.prepareFolder(),
    // Without speech the unit still works: prompts become beeps, and the log says why.
    embedded
      .warmUp()
      .catch((error: unknown) => log.error({ code: "SPEECH_FAILED", error }, "The embedded engine is mute.")),
  ]);
  return {
    render: (prompt, signal) => renderer.render(prompt, signal),
    close: async () => {
      await Promise.all([speaker.close(), sounds.close()]);
    },
  };
}

function chosenEngine(engine: SpeechCommand | SpeechService | undefined, toLine: ToLine) {
  switch (engine?.type) {
    case "command":
      return commandEngine(engine, toLine);
    case "http":
      return httpEngine(engine, toLine);
    case undefined:
      return undefined;
  }
}
