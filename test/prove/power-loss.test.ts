import assert from "node:assert/strict";
import { test } from "node:test";
import { installed } from "#rig/processes.ts";
import { provePowerLoss } from "./power-loss.ts";

const skip = installed("strace") ? false : "no strace";

test("a power loss forgets nothing that was acknowledged (C9)", { skip }, async (t) => {
  let seen = 0;
  for await (const { name, passed, detail } of provePowerLoss()) {
    seen += 1;
    assert.ok(passed, `${name}: ${detail}`);
    t.diagnostic(`${name}: ${detail}`);
  }
  assert.equal(seen, 3);
});
