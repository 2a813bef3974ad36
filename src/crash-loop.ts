import type { Random } from "#base/random.ts";

/** What a supervisor does about a death: when to start the next life, and whether to say it loudly. */
export interface AfterDeath {
  readonly againInMs: number;
  /** Deaths within the last minute, this one too. */
  readonly deaths: number;
  /** So many that nobody can call it an accident: told once a minute for as long as it goes on. */
  readonly isLoop: boolean;
}

const windowMs = 60_000;
const firstDelayMs = 100;
const longestDelayMs = 10_000;
const loopDeaths = 5;
const tellEveryMs = 60_000;

/**
 * The breaker of a crash loop. The first death is made good at once, or nearly so, for calls wait; each further one within a minute
 * doubles the wait up to ten seconds. It never gives up: the other process may hold calls, what ails this one may pass (a full disk, a
 * database that restarts), and whoever starts a supervisor that ended would only begin the same loop faster. Waits differ by a quarter at random,
 * so that processes that one cause has killed together do not come back together.
 */
export class CrashLoop {
  readonly #random: Random;
  #deathsAtMs: readonly number[] = [];
  #toldAtMs: number | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  died(nowMs: number): AfterDeath {
    this.#deathsAtMs = [...this.#deathsAtMs.filter((atMs) => atMs > nowMs - windowMs), nowMs];
    const deaths = this.#deathsAtMs.length;
    const delayMs = Math.min(firstDelayMs * 2 ** (deaths - 1), longestDelayMs);
    const spread = Math.floor(delayMs / 4);
    const againInMs = delayMs - spread + this.#random.integer(2 * spread + 1);
    const isLoop = deaths >= loopDeaths && nowMs >= (this.#toldAtMs ?? -Infinity) + tellEveryMs;
    if (isLoop) this.#toldAtMs = nowMs;
    return { againInMs, deaths, isLoop };
  }
}
