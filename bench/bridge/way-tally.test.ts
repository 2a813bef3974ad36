import assert from "node:assert/strict";
import { test } from "node:test";
import { WayTally } from "./way-tally.ts";

test("what was said and not heard is lost, and delays are told by their share", () => {
  const way = new WayTally();
  way.sent = 200;
  for (let ms = 1; ms <= 100; ms += 1) way.heard(ms);
  const { lossPercent, delayMedianMs, delayP99Ms, jitterP99Ms } = way.figures();
  assert.equal(lossPercent, 50);
  assert.equal(delayMedianMs, 50);
  assert.equal(delayP99Ms, 99);
  assert.equal(jitterP99Ms, 98);
});

test("a delay beyond all measure is counted as the longest", () => {
  const way = new WayTally();
  way.sent = 1;
  way.heard(60_000);
  assert.equal(way.figures().lossPercent, 0);
  assert.ok(way.figures().delayP99Ms >= 1_999);
});
