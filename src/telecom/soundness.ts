import { type Clock, systemClock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import { type Log, silentLog } from "#base/log.ts";
import { chooseSockets } from "./media/choose-sockets.ts";
import { muLawSamples } from "./media/g711.ts";
import { LineSounds } from "./voice-response/announcements/line-sounds.ts";
import { openVoiceResponse } from "./voice-response/voice-response.ts";
import { whyNoWebRtc } from "./webrtc/webrtc-gateway.ts";

/** What can be asked of the unit's parts without a unit: for whoever looks after a platform before it runs. */

/** A sentence on why RTP does not take the kernel's own calls; undefined when it does. */
export async function whyNoFastPath(): Promise<string | undefined> {
  const { why } = await chooseSockets("auto", systemClock);
  return why;
}

/** A sentence on why browsers' telephones cannot be rung; undefined when they can. */
export async function whyNoBrowsers(clock: Clock): Promise<string | undefined> {
  return await whyNoWebRtc({ clock, log: silentLog });
}

/** Why a WAV file below the folder cannot be heard, or its length when it can: read just as an announcement is. */
export async function hearFile(
  folder: string,
  path: string,
): Promise<{ readonly seconds: number } | { readonly why: string }> {
  const sounds = new LineSounds();
  try {
    const pcm = await sounds.file(folder, path);
    return { seconds: pcm.length / 8000 };
  } catch (error) {
    if (!(error instanceof TandemError) || error.code !== "PROMPT_UNREADABLE") throw error;
    const { why } = error.details;
    return { why: typeof why === "string" ? why : "cannot be read" };
  } finally {
    await sounds.close();
  }
}

/** A sentence as a caller would hear it: linear, 8 kHz, and how long it took once the engine was warm. */
export async function speakOnce(
  text: string,
  means: {
    readonly clock: Clock;
    /** Measures. */
    readonly steady: Clock;
    readonly log: Log;
    readonly promptFolder: string;
    readonly speechCommand: readonly string[] | undefined;
  },
): Promise<{
  readonly pcm: Int16Array;
  readonly fallback: "none" | "embedded-engine" | "beep";
  readonly tookMs: number;
}> {
  const { clock, steady, log, promptFolder, speechCommand } = means;
  const [program, ...args] = speechCommand ?? [];
  const engine = { type: "command" as const, program: program ?? "", args, text: "stdin" as const };
  const voice = await openVoiceResponse({
    clock,
    log,
    promptFolder,
    ...(program === undefined ? {} : { engine }),
  });
  try {
    const beganAtMs = steady.now();
    const segments = [{ type: "text" as const, text }];
    const { audio, fallback } = await voice.render({ language: "en", private: true, segments });
    const pcm = Int16Array.from(audio, (octet) => muLawSamples[octet] ?? 0);
    return { pcm, fallback, tookMs: steady.now() - beganAtMs };
  } finally {
    await voice.close();
  }
}
