import type { Clock } from "#base/clock.ts";
import type { TelecomUnit } from "#telecom/client.ts";

/** A unit that died is back within a second; a visitor's click waits for it so long, and is not told that no call can be made. */
const patienceMs = 2_000;

/** The boot of a unit that can be spoken to; undefined when there is none. One that was never reached is not waited for. */
export async function bootWithinReach(unit: TelecomUnit, clock: Clock): Promise<string | undefined> {
  if (unit.connected || unit.boot === undefined) return unit.boot;
  return await new Promise((resolve) => {
    const done = (boot: string | undefined): void => {
      cancel();
      unsubscribe();
      resolve(boot);
    };
    const cancel = clock.at(clock.now() + patienceMs, () => done(undefined));
    const unsubscribe = unit.onEvent((event) => {
      if (event.type === "snapshot") done(event.unitBoot);
    });
  });
}
