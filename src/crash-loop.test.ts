import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#base/random.ts";
import { CrashLoop } from "./crash-loop.ts";

test("each death within a minute is waited for twice as long, up to ten seconds, give or take a quarter", () => {
  const loop = new CrashLoop(seededRandom("crash-loop"));
  let nowMs = 0;
  for (const usualMs of [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]) {
    const { againInMs } = loop.died(nowMs);
    assert.ok(Math.abs(againInMs - usualMs) <= usualMs / 4, `${againInMs} for ${usualMs}`);
    nowMs += againInMs;
  }
});

test("a process that always dies at once is started every ten seconds, and said to be in a loop once a minute", () => {
  const loop = new CrashLoop(seededRandom("for ever"));
  const toldAtMs: number[] = [];
  let starts = 0;
  for (let nowMs = 0; nowMs < 600_000; ) {
    const { againInMs, isLoop, deaths } = loop.died(nowMs);
    if (isLoop) toldAtMs.push(nowMs);
    assert.ok(deaths <= 12, "the list of deaths does not grow");
    starts += 1;
    nowMs += againInMs;
  }
  assert.ok(starts >= 60 && starts <= 100, `${starts} starts in ten minutes`);
  assert.ok(toldAtMs.length >= 8 && toldAtMs.length <= 10, `told ${toldAtMs.length} times`);
  for (const [at, atMs] of toldAtMs.entries())
    assert.ok(at === 0 || atMs >= (toldAtMs[at - 1] ?? 0) + 60_000);
});

test("four deaths are no loop, and after a good minute they are forgotten", () => {
  const loop = new CrashLoop(seededRandom("accidents"));
  for (let at = 0; at < 4; at++) assert.equal(loop.died(at * 1_000).isLoop, false);
  const { againInMs, deaths } = loop.died(70_000);
  assert.equal(deaths, 1);
  assert.ok(againInMs <= 125);
});
