/** The README's commands, run as a reader would. `bin/start` has a test of its own. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { mayCapture } from "#rig/capture.ts";
import { installed, startPeer, temporaryFolder } from "#rig/processes.ts";
import { annsNumber, tellStory } from "#rig/story.ts";
import { isSetUp, root } from "../runner/tree.ts";

test("bin/setup has nothing to do a second time", async (t) => {
  if (!isSetUp()) return t.skip("bin/setup has not run since the lock file changed");
  assert.deepEqual(await run("bin/setup"), { code: 0, output: "", lastLine: "" });
});

test("bin/test --setup has nothing to do a second time", async (t) => {
  if (!isSetUp()) return t.skip("bin/setup has not run since the lock file changed");
  if (!installed("chromium", "baresip", "sipp", "linphonec", "dumpcap", "cc"))
    return t.skip("the peers are not installed");
  assert.deepEqual(await run("bin/test", "--setup"), { code: 0, output: "", lastLine: "" });
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

test("npm run bench -- bridge --json, for a moment", { timeout: 120_000 }, async (t) => {
  if (!installed("sipp")) return t.skip("no sipp");
  const { code, lastLine } = await run("npm", ...bench("bridge", "--calls", "2", "--seconds", "1"));
  assert.equal(code, 0);
  const figures = JSON.parse(lastLine) as Record<string, unknown>;
  for (const measured of [figures, figures["engineAlone"], figures["floor"]] as Record<string, unknown>[]) {
    assert.equal(measured["calls"], 2);
    assert.equal(measured["lossPercent"], 0);
    for (const name of ["cpuMsPerSecondPerCall", "jitterP99Ms"])
      assert.ok(Number.isFinite(measured[name]), name);
  }
});

test("npm run bench -- flow --json, for a moment", { timeout: 120_000 }, async (t) => {
  if (!installed("sipp") || !mayCapture()) return t.skip("no sipp, or no right to play its capture files");
  const { code, lastLine } = await run(
    "npm",
    ...bench("flow", "--rate", "1", "--seconds", "2", "--warm-up", "0"),
  );
  assert.equal(code, 0);
  const figures = JSON.parse(lastLine) as Record<string, unknown>;
  assert.equal(figures["failed"], 0, lastLine);
  assert.equal(figures["flows"], 2);
  for (const name of ["cpuMsPerFlow", "flowsPerSecond"]) assert.ok(Number(figures[name]) > 0, name);
});

function bench(name: string, ...options: readonly string[]): readonly string[] {
  return ["run", "--silent", "bench", "--", name, "--json", ...options];
}

test("bin/tandem calls, in a folder without a database, makes none", async () => {
  using folder = temporaryFolder("commands");
  const { code, lastLine } = await run("bin/tandem", "calls", { TANDEM_DATA: folder.path });
  assert.match(lastLine, /^There is no database /);
  assert.equal(code, 1);
});

test("bin/tandem start with errors in the configuration starts nothing, and names the lines", async () => {
  using folder = temporaryFolder("commands");
  const config = join(folder.path, "tandem.config.json");
  writeFileSync(config, '{ "trunks": {');
  const { code, output } = await run("bin/tandem", "start", {
    TANDEM_DATA: folder.path,
    TANDEM_CONFIG: config,
    TANDEM_DEVELOPMENT: "true",
  });
  assert.equal(code, 1);
  assert.ok(output.includes(`${config}:1:`), output);
  assert.ok(!existsSync(join(folder.path, "tandem.sqlite")), "nothing was started");
});

test("bin/tandem calls, call and the operator's API tell the same of a call", {
  timeout: 120_000,
}, async () => {
  await tellStory({}, async (story) => {
    const ann = story.caller("Ann");
    await ann.clicks("mortgages");
    await ann.submitsNumber();
    await ann.isBusy();
    await ann.sees("Your telephone was busy");
    const overHttp = await story.record();

    const environment = { TANDEM_DATA: story.platform.folder, TANDEM_DEVELOPMENT: "true" };
    const json = await run("bin/tandem", "calls", "--json", "--limit", "5", environment);
    assert.deepEqual(JSON.parse(json.output), [overHttp]);
    const one = await run("bin/tandem", "call", overHttp.call, environment);
    assert.deepEqual(JSON.parse(one.output), overHttp);
    const table = await run("bin/tandem", "calls", environment);
    for (const word of [overHttp.reference, "bank/mortgages", annsNumber, "user-busy", overHttp.call])
      assert.ok(table.lastLine.includes(word), `${word} is not in: ${table.output}`);
    assert.equal(
      (await run("bin/tandem", "calls", "--subscriber", "nobody", environment)).output.split("\n").length,
      2,
    );
    assert.notEqual((await run("bin/tandem", "call", "call_0", environment)).code, 0);
  });
});

test("bin/tandem config check finds the example well, and a broken file broken", async () => {
  assert.equal((await run("bin/tandem", "config", "check", "examples/tandem.config.jsonc")).code, 0);
  assert.notEqual((await run("bin/tandem", "config", "check", "package.json")).code, 0);
});

async function run(
  program: string,
  ...told: readonly (string | Readonly<Record<string, string>>)[]
): Promise<{ code: number | string; output: string; lastLine: string }> {
  const words = told.filter((word) => typeof word === "string");
  const environment = Object.assign({}, ...told.filter((word) => typeof word !== "string")) as Record<
    string,
    string
  >;
  const path = program.includes("/") ? join(root, program) : program;
  await using peer = await startPeer({ program: path, words, folder: root, environment });
  const code = await peer.ended;
  const output = peer.output();
  return { code, output, lastLine: output.trimEnd().split("\n").at(-1) ?? "" };
}
