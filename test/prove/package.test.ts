/** `npm pack`, and what a stranger does with its file: install it into an empty folder and follow the README. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { freePortsInARow } from "#rig/ports.ts";
import { childrenOf, commandLine, installed, type Peer, startPeer, temporaryFolder } from "#rig/processes.ts";
import { portsFrom } from "../../examples/demo-ports.ts";
import { isSetUp, root } from "../runner/tree.ts";
import { visitDemo } from "./demo-visit.ts";

test("npm pack: built files that find one another, and nothing that only we need", async (t) => {
  if (!isSetUp()) return t.skip("bin/setup has not run since the lock file changed");
  using folder = temporaryFolder("package");
  const tarball = await pack(folder.path);
  await run("tar", ["xzf", tarball], folder.path);
  const unpacked = join(folder.path, "package");
  const files = readdirSync(unpacked, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(unpacked.length + 1));
  t.diagnostic(`${files.length} files, ${Math.ceil(statSync(tarball).size / 1000)} kB packed`);

  const kept = /^(bin\/(node|tandem)|package\.json|LICENSE|(README|CHANGELOG)\.md|docs\/[^/]+|dist\/.+)$/;
  assert.deepEqual(
    files.filter((file) => !kept.test(file) || /\.ts$|\.test\.|\/test\/|package-lock/.test(file)),
    [],
  );
  const scripts = files.filter((file) => file.endsWith(".js"));
  assert.ok(scripts.length > 200);
  const ofSources = scripts.filter((file) =>
    /"[^"\n]+\.ts"/.test(readFileSync(join(unpacked, file), "utf8")),
  );
  assert.deepEqual(ofSources, [], "a built file names a source");
  for (const file of ["src/presentation/assets/live.js", "examples/tandem.config.jsonc"])
    assert.ok(files.includes(`dist/${file}`), file);
  assert.ok(!existsSync(join(root, "dist")), "the built files stay in the package alone");
});

test("npx tandem, from the package in an empty folder: commands, and the demonstration's first call", {
  timeout: 300_000,
}, async (t) => {
  if (!installed("chromium", "npx")) return t.skip("no chromium, or no npx");
  if (!isSetUp()) return t.skip("bin/setup has not run since the lock file changed");
  using folder = temporaryFolder("installed");
  const stranger = join(folder.path, "stranger");
  mkdirSync(stranger);
  await install({ tarball: await pack(folder.path), into: stranger, t });

  const help = await run("npx", ["tandem", "--help"], stranger);
  for (const verb of ["demo", "start", "doctor", "calls"])
    assert.match(help.output, new RegExp(`^ {2}tandem ${verb}`, "m"));
  const example = "node_modules/tandem/dist/examples/tandem.config.jsonc";
  assert.equal((await run("npx", ["tandem", "config", "check", example], stranger)).code, 0);
  await nodeIsMissed(stranger);
  await isExamined(stranger);
  await starts(stranger);

  const first = await freePortsInARow(8);
  const words = ["tandem", "demo", "--ports-from", String(first)];
  await using demo = await startPeer({ program: "npx", words, folder: stranger });
  await demo.line(/Ctrl-C ends the demonstration/, 60_000);
  assert.match(demo.output(), new RegExp(`TANDEM_DATA=var/demo-${first} npx tandem calls`));
  await visitDemo(portsFrom(first));
  const data = { TANDEM_DEVELOPMENT: "true", TANDEM_DATA: `var/demo-${first}` };
  const calls = await run("npx", ["tandem", "calls", "--json"], stranger, data);
  const [call, ...more] = JSON.parse(calls.output) as { outcome: string; pagesPushed: unknown[] }[];
  assert.deepEqual([call?.outcome, call?.pagesPushed.length, more.length], ["completed", 1, 0]);
  await interrupt(demo, "dist/src/cli.js");
});

/** Every check of `tandem doctor`, the test call by the built unit among them. */
async function isExamined(folder: string): Promise<void> {
  const [http, sip] = [await freePortsInARow(2), await freePortsInARow(2)];
  const ports = { TANDEM_HTTP_PORT: `${http}`, TANDEM_SIP_PORT: `${sip}` };
  const settings = { TANDEM_DEVELOPMENT: "true", ...ports };
  const { code, output } = await run("npx", ["tandem", "doctor"], folder, settings);
  assert.match(output, /^ok {7}test call {2}Answered after \d+ ms/m);
  assert.match(output, /^ok {7}speech /m);
  assert.equal(code, 0, output);
}

