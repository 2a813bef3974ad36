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
import type { CallWish } from "./call-manager.ts";
import { openCallManager } from "./open-call-manager.ts";

const clock = new VirtualClock();
const random = seededRandom("open-call-manager");

let database: Database;
before(async () => {
  database = await openDatabase({ url: "sqlite::memory:", clock, log: silentLog });
});
after(() => database.close());

const { network, subscriber, subject } = storyBank();

function wishOf(at: number): CallWish {
  return {
    session: `session-${at}` as SessionId,
    ticket: `ticket-${at}`,
    context: { version: 1, subscriber: subscriber.id, subject: subject.id, verified: {}, unverified: {} },
    phone: `+1415555${String(2000 + at)}`,
    phoneSigned: true,
    ipAddress: "192.0.2.7",
    language: "en",
  };
}

test("of clicks that come together no more begin than there is room for; a call that goes on is found all the same", async () => {
  const own = await openDatabase({ url: "sqlite::memory:", clock, log: silentLog });
  const unit = new VirtualUnit(clock).connect();
  const most = 2;
  const manager = await openCallManager({
    database: own,
    network,
    clock,
    random,
    unit,
    pages: { changed: () => {} },
    secretKeys: [new Uint8Array(32)],
    isTooMuch: (calls) => calls >= most,
    log: silentLog,
  });
  await clock.advance(1_000);
  const wishes = Array.from({ length: 10 }, (_, at) => wishOf(at));
  const answers = await Promise.all(wishes.map((wish) => manager.beginCall(wish)));
  assert.equal(answers.filter(({ type }) => type === "begun").length, most);
  assert.deepEqual(
    answers.flatMap((answer) => (answer.type === "refused" ? [answer.why] : [])),
    Array.from({ length: 10 - most }, () => "overloaded"),
  );
  assert.equal(manager.inProgress().length, most);

  // A double click, a reload, another tab.
  const [begun] = answers;
  assert.ok(begun?.type === "begun");
  const again = await manager.beginCall({ ...wishOf(0), ticket: "another" });
  assert.deepEqual(again, { type: "begun", call: begun.call, resumed: true });
  await manager.close();
  await own.close();
});

test("a reader gets as many records at once as the operator's API promises, and the rest after the last", async () => {
  const around = { secretKeys: [new Uint8Array(32)], database, network, clock, random };
  for (let at = 0; at < 201; at++) {
    const { answer } = await beginCall(wishOf(at), { ...around, reachUnit: async () => "boot" });
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
