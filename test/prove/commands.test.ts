/** The README's commands, run as a reader would. `bin/start` has a test of its own; `npm run bench` takes its own time. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { mayCapture } from "#rig/capture.ts";
import { installed, startPeer, temporaryFolder } from "#rig/processes.ts";
import { isSetUp, root } from "../runner/tree.ts";

test("bin/setup has nothing to do a second time", async (t) => {
  if (!isSetUp()) return t.skip("bin/setup has not run since the lock file changed");
  assert.deepEqual(await run("bin/setup"), { code: 0, lastLine: "" });
});

test("bin/test --setup has nothing to do a second time", async (t) => {
  if (!isSetUp()) return t.skip("bin/setup has not run since the lock file changed");
  if (!installed("chromium", "baresip", "sipp", "linphonec", "tshark"))
    return t.skip("the peers are not installed");
  assert.deepEqual(await run("bin/test", "--setup"), { code: 0, lastLine: "" });
});

test("npm run prove -- flow", async (t) => {
  if (!installed("chromium", "baresip", "tcpdump") || !mayCapture())
    return t.skip("a peer or the right to capture is missing");
  const { code, lastLine } = await run("npm", "run", "--silent", "prove", "--", "flow");
  assert.match(lastLine, /^\d\d passed, 0 failed$/);
  assert.equal(code, 0);
});

test("npm run prove -- H1", async (t) => {
  if (!existsSync(join(root, "../shared/corpora/rfc4475"))) return t.skip("no ../shared");
  const { code, lastLine } = await run("npm", "run", "--silent", "prove", "--", "H1");
  assert.match(lastLine, /^\d\d passed, 0 failed$/);
  assert.equal(code, 0);
});

test("npm run prove names its rows, and a row that is not there fails", async () => {
  const { code, lastLine } = await run("npm", "run", "--silent", "prove", "--", "X9");
  assert.equal(lastLine, "0 passed, 1 failed");
  assert.notEqual(code, 0);
});

test("bin/tandem calls, in a folder where there were none", async () => {
  using folder = temporaryFolder("commands");
  const { code } = await run("bin/tandem", "calls", { TANDEM_DATA: folder.path, TANDEM_DEVELOPMENT: "true" });
  assert.equal(code, 0);
});

test("bin/tandem config check finds the example well, and a broken file broken", async () => {
  assert.equal((await run("bin/tandem", "config", "check", "examples/tandem.config.jsonc")).code, 0);
  assert.notEqual((await run("bin/tandem", "config", "check", "package.json")).code, 0);
});

async function run(
  program: string,
  ...told: readonly (string | Readonly<Record<string, string>>)[]
): Promise<{ code: number | string; lastLine: string }> {
  const words = told.filter((word) => typeof word === "string");
  const environment = Object.assign({}, ...told.filter((word) => typeof word !== "string")) as Record<
    string,
    string
  >;
  const path = program.includes("/") ? join(root, program) : program;
  await using peer = await startPeer({ program: path, words, folder: root, environment });
  const code = await peer.ended;
  return { code, lastLine: peer.output().trimEnd().split("\n").at(-1) ?? "" };
}
