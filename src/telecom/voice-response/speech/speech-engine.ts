/** What makes sound of words: the embedded engine, an operator's command, or a service. */
export interface SpeechEngine {
  /** Engine and version: part of the cache's key, so that another engine never answers with this one's sound. */
  readonly id: string;
  /** Rejects with SPEECH_FAILED, or with the signal's reason. `text` is plain: `plain-text.ts` has been over it. */
  synthesize(wish: SpeechWish, signal: AbortSignal): Promise<Sound>;
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

/** Linear samples, one channel. */
export interface Sound {
  readonly pcm: Int16Array;
  readonly sampleRate: number;
}

/** More sound than this is never taken from an engine, whatever it sends. */
export const longestSpeechSeconds = 30;
