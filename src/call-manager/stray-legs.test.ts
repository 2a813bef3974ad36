import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, VirtualClock } from "#base/clock.ts";
import type { LegId, PermitId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { VirtualUnit } from "#rig/virtual-unit.ts";
import { openDatabase } from "#store/database.ts";
import { endStrayLegs } from "./stray-legs.ts";

test("a leg without a call is forgotten, and nothing is said of it any more, also when it is looked for twice at once", async (t) => {
  const database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  t.after(() => database.close());
  const clock = new VirtualClock();
  const unit = new VirtualUnit(clock).connect();
  const said: string[] = [];
  const send = unit.send.bind(unit);
  unit.send = (command) => {
    said.push(command.type);
    send(command);
  };
  await clock.advance(0);

  const leg = "call_1.user" as LegId;
  const ringUntilMs = clock.now() + 30_000;
  unit.send({
    type: "dial",
    leg,
    permit: "permit_1" as PermitId,
    target: { type: "trunk", host: "127.0.0.1", transport: "udp", user: "+14155550100", codecs: ["PCMU"] },
    identity: {},
    ringUntilMs,
    endAtMs: ringUntilMs,
  });
  await clock.advance(1000);
  assert.equal(unit.leg(leg)?.state, "ended", "nobody is there");
  const around = { unit, database };
  await Promise.all([endStrayLegs(() => false, around), endStrayLegs(() => false, around)]);
  assert.deepEqual(said, ["dial", "forget"]);
});
