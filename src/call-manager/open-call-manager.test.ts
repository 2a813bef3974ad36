import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import type { SessionId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { storyBank } from "#rig/story-bank.ts";
import { VirtualUnit } from "#rig/virtual-unit.ts";
import { type Database, openDatabase } from "#store/database.ts";
import { beginCall } from "./begin-call.ts";
import { openCallManager } from "./open-call-manager.ts";

const clock = new VirtualClock();
const random = seededRandom("open-call-manager");

let database: Database;
before(async () => {
  database = await openDatabase({ url: "sqlite::memory:", clock, log: silentLog });
});
after(() => database.close());

test("a reader gets as many records at once as the operator's API promises, and the rest after the last", async () => {
  const { network, subscriber, subject } = storyBank();
  const around = { secretKeys: [new Uint8Array(32)], database, network, clock, random };
  for (let at = 0; at < 201; at++) {
    const context = {
      version: 1,
      subscriber: subscriber.id,
      subject: subject.id,
      verified: {},
      unverified: {},
    } as const;
    const wish = {
      session: `session-${at}` as SessionId,
      ticket: `ticket-${at}`,
      context,
      phone: `+1415555${String(2000 + at)}`,
      phoneSigned: true,
      ipAddress: "192.0.2.7",
      language: "en",
    } as const;
    const { answer } = await beginCall(wish, { ...around, unitBoot: "boot" });
    assert.equal(answer.type, "begun");
  }
  // Its clock stands still, so the unit is never reached, and the calls stay as they are.
  const unit = new VirtualUnit(clock).connect();
  const manager = await openCallManager({ ...around, unit, pages: { changed: () => {} }, log: silentLog });
  const first = await manager.calls({ limit: 200 });
  assert.equal(first.length, 200);
  const last = first.at(-1)?.call;
  assert.ok(last !== undefined);
  assert.equal((await manager.calls({ limit: 200, before: last })).length, 1);
  await manager.close();
});
