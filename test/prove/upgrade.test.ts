/** The previous release's calls on this one's code, and back. How long the gaps are is `npm run prove -- upgrade`'s to say. */
import assert from "node:assert/strict";
import test from "node:test";
import { whyNoPreviousRelease } from "#rig/previous-release.ts";
import { proveUpgrade } from "./upgrade.ts";

test("another release takes the calls up, and gives them back", { timeout: 300_000 }, async (t) => {
  const why = whyNoPreviousRelease();
  if (why !== undefined) return t.skip(why);
  let done = 0;
  for await (const { name, passed, detail } of proveUpgrade(Number.POSITIVE_INFINITY)) {
    done += 1;
    await t.test(name, () => assert.ok(passed, detail));
  }
  assert.equal(done, 9);
});
