import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import type { PhoneName, SubscriberId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import type { Phone } from "#network/records.ts";
import { storyBank } from "#rig/story-bank.ts";
import { VirtualUnit } from "#rig/virtual-unit.ts";
import { admitPhones, commandsFor } from "./admit-phones.ts";

const { network } = storyBank();

function phone(name: string): Phone {
  return {
    subscriber: "bank" as SubscriberId,
    name: `${name}.bank` as PhoneName,
    digest: { sha256: "ab".repeat(32) },
    media: "rtp",
  };
}

test("the unit is told again whenever it is reached, also a unit that was started anew", async () => {
  const clock = new VirtualClock();
  const virtual = new VirtualUnit(clock);
  const unit = virtual.connect();
  let phones = [phone("bob")];
  const admitting = admitPhones({
    network: { ...network, phones: async () => phones },
    unit,
    clock,
    log: silentLog,
  });
  await clock.advance(10);
  virtual.restart();
  await clock.advance(10);
  phones = [phone("bob"), phone("carol")];
  virtual.restart();
  await clock.advance(10);
  admitting.close();
  virtual.restart();
  await clock.advance(10);
  const names = virtual.admitted.map((said) => said.phones.map((told) => told.phone).join());
  assert.deepEqual(names, ["bob.bank", "bob.bank", "bob.bank,carol.bank"]);
  const [first, second, third] = virtual.admitted.map(({ edition }) => edition);
  assert.equal(first, second);
  assert.notEqual(second, third);
  await unit.close();
});

test("a database that does not answer is asked again", async () => {
  const clock = new VirtualClock();
  const virtual = new VirtualUnit(clock);
  const unit = virtual.connect();
  let asked = 0;
  const admitting = admitPhones({
    network: {
      ...network,
      phones: async () => {
        asked += 1;
        if (asked === 1) throw new Error("gone for a moment");
        return [];
      },
    },
    unit,
    clock,
    log: silentLog,
  });
  await clock.advance(10);
  assert.equal(virtual.admitted.length, 0);
  await clock.advance(1_000);
  assert.deepEqual(
    virtual.admitted.map(({ phones }) => phones.length),
    [0],
  );
  admitting.close();
  await unit.close();
});

test("many phones are told in parts, and none is one part", () => {
  const many = commandsFor(Array.from({ length: 1_001 }, (_, at) => phone(`p${at}`)));
  assert.deepEqual(
    many.map(({ part, parts, phones }) => [part, parts, phones.length]),
    [
      [1, 3, 500],
      [2, 3, 500],
      [3, 3, 1],
    ],
  );
  assert.equal(new Set(many.map(({ edition }) => edition)).size, 1);
  assert.equal(commandsFor([]).length, 1);
});
