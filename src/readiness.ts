import type { Clock } from "#base/clock.ts";
import { callsAreStopped } from "#network/dial-permit.ts";
import { hasSubscribers } from "#network/subscriber-table.ts";
import type { Readiness, ReadinessAnswer } from "#presentation/health-routes.ts";
import type { Database } from "#store/database.ts";
import type { TelecomUnit } from "#telecom/client.ts";

type Found = Omit<ReadinessAnswer, "ready" | "unit">;

/** Asked more often than this, the answer is the last one: who floods us with questions asks the database once a second. */
const freshMs = 1_000;
/** A database that takes longer for two short questions serves nobody. */
const patienceMs = 1_500;

/** Whether this web process can serve a new visitor. `config` is how its configuration file was found at the start. */
export function openReadiness(around: {
  readonly database: Database;
  readonly unit: Pick<TelecomUnit, "connected">;
  readonly config: "loaded" | "kept";
  readonly clock: Clock;
}): Readiness {
  const { database, unit, config, clock } = around;
  let last: { readonly found: Found; readonly atMs: number } | undefined;
  let asking: Promise<Found> | undefined;

  /** One question at a time: a database that hangs must not gather askers. */
  const ask = (): Promise<Found> => {
    asking ??= look(database, config)
      .catch(() => failed) // Why it failed stands in the log lines of those who needed it.
      .then((found) => {
        last = { found, atMs: clock.now() };
        return found;
      })
      .finally(() => (asking = undefined));
    return asking;
  };

  return async () => {
    const fresh = last !== undefined && clock.now() < last.atMs + freshMs ? last.found : undefined;
    const found = fresh ?? (await withPatience(ask(), clock));
    const ready = found.database === "ok" && found.configuration !== "none" && unit.connected;
    return { ready, ...found, unit: unit.connected ? "ok" : "unreachable" };
  };
}

const failed: Found = { database: "failed", configuration: "unknown", calls: "unknown" };

async function look(database: Database, config: "loaded" | "kept"): Promise<Found> {
  const configured = await hasSubscribers(database);
  const stopped = await callsAreStopped(database, "platform");
  return {
    database: "ok",
    configuration: !configured ? "none" : config === "kept" ? "kept" : "ok",
    calls: stopped ? "stopped" : "placed",
  };
}

function withPatience(asked: Promise<Found>, clock: Clock): Promise<Found> {
  return new Promise((resolve) => {
    const cancel = clock.at(clock.now() + patienceMs, () => resolve(failed));
    void asked.then((found) => {
      cancel();
      resolve(found);
    });
  });
}
