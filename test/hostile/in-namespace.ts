import assert from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { mayIsolate, openNamespace } from "#rig/namespace.ts";
import { installed } from "#rig/processes.ts";
import type { Check } from "../prove/checks.ts";

/** Runs one proof of `inside.ts` in a network namespace of its own, where nothing that a stranger names can be reached. */
export async function proveInNamespace(t: TestContext, name: "strangers" | "registrations"): Promise<void> {
  if (!installed("unshare", "nsenter", "ip", "dumpcap", "openssl") || !(await mayIsolate())) {
    return t.skip("no right to a network namespace, or no dumpcap or openssl");
  }
  await using namespace = await openNamespace();
  const script = join(import.meta.dirname, "inside.ts");
  await using inside = await namespace.start(process.execPath, [script, name]);
  await inside.line(/^done$/m, 180_000);
  const checks = inside
    .output()
    .split("\n")
    .filter((line) => line.startsWith('{"name"'))
    .map((line) => JSON.parse(line) as Check);
  assert.ok(checks.length > 0, inside.output());
  for (const { name: what, passed, detail } of checks) {
    t.diagnostic(`${what}: ${detail}`);
    await t.test(what, () => assert.ok(passed, detail));
  }
}
