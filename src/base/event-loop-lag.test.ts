import assert from "node:assert/strict";
import { test } from "node:test";
import { steadyClock, until, VirtualClock } from "./clock.ts";
import { watchLoopLag } from "./event-loop-lag.ts";

test("a loop that is held up is told, in its window and in the next", async () => {
  const clock = new VirtualClock();
  const watch = watchLoopLag(clock);
  try {
    await until(steadyClock, steadyClock.now() + 100);
    const heldUntilMs = steadyClock.now() + 300;
    while (steadyClock.now() < heldUntilMs);
    await until(steadyClock, steadyClock.now() + 100);
    assert.ok(watch.read().longestMs >= 200);
    await clock.advance(5_000);
    watch.read();
    assert.ok(watch.read().longestMs >= 200, "told in the window after it too");
    // The loop of this test is held up by nobody now, but for what a loaded machine does to it.
    const told = watch.read();
    assert.ok(told.longestMs >= told.p99Ms && told.p99Ms >= 0 && told.meanMs >= 0, JSON.stringify(told));
  } finally {
    watch.close();
  }
});
