import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import { RecentLookUps } from "./recent-look-ups.ts";

function lookUps() {
  const clock = new VirtualClock();
  const recent = new RecentLookUps(clock);
  let asked = 0;
  const find = (key: string, found: string | undefined) =>
    recent.find(key, async () => {
      asked++;
      return found;
    });
  return { clock, find, asked: () => asked };
}

test("what was found is given again for a second, then asked for anew", async () => {
  const { clock, find, asked } = lookUps();
  assert.equal(await find("bank", "old"), "old");
  await clock.advance(999);
  assert.equal(await find("bank", "new"), "old");
  assert.equal(asked(), 1);
  await clock.advance(1);
  assert.equal(await find("bank", "new"), "new");
  assert.equal(asked(), 2);
});

test("another key is another question", async () => {
  const { find } = lookUps();
  assert.equal(await find("bank", "a bank"), "a bank");
  assert.equal(await find("shop", "a shop"), "a shop");
});

test("what is not there is asked for each time", async () => {
  const { find, asked } = lookUps();
  assert.equal(await find("nobody", undefined), undefined);
  assert.equal(await find("nobody", "come since"), "come since");
  assert.equal(asked(), 2);
});

test("a wall clock that is set back keeps nothing for longer", async () => {
  let nowMs = 1_000_000;
  const recent = new RecentLookUps({ now: () => nowMs, at: () => () => {} });
  assert.equal(await recent.find("bank", async () => "old"), "old");
  nowMs -= 500_000;
  assert.equal(await recent.find("bank", async () => "new"), "new");
});
