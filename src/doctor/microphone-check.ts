import type { Clock } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import type { Finding } from "./finding.ts";
import { openMicrophoneDoor } from "./microphone-door.ts";
import { ofNobody, ofReport } from "./microphone-report.ts";

const patienceMs = 120_000;

/**
 * Serves a page on loopback that tries the microphone of the browser that opens it, and waits two minutes for what it measured.
 * `invite` is told the page's address. No setting is needed, and no platform; no sound leaves the page.
 */
export async function checkMicrophone(means: {
  readonly clock: Clock;
  readonly random: Random;
  readonly invite: (url: string) => void;
}): Promise<readonly Finding[]> {
  const { clock, random, invite } = means;
  await using door = await openMicrophoneDoor({ random, judge: ofReport });
  const over = Promise.withResolvers<undefined>();
  const cancel = clock.at(clock.now() + patienceMs, () => over.resolve(undefined));
  try {
    invite(door.url);
    const found = await Promise.race([door.found, over.promise]);
    return [found ?? ofNobody(door.stage, door.url)];
  } finally {
    cancel();
  }
}
