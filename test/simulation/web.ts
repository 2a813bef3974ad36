import type { SessionId } from "#base/ids.ts";
import { type Log, silentLog } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { CallManager } from "#call-manager/call-manager.ts";
import { openCallManager } from "#call-manager/open-call-manager.ts";
import { openNetwork } from "#network/open-network.ts";
import type { Database } from "#store/database.ts";
import { Life, mortalClock, mortalUnit, never } from "#rig/mortal.ts";
import type { History } from "./history.ts";
import { storeThatForgets } from "./store-that-forgets.ts";
import type { SimulatedUnit } from "./unit.ts";
import type { WorldClock } from "./world-clock.ts";

interface WebParts {
  readonly clock: WorldClock;
  readonly random: Random;
  readonly history: History;
  /** It outlives the process; a transaction that the process did not live to see committed may be there or not. */
  readonly database: Database;
  readonly unit: SimulatedUnit;
  /** New pages: a hint, and lost with the process. */
  readonly changed: (session: SessionId) => void;
}

const restartMs = 800;

/** The web process's call manager: kernel, steps, permits, pages and journal, over the real tables. It dies, and comes back. */
export class SimulatedWeb {
  readonly #parts: WebParts;
  #life = new Life();
  #manager: (CallManager & { close(): Promise<void> }) | undefined;
  deaths = 0;

  constructor(parts: WebParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { clock, random, history, database, unit, changed } = this.#parts;
    const life = new Life();
    const client = unit.connect();
    life.atDeath(() => {
      // What it said last arrives; then its socket is closed.
      clock.at(clock.now() + 1, () => void client.close());
      this.#died();
    });
    this.#life = life;
    const mortal = mortalClock(clock, life);
    const own = storeThatForgets(database, life);
    const manager = await openCallManager({
      database: own,
      network: openNetwork({ database: own, clock: mortal }),
      unit: mortalUnit(client, life),
      pages: {
        changed: (session) => {
          if (!life.dead) changed(session);
        },
      },
      secretKeys: [new Uint8Array(32)],
      clock: mortal,
      random,
      log: complaining(history, life),
    });
    if (!life.dead) this.#manager = manager;
  }

  /** At once, or at its so-manieth touch of the world from now on. */
  dies(crossings = 0): void {
    if (crossings === 0) this.#life.die();
    else this.#life.dieAfter(crossings);
  }

  /** Undefined when it is away, or dies over the answer: whoever asks must ask again. */
  async ask<T>(question: (manager: CallManager) => Promise<T>): Promise<{ readonly answer: T } | undefined> {
    const life = this.#life;
    const manager = this.#manager;
    if (manager === undefined || life.dead) return undefined;
    const died = Promise.withResolvers<undefined>();
    life.atDeath(() => died.resolve(undefined));
    return Promise.race([
      question(manager).then(
        (answer) => (life.dead ? never<never>() : { answer }),
        (error: unknown) => {
          if (!life.dead)
            this.#parts.history.broken("bug", [], `A browser's question failed: ${String(error)}`);
          return undefined;
        },
      ),
      died.promise,
    ]);
  }

  /** Timers of calls: none when all are over. */
  get timers(): number {
    return this.#life.timers.size;
  }

  async close(): Promise<void> {
    await this.#manager?.close();
  }

  #died(): void {
    const { clock, history } = this.#parts;
    this.deaths += 1;
    this.#manager = undefined;
    history.note("world", "the web process dies");
    clock.at(clock.now() + restartMs, () => {
      history.note("world", "the web process comes back");
      void this.start();
    });
  }
}

/** What is logged as an error is one: nobody foresaw it. */
function complaining(history: History, life: Life): Log {
  const log: Log = {
    ...silentLog,
    error(facts, message) {
      if (life.dead) return;
      const { error } = facts;
      const why = error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(facts);
      history.broken("bug", [], `${message} ${why}`);
    },
    with: () => log,
  };
  return log;
}
