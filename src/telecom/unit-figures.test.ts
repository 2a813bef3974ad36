import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { type UnitFigures, wireVersion } from "#contract/telecom.ts";
import { connectTelecomUnit } from "./client.ts";
import { openCommandDoor } from "./wire/command-door.ts";

const lag = { meanMs: 0.1, p99Ms: 1, longestMs: 2 };
const some: UnitFigures = {
  type: "figures",
  atMs: 7,
  cpuSeconds: 1.5,
  residentOctets: 1,
  mainLag: lag,
  mediaLag: lag,
  portPairs: { used: 2, all: 50 },
  rtpRefused: 3,
  sipStrays: 4,
  registersRefused: 5,
  transactions: { clients: 1, servers: 0 },
  unreadOctets: 0,
};

/** A door that answers with `figures`, and a client of it. */
async function scene(t: TestContext, figures: (unreadOctets: number) => Promise<UnitFigures>) {
  const folder = mkdtempSync(join(tmpdir(), "tandem-figures-"));
  const socketPath = join(folder, "unit.sock");
  const snapshot = { type: "snapshot", wireVersion, unitBoot: "boot", atMs: 5, legs: [] } as const;
  const door = await openCommandDoor({
    socketPath,
    log: silentLog,
    nowMs: () => 7,
    snapshot: () => ({ ...snapshot, legs: [] }),
    figures,
    onCommand: () => {},
    onClients: () => {},
  });
  const unit = connectTelecomUnit({ socketPath, clock: systemClock, log: silentLog });
  t.after(async () => {
    await unit.close();
    await door.close();
    rmSync(folder, { recursive: true });
  });
  return { door, unit };
}

test("the unit's figures are asked for once, whoever waits for them", async (t) => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<UnitFigures>();
  let times = 0;
  const { unit } = await scene(t, () => {
    times += 1;
    asked.resolve();
    return answer.promise;
  });
  assert.equal(await unit.figures(), undefined, "nobody is reached yet");
  await unit.ready();
  const answers = Promise.all([unit.figures(), unit.figures()]);
  await asked.promise;
  answer.resolve(some);
  assert.deepEqual(await answers, [some, some]);
  assert.equal(times, 1);
  assert.deepEqual(unit.queued(), { commands: 0, octets: 0 });
});

test("a unit that goes while it is asked for its figures keeps nobody waiting", async (t) => {
  const asked = Promise.withResolvers<void>();
  const { door, unit } = await scene(t, () => {
    asked.resolve();
    return new Promise(() => {});
  });
  await unit.ready();
  const answer = unit.figures();
  await asked.promise;
  await door.close();
  assert.equal(await answer, undefined);
});
