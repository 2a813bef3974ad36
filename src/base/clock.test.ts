import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "./clock.ts";

test("when a timer of the system's clock fires, its moment has come", async () => {
  const early = await Promise.all(
    Array.from({ length: 2_000 }, (_, n) => {
      const atMs = systemClock.now() + 5 + (n % 40);
      return new Promise<boolean>((resolve) => {
        systemClock.at(atMs, () => resolve(systemClock.now() < atMs));
      });
    }),
  );
  assert.equal(early.filter(Boolean).length, 0);
});

test("a moment that has passed comes on a later turn", async () => {
  let turn = "this";
  const fired = new Promise<string>((resolve) => {
    systemClock.at(systemClock.now() - 1_000, () => resolve(turn));
  });
  turn = "later";
  assert.equal(await fired, "later");
});

test("the wall clock is set back under a timer: it waits for its moment", ({ mock }) => {
  let nowMs = 10_000;
  mock.method(Date, "now", () => nowMs);
  mock.timers.enable({ apis: ["setTimeout"] });
  const fired: number[] = [];
  systemClock.at(10_050, () => fired.push(nowMs));
  nowMs = 9_950;
  mock.timers.tick(50);
  assert.deepEqual(fired, []);
  nowMs = 10_050;
  mock.timers.tick(100);
  assert.deepEqual(fired, [10_050]);
});

test("what was cancelled does not fire, also when it was armed again; and cancelling twice is safe", ({
  mock,
}) => {
  let nowMs = 10_000;
  mock.method(Date, "now", () => nowMs);
  mock.timers.enable({ apis: ["setTimeout"] });
  const fired: number[] = [];
  const cancel = systemClock.at(10_050, () => fired.push(nowMs));
  nowMs = 9_950;
  mock.timers.tick(50);
  cancel();
  cancel();
  nowMs = 20_000;
  mock.timers.tick(1_000);
  assert.deepEqual(fired, []);
});
