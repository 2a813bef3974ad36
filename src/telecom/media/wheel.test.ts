import { type Clock, VirtualClock } from "#base/clock.ts";
import { startWheel } from "./wheel.ts";
import assert from "node:assert/strict";
import { test } from "node:test";

test("fifty ticks a second, for as long as it turns", async () => {
  const clock = new VirtualClock();
  let ticks = 0;
  const wheel = startWheel(clock, () => (ticks += 1));
  await clock.advance(10_000);
  assert.equal(ticks, 500);
  wheel.stop();
  assert.equal(clock.waiting, 0);
});

test("late timers lose no tick", () => {
  const { clock, fireAt } = handClock();
  let ticks = 0;
  startWheel(clock, () => (ticks += 1));
  fireAt(27);
  assert.equal(ticks, 1);
  fireAt(105);
  assert.equal(ticks, 5, "at 105 ms five frames are due");
  fireAt(120);
  assert.equal(ticks, 6);
});

test("after a stop of seconds, or a jump of the clock either way, it starts anew", () => {
  const { clock, fireAt } = handClock();
  let ticks = 0;
  startWheel(clock, () => (ticks += 1));
  fireAt(5_000);
  assert.equal(ticks, 1);
  fireAt(-100_000);
  assert.equal(ticks, 2);
  fireAt(-99_980);
  assert.equal(ticks, 3);
});

/** A clock whose one timer is fired by hand, at whatever moment. */
function handClock(): { clock: Clock; fireAt(nowMs: number): void } {
  let nowMs = 0;
  let then: () => void = () => {};
  const clock: Clock = {
    now: () => nowMs,
    at(_atMs, fire) {
      then = fire;
      return () => {};
    },
  };
  return {
    clock,
    fireAt(moment) {
      nowMs = moment;
      then();
    },
  };
}
