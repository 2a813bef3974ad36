import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { mayIsolate, openNamespace } from "#rig/namespace.ts";
import { installed } from "#rig/processes.ts";
import type { Check } from "../prove/checks.ts";

test("Ann and Bob talk on, whatever strangers send", async (t) => {
  if (!installed("unshare", "nsenter", "ip", "dumpcap", "openssl") || !(await mayIsolate())) {
    return t.skip("no right to a network namespace, or no dumpcap or openssl");
  }
  await using namespace = await openNamespace();
  await using inside = await namespace.start(process.execPath, [join(import.meta.dirname, "inside.ts")]);
  await inside.line(/^done$/m, 180_000);
  const checks = inside
    .output()
    .split("\n")
    .filter((line) => line.startsWith('{"name"'))
    .map((line) => JSON.parse(line) as Check);
  assert.ok(checks.length > 0, inside.output());
  for (const { name, passed, detail } of checks) {
    t.diagnostic(`${name}: ${detail}`);
    await t.test(name, () => assert.ok(passed, detail));
  }
});
