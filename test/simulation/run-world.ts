import type { Fault } from "./faults.ts";
import type { History } from "./history.ts";
import { check } from "./invariants.ts";
import { World, type WorldWish } from "./world.ts";

export interface Outcome {
  readonly wish: WorldWish;
  readonly history: History;
  readonly hash: string;
  readonly calls: number;
  readonly bridged: number;
  readonly packets: number;
  readonly faults: Readonly<Partial<Record<Fault["kind"], number>>>;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Runs a world to its end, and looks at it. */
export async function simulate(wish: WorldWish): Promise<Outcome> {
  const world = await World.open(wish);
  try {
    await world.run();
    await check(world);
    const calls = world.stored.calls();
    return {
      wish,
      history: world.history,
      hash: world.history.hash,
      calls: calls.length,
      bridged: calls.filter(({ bridgedAtMs }) => bridgedAtMs !== undefined).length,
      packets: world.network.sent,
      faults: counted(world.faults.map(({ kind }) => kind)),
      outcomes: counted(calls.map(({ outcome }) => outcome ?? "none")),
    };
  } finally {
    await world.close();
  }
}

function counted<Name extends string>(names: readonly Name[]): Partial<Record<Name, number>> {
  const counts: Partial<Record<Name, number>> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
