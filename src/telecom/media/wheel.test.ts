import { type Clock, VirtualClock } from "#base/clock.ts";
import { seededRandom } from "#base/random.ts";
import { OutboundStream } from "./outbound-stream.ts";
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

test("frames that a busy machine delays keep their timestamps: no hole for who hears them", () => {
  const { clock, fireAt } = handClock();
  const stream = new OutboundStream(seededRandom("wheel"));
  const packet = Buffer.alloc(172);
  const timestamps: number[] = [];
  const frame = { payloadType: 0, marker: false, octets: 160 };
  startWheel(clock, (dueMs) => void timestamps.push(stream.frame(packet, { ...frame, nowMs: dueMs })));
  fireAt(20);
  fireAt(152);
  fireAt(160);
  fireAt(180 + 190);
  const steps = timestamps.slice(1).map((timestamp, at) => (timestamp - (timestamps[at] ?? 0)) >>> 0);
  assert.deepEqual(steps, Array(17).fill(160), "18 frames in 370 ms, each right after the other");
  // A stop that the wheel does not make up for is a pause for the far end too.
  fireAt(370 + 1_000);
  assert.equal(timestamps.length, 19);
  assert.equal(((timestamps[18] ?? 0) - (timestamps[17] ?? 0)) >>> 0, 50 * 160);
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
