import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { VirtualClock, systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { loadConfigFile } from "#network/config-file.ts";
import { resumeCalls, stopCalls } from "#network/dial-permit.ts";
import { openDatabase } from "#store/database.ts";
import { openReadiness } from "./readiness.ts";

const parts = { clock: systemClock, random: secureRandom, log: silentLog };
const path = join(import.meta.dirname, "../examples/tandem.config.jsonc");
const moment = { atMs: 0, why: "a test" };

test("ready means a database, a unit and a subscriber; the brake is told and is no fault", async () => {
  const database = await openDatabase({ url: "sqlite::memory:", ...parts });
  const clock = new VirtualClock();
  const unit = { connected: false };
  const readiness = openReadiness({ database, unit, config: "loaded", clock });
  const later = (): Promise<void> => clock.advance(1_000);
  assert.deepEqual(await readiness(), {
    ready: false,
    database: "ok",
    unit: "unreachable",
    configuration: "none",
    calls: "placed",
  });
  unit.connected = true;
  assert.equal((await readiness()).ready, false, "nobody could be served");

  await loadConfigFile({ path, database, promptFolder: undefined, ...parts });
  assert.equal((await readiness()).configuration, "none", "the database is asked once a second");
  await later();
  assert.deepEqual(await readiness(), {
    ready: true,
    database: "ok",
    unit: "ok",
    configuration: "ok",
    calls: "placed",
  });
  await database.transaction((tx) => stopCalls(tx, "platform", moment));
  await later();
  const { ready, calls } = await readiness();
  assert.deepEqual({ ready, calls }, { ready: true, calls: "stopped" });
  await database.transaction((tx) => resumeCalls(tx, "platform"));

  unit.connected = false;
  assert.equal((await readiness()).ready, false, "the unit is asked each time");
  unit.connected = true;
  await database.close();
  await later();
  assert.deepEqual(await readiness(), {
    ready: false,
    database: "failed",
    unit: "ok",
    configuration: "unknown",
    calls: "unknown",
  });
});

test("a database that hangs is told within its patience, and found again when it answers", async () => {
  const database = await openDatabase({ url: "sqlite::memory:", ...parts });
  await loadConfigFile({ path, database, promptFolder: undefined, ...parts });
  const clock = new VirtualClock();
  const readiness = openReadiness({ database, unit: { connected: true }, config: "loaded", clock });
  // SQLite has one connection: while a transaction has it, everybody waits.
  const gate = Promise.withResolvers<void>();
  const busy = database.transaction(() => gate.promise);
  const answers = Promise.all([readiness(), readiness(), readiness()]);
  await clock.advance(1_500);
  for (const { ready, database: found } of await answers) {
    assert.deepEqual({ ready, found }, { ready: false, found: "failed" });
  }
  gate.resolve();
  await busy;
  assert.equal((await readiness()).ready, true);
  await database.close();
});

test("a configuration file that was spoiled is told, and serves on", async () => {
  const database = await openDatabase({ url: "sqlite::memory:", ...parts });
  await loadConfigFile({ path, database, promptFolder: undefined, ...parts });
  const unit = { connected: true };
  const readiness = openReadiness({ database, unit, config: "kept", clock: new VirtualClock() });
  const { ready, configuration } = await readiness();
  assert.deepEqual({ ready, configuration }, { ready: true, configuration: "kept" });
  await database.close();
});
