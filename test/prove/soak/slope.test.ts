import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#base/random.ts";
import { slopeOf } from "./slope.ts";

const everyMs = 10_000;

function samplesOf(count: number, valueAt: (n: number) => number) {
  return Array.from({ length: count }, (_, n) => ({ atMs: n * everyMs, value: valueAt(n) }));
}

test("what grows by 1 a sample grows by 360 an hour, for sure", () => {
  const { perHour, uncertainty } = slopeOf(samplesOf(60, (n) => 100 + n));
  assert.ok(Math.abs(perHour - 360) < 1e-6);
  assert.ok(uncertainty < 1e-6);
});

test("what only shakes has no slope beyond its uncertainty", () => {
  const random = seededRandom("slope");
  const { perHour, uncertainty } = slopeOf(samplesOf(60, () => random.integer(1_000) / 100));
  assert.ok(Math.abs(perHour) <= uncertainty, `${perHour} +- ${uncertainty}`);
});

test("samples that are like their neighbours are surer of less", () => {
  const random = seededRandom("slope");
  const shaken = Array.from({ length: 60 }, () => random.integer(1_000) / 100);
  const alike = shaken.map((_, n) => shaken[n - (n % 10)] ?? 0);
  assert.ok(
    slopeOf(samplesOf(60, (n) => alike[n] ?? 0)).uncertainty >
      slopeOf(samplesOf(60, (n) => shaken[n] ?? 0)).uncertainty,
  );
});

test("of two samples nothing is known", () => {
  assert.equal(slopeOf(samplesOf(2, (n) => n)).uncertainty, Number.POSITIVE_INFINITY);
});
