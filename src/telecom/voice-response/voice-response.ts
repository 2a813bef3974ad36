import type { Prompt } from "#contract/telecom.ts";

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
