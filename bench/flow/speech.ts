import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import type { Segment } from "#contract/telecom.ts";
import { openVoiceResponse } from "../../src/telecom/voice-response/voice-response.ts";

/** What it costs to speak a whisper of which nothing was said before: in this process, with nothing else at work. */
export async function measureSpeech() {
  const voice = await openVoiceResponse({ clock: systemClock, log: silentLog, promptFolder: "." });
  const render = async (segments: readonly Segment[]): Promise<number> =>
    (await voice.render({ language: "en", private: true, segments: [...segments] })).audio.length / 8_000;
  try {
    const page = (n: number): Promise<number> => render([{ type: "text", text: `Mortgages, page ${n}.` }]);
    for (let n = 0; n < times; n += 1) await page(n);
    const before = process.cpuUsage();
    let seconds = 0;
    for (let n = times; n < times * 2; n += 1) seconds += await page(n);
    const { user, system } = process.cpuUsage(before);
    return {
      cpuMsPerFreshWhisper: Math.round((user + system) / times / 10) / 100,
      secondsOfFreshWhisper: Math.round((seconds / times) * 100) / 100,
    };
  } finally {
    await voice.close();
  }
}

const times = 20;
