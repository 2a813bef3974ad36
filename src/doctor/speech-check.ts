import { tmpdir } from "node:os";
import { type Clock, steadyClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { speakOnce } from "#telecom/soundness.ts";
import type { Settings } from "../settings.ts";
import { doubtful, type Finding, well, wrong } from "./finding.ts";
import { levelDbm0 } from "./tone.ts";

const check = "speech";
const sentence = "Good morning. Somebody would like to speak with you about mortgages.";
/** Spoken at any pace. */
const shortestSeconds = 1.5;
const quietDbm0 = -40;

/** Says a sentence by the engine that calls will hear, and measures it. */
export async function checkSpeech(means: {
  readonly settings: Settings | undefined;
  readonly clock: Clock;
}): Promise<readonly Finding[]> {
  const { settings, clock } = means;
  const words = settings?.unit.speechCommand;
  const spoken = await speakOnce(sentence, {
    clock,
    log: silentLog,
    promptFolder: settings?.unit.promptFolder ?? tmpdir(),
    speechCommand: words,
    steady: steadyClock,
  });
  const { fallback, pcm, tookMs } = spoken;
  const seconds = Math.round(pcm.length / 800) / 10;
  const level = Math.round(levelDbm0(pcm));
  return [ofSpeech({ fallback, seconds, level, tookMs, program: words?.[0] })];
}

export function ofSpeech(heard: {
  readonly fallback: "none" | "embedded-engine" | "beep";
  readonly seconds: number;
  /** dBm0 */
  readonly level: number;
  readonly tookMs: number;
  readonly program: string | undefined;
}): Finding {
  const { fallback, seconds, level, tookMs, program } = heard;
  const figures = { seconds, levelDbm0: level, tookMs };
  const byHand =
    "Try the command of TANDEM_SPEECH_COMMAND by hand: text in, a WAV file out, within 1.5 seconds.";
  const again = "Install Tandem's packages again; see SPEECH_FAILED in docs/errors.md.";
  if (fallback === "beep")
    return wrong(
      check,
      "Nothing was spoken: callers hear beeps in place of words.",
      program === undefined ? again : byHand,
      figures,
    );
  if (fallback === "embedded-engine")
    return doubtful(
      check,
      `${program ?? "The speech program"} said nothing in time; the embedded engine spoke.`,
      byHand,
      figures,
    );
  if (seconds < shortestSeconds || level < quietDbm0)
    return wrong(
      check,
      `A sentence became ${seconds} s of sound at ${level} dBm0: that is no speech.`,
      program === undefined ? again : byHand,
      figures,
    );
  return well(check, `A sentence of ${seconds} s at ${level} dBm0 was spoken within ${tookMs} ms.`, figures);
}
