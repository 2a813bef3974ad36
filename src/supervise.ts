import { systemClock, type Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { TandemError } from "#base/errors.ts";
import { type Charge, type Code, type EndSignal, Keeper } from "./keeper.ts";

/**
 * Keeps the platform's processes running: each that ends by itself is started again, at once the first time, later and
 * later where it dies again and again (`crash-loop.ts`). It does no other work but to put another version in their place, so that it has
 * little to fail by. Each process leads a group of its own: the death of one, and of this one, leaves the others alone.
 */
export interface Supervisor {
  /** The processes' ids, for those who look after them. */
  pids(): Readonly<Record<string, number | undefined>>;
  /**
   * Puts what `codes` names by charge in the place of what runs: the last charge first, one after the other. Where one does not serve, all
   * are as they were before, and UPGRADE_FAILED says why. One upgrade at a time.
   */
  upgrade(codes: Readonly<Record<string, Code>>): Promise<void>;
  /**
   * SIGTERM to each, at which the unit leaves its calls to the one after it; or SIGINT, at which it hangs them up. SIGKILL to what is left
   * after ten seconds.
   */
  close(signal?: EndSignal): Promise<void>;
}

export function supervise(charges: readonly Charge[], log: Log, clock: Clock = systemClock): Supervisor {
  const keepers = charges.map((charge) => new Keeper(charge, log.with({ charge: charge.name }), clock));
  let isUpgrading = false;
  return {
    pids: () => Object.fromEntries(keepers.map((keeper) => [keeper.name, keeper.pid])),
    async upgrade(codes) {
      if (isUpgrading) throw new TandemError("UPGRADE_FAILED", { why: "another upgrade is at work" });
      isUpgrading = true;
      try {
        await upgrade(keepers.toReversed(), codes);
      } finally {
        isUpgrading = false;
      }
    },
    close: async (signal = "SIGTERM") =>
      void (await Promise.all(keepers.map((keeper) => keeper.close(signal)))),
  };
}

async function upgrade(keepers: readonly Keeper[], codes: Readonly<Record<string, Code>>): Promise<void> {
  const replaced: Keeper[] = [];
  try {
    for (const keeper of keepers) {
      const code = codes[keeper.name];
      if (code === undefined) continue;
      await keeper.replace(code);
      replaced.unshift(keeper);
    }
    // Each was asked while the other was still of the version before.
    for (const keeper of replaced) await keeper.examine();
  } catch (error) {
    for (const keeper of replaced) await keeper.back();
    throw error;
  }
  for (const keeper of replaced) keeper.confirm();
}
