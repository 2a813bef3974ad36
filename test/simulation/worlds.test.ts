import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { keptSeeds } from "./kept-seeds.ts";
import { hunt } from "./mutation-gate.ts";
import { plantedFaults } from "./planted-faults.ts";
import { simulate } from "./run-world.ts";
import { run } from "./side-by-side.ts";
import { tell } from "./tell.ts";

const mostMs = 120_000;
const source = (file: string): string => readFileSync(join(import.meta.dirname, "../../src", file), "utf8");

for (const { showed, ...wish } of keptSeeds) {
  test(`seed ${wish.seed}, ${wish.hours} h: ${showed}, and does no more`, async (t) => {
    const outcome = await simulate(wish);
    t.diagnostic(`${outcome.calls} calls, ${outcome.bridged} of them bridged, hash ${outcome.hash}`);
    assert.equal(outcome.history.violations.length, 0, tell(outcome, { all: false }));
    assert.ok(outcome.bridged > outcome.calls / 4, "the calls must come far enough to prove something");
  });
}

test("a seed has one history, in every process", async () => {
  const args = ["--seed", "20260105", "--hours", "1"];
  const [one, other] = await Promise.all([
    run("simulate.ts", { args, mostMs }),
    run("simulate.ts", { args, mostMs }),
  ]);
  assert.equal(one.code, 0, one.said);
  assert.match(one.said, /^hash [0-9a-f]{64}$/m);
  assert.equal(one.said, other.said);
});

test("another seed has another", async () => {
  const [one, other] = [await simulate({ seed: 1, hours: 0.3 }), await simulate({ seed: 3, hours: 0.3 })];
  assert.notEqual(one.hash, other.hash);
});

test("each planted fault changes a text that stands in its source once", () => {
  const edits = plantedFaults.flatMap((fault) => fault.edits);
  const wrong = edits.filter(({ file, from }) => source(file).split(from).length !== 2);
  assert.deepEqual(wrong, []);
  assert.ok(plantedFaults.length >= 25);
});

test("a planted fault is found", async () => {
  const fault = plantedFaults.find(({ name }) => name === "a page is pushed twice");
  assert.ok(fault !== undefined);
  const { foundBy } = await hunt(fault);
  assert.match(foundBy ?? "nothing", /^I6 a push is shown once, or/);
});
