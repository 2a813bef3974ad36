import { seededRandom } from "#base/random.ts";
import type { Platform } from "./platform.ts";

/** A web process that is killed again and again. */
export interface RestlessWeb {
  /** No more of it. Resolves when a web process is up; rejects when one did not come up. */
  rests(): Promise<void>;
}

/** It lives so long at the least, and so much longer at the most: time enough for a step or two of a call. */
const leastLifeMs = 100;
const furtherLifeMs = 1_000;

/** Kill -9 at moments that the seed draws; the next one is started each time. */
export function killAgainAndAgain(platform: Platform, seed: string): RestlessWeb {
  const random = seededRandom(seed);
  const rest = Promise.withResolvers<"rest">();
  const lives = async (): Promise<void> => {
    for (;;) {
      if ((await lived(leastLifeMs + random.integer(furtherLifeMs), rest.promise)) === "rest") return;
      await platform.killWeb();
      await platform.startWeb();
    }
  };
  const over = lives();
  // Whoever waits for its rest hears of it.
  over.catch(() => {});
  return {
    async rests() {
      rest.resolve("rest");
      await over;
    },
  };
}

async function lived(ms: number, rest: Promise<"rest">): Promise<"lived" | "rest"> {
  const life = Promise.withResolvers<"lived">();
  const timer = setTimeout(() => life.resolve("lived"), ms);
  try {
    return await Promise.race([life.promise, rest]);
  } finally {
    clearTimeout(timer);
  }
}

/** Does what needs the web process, and does it again when that was killed over it, as people do with a page that fails. */
export async function whileUp<T>(platform: Platform, act: () => Promise<T>): Promise<T> {
  for (;;) {
    await platform.webIsUp();
    const { webDeaths } = platform;
    try {
      return await act();
    } catch (error) {
      if (platform.webDeaths === webDeaths) throw error;
    }
  }
}
