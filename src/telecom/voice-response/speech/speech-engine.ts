/** What makes sound of words: the embedded engine, an operator's command, or a service. */
export interface SpeechEngine {
  /** Engine and version: part of the cache's key, so that another engine never answers with this one's sound. */
  readonly id: string;
  /**
   * Linear samples as a line carries them (`line-speech.ts`). Rejects with SPEECH_FAILED, or with the signal's reason. `text` is
   * plain: `plain-text.ts` has been over it.
   */
  synthesize(wish: SpeechWish, signal: AbortSignal): Promise<Int16Array>;
  close(): Promise<void>;
}

export interface SpeechWish {
  readonly text: string;
  readonly language: SpokenLanguage;
  /** A name that the engine knows; its own choice when absent. */
  readonly voice?: string;
  /** 1 is the voice's own pace; 0.5 to 2. */
  readonly speed?: number;
}

export type SpokenLanguage = "en" | "es";

/** More sound than this is never taken from an engine, whatever it sends. */
export const longestSpeechSeconds = 30;

/** Brings an engine's WAV to the line, elsewhere than in the caller's thread. Rejects with SPEECH_FAILED. */
export type ToLine = (wav: Uint8Array) => Promise<Int16Array>;
