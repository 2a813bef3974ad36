/** Telephone and browser in all four pairs, with real telephones of two makes that nobody here wrote. */
import assert from "node:assert/strict";
import test from "node:test";
import { installed } from "#rig/processes.ts";
import { provePairs } from "./pairs.ts";

test("telephone and browser, in all four pairs", { timeout: 300_000 }, async (t) => {
  if (!installed("chromium", "baresip")) return t.skip("chromium and baresip are not there");
  let done = 0;
  for await (const { name, passed, detail } of provePairs()) {
    done += 1;
    await t.test(name, () => assert.ok(passed, detail));
  }
  assert.equal(done, 16);
});