/** `tandem start`, its two processes and their workers, by built files alone. */
async function starts(folder: string): Promise<void> {
  const [http, sip] = [await freePortsInARow(2), await freePortsInARow(2)];
  await using platform = await startPeer({
    program: "npx",
    words: ["tandem", "start"],
    folder,
    environment: { TANDEM_DEVELOPMENT: "true", TANDEM_HTTP_PORT: `${http}`, TANDEM_SIP_PORT: `${sip}` },
  });
  await platform.line(/"httpPort":/, 30_000);
  await platform.line(/"sipPort":/, 30_000);
  await interrupt(platform, "dist/src/cli.js");
}

/** Without the package that is Node.js, and with one in the path that is too old. */
async function nodeIsMissed(folder: string): Promise<void> {
  const [own = ""] = readdirSync(join(folder, "node_modules")).filter((name) =>
    name.startsWith("node-linux-"),
  );
  const [here, away] = [join(folder, "node_modules", own), join(folder, own)];
  renameSync(here, away);
  const old = join(folder, "old");
  mkdirSync(old);
  symlinkSync("/bin/false", join(old, "node"));
  const path = { PATH: `${old}:/usr/bin:/bin` };
  const { code, output } = await run(join(folder, "node_modules/.bin/tandem"), ["calls"], folder, path);
  renameSync(away, here);
  assert.equal(code, 1);
  assert.match(output, /^tandem: no Node\.js 22\.18 or later here\. Install one, or install tandem again/);
}

/** Ctrl-C at the program itself: what stands between it and us (npx, a shell) passes signals on or does not. */
async function interrupt(peer: Peer, script: string): Promise<void> {
  const below = (pid: number): readonly number[] => [pid, ...childrenOf(pid).flatMap(below)];
  const pid = below(peer.pid).find((each) => commandLine(each).includes(script));
  assert.ok(pid !== undefined, peer.output());
  process.kill(pid, "SIGINT");
  assert.equal(await peer.ended, 0, peer.output());
}

/** Gives the path of the file that `npm pack` made. */
async function pack(into: string): Promise<string> {
  const { code, output } = await run("npm", ["pack", "--silent", "--pack-destination", into], root);
  assert.equal(code, 0, output);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return join(into, `tandem-${version}.tgz`);
}

/**
 * As a person would. Where no packages can be fetched, the ones that lie here stand in for them: the package is then proved, its
 * list of dependencies is not.
 */
async function install(wish: { tarball: string; into: string; t: TestContext }): Promise<void> {
  const { tarball, into, t } = wish;
  const words = ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", tarball];
  const { code, output } = await run("npm", words, into);
  if (code === 0) return t.diagnostic("installed by npm, with its dependencies");
  const away = /\b(ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|ENOTCACHED|E50[0-9])\b/;
  assert.match(output, away, "npm could not install the package, and not for want of a network");
  t.diagnostic(
    "NOT installed by npm, which found no packages: this tree's own node_modules stand in for them",
  );
  const modules = join(into, "node_modules");
  mkdirSync(join(modules, ".bin"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules")).filter((each) => !each.startsWith("."))) {
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  await run("tar", ["xzf", tarball], modules);
  renameSync(join(modules, "package"), join(modules, "tandem"));
  symlinkSync("../tandem/bin/tandem", join(modules, ".bin/tandem"));
}

async function run(
  program: string,
  words: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number | string; output: string }> {
  await using peer = await startPeer({ program, words, folder, environment });
  return { code: await peer.ended, output: peer.output() };
}
