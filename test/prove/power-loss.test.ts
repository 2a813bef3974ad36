import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { installed } from "#rig/processes.ts";
import { provePowerLoss } from "./power-loss.ts";

test("a power loss forgets nothing that was acknowledged (C9)", { skip: whyNot() }, async (t) => {
  let seen = 0;
  for await (const { name, passed, detail } of provePowerLoss()) {
    seen += 1;
    assert.ok(passed, `${name}: ${detail}`);
    t.diagnostic(`${name}: ${detail}`);
  }
  assert.equal(seen, 3);
});

/** A container may have the program, and no right to look at processes. */
function whyNot(): string | false {
  if (!installed("strace")) return "no strace";
  const tried = spawnSync("strace", ["-f", "-o", "/dev/null", process.execPath, "--version"]);
  return tried.status === 0 ? false : `strace may not trace here: ${tried.stderr.toString().slice(0, 200)}`;
}
