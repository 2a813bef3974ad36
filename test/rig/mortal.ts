import type { Cancel, Clock } from "#base/clock.ts";
import type { Database } from "#store/database.ts";
import type { TelecomUnit } from "#telecom/client.ts";

/**
 * The life of one process, which ends without notice at the `dieAt`-th time that it touches the world: before or after a
 * transaction, before or after a command to the unit, before an event is heard. What is dead neither writes nor speaks nor waits.
 */
export class Life {
  #dieAt: number;
  readonly #atDeath: (() => void)[] = [];
  /** What it waits for: nothing, once it has closed properly. */
  readonly timers = new Set<Cancel>();
  readonly losesLastWords: boolean;
  crossings = 0;
  dead = false;

  constructor(dieAt = Infinity) {
    this.#dieAt = dieAt;
    this.losesLastWords = dieAt % 2 === 0;
  }

  /** Goes on living? Asked at each border. */
  cross(): boolean {
    if (this.dead) return false;
    this.crossings += 1;
    if (this.crossings === this.#dieAt) this.die();
    return !this.dead;
  }

  /** At its so-manieth touch of the world from now on. */
  dieAfter(crossings: number): void {
    this.#dieAt = this.crossings + crossings;
  }

  die(): void {
    this.dead = true;
    for (const then of this.#atDeath.splice(0)) then();
  }

  atDeath(then: () => void): void {
    this.#atDeath.push(then);
  }
}

/** A dead process's promises stay open for ever, as nobody is there to hear. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}

export function mortalDatabase(database: Database, life: Life): Database {
  return {
    make: database.make,
    tables: () => database.tables(),
    rows: (query, parameters) => database.rows(query, parameters),
    async transaction(work) {
      if (!life.cross()) return never();
      const result = await database.transaction(work);
      return life.cross() ? result : never();
    },
    close: async () => {},
  };
}

export function mortalClock(clock: Clock, life: Life): Clock {
  const armed = life.timers;
  life.atDeath(() => {
    for (const cancel of armed) cancel();
  });
  return {
    now: () => clock.now(),
    at(atMs, then) {
      if (life.dead) return () => {};
      const cancelTimer = clock.at(atMs, () => {
        armed.delete(cancel);
        if (!life.dead) then();
      });
      const cancel = (): void => {
        armed.delete(cancel);
        cancelTimer();
      };
      armed.add(cancel);
      return cancel;
    },
  };
}

export function mortalUnit(unit: TelecomUnit & { cut(): void }, life: Life): TelecomUnit {
  // What it said last was on its way: it arrives, or is lost with it.
  life.atDeath(() => (life.losesLastWords ? void unit.close() : unit.cut()));
  return {
    get connected() {
      return unit.connected;
    },
    get boot() {
      return unit.boot;
    },
    send(command) {
      if (!life.cross()) return;
      unit.send(command);
      life.cross();
    },
    leg: (leg) => unit.leg(leg),
    legs: () => unit.legs(),
    onEvent: (listener) =>
      unit.onEvent((event) => {
        if (life.cross()) listener(event);
      }),
    ready: async (signal) => {
      await unit.ready(signal);
      if (life.dead) await never();
    },
    close: () => unit.close(),
  };
}
