import assert from "node:assert/strict";
import { test } from "node:test";
import { proveSimulation } from "./simulation.ts";

test("1,000 simulated hours break no invariant, and a seed has one history (S2)", async (t) => {
  let seen = 0;
  for await (const { name, passed, detail } of proveSimulation()) {
    seen += 1;
    assert.ok(passed, `${name}: ${detail}`);
    if (!name.startsWith("seed")) t.diagnostic(`${name}: ${detail}`);
  }
  assert.ok(seen > 20, "each world, their hours, and the repetition");
});
