import assert from "node:assert/strict";
import { test } from "node:test";
import { crashesOf } from "./crashes.ts";
import { callOf, type Manner, planOf } from "./plan.ts";

const manner: Manner = { type: "drawn", seed: "7" };
const calls = Array.from({ length: 2_000 }, (_, call) => call);

test("visitors and telephones draw the same plan of a call", () => {
  for (const call of calls.slice(0, 50)) assert.deepEqual(planOf(manner, call), planOf(manner, call));
});

test("a telephone's number tells the call, with and without its plus", () => {
  for (const call of [0, 7, 18_000]) {
    const { phone } = planOf(manner, call);
    assert.equal(callOf(phone), call);
    assert.equal(callOf(phone.slice(1)), call);
  }
});

test("most calls are talked through, and every way to end is among many", () => {
  const byWay = Object.groupBy(calls, (call) => planOf(manner, call).way);
  assert.equal(Object.keys(byWay).length, 11);
  const completed = calls.filter((call) => planOf(manner, call).outcome === "completed").length;
  assert.ok(completed > 1_400 && completed < 1_700, String(completed));
});

test("deaths come in order, within their time, the same for one seed", () => {
  const wish = { count: 50, withinMs: 1_200_000 };
  const crashes = crashesOf("7", wish);
  assert.deepEqual(crashes, crashesOf("7", wish));
  assert.deepEqual(
    crashes.map(({ atMs }) => atMs),
    crashes.map(({ atMs }) => atMs).toSorted((one, other) => one - other),
  );
  assert.ok(crashes.every(({ atMs }) => atMs >= 0 && atMs < wish.withinMs));
  assert.deepEqual([...new Set(crashes.map(({ who }) => who))].toSorted(), ["both", "unit", "web"]);
});
