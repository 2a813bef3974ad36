import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { SubscriberId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { loadConfigFile } from "#network/config-file.ts";
import { callsAreStopped } from "#network/dial-permit.ts";
import { type Database, openDatabase } from "#store/database.ts";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "tandem-cli-"));
const file = join(folder, "tandem.sqlite");
const bank = "bank" as SubscriberId;

let database: Database;
before(async () => {
  const parts = { clock: systemClock, random: secureRandom, log: silentLog };
  database = await openDatabase({ url: `sqlite:${file}`, ...parts });
  const path = join(root, "examples/tandem.config.jsonc");
  await loadConfigFile({ path, database, promptFolder: undefined, ...parts });
});
after(async () => {
  await database.close();
  rmSync(folder, { recursive: true });
});

test("a stopped subscriber, and everybody, and each again: said with the name and the database", async () => {
  for (const [words, stopped, said] of [
    ["stop --subscriber bank", true, "No more calls are placed for bank"],
    ["stop", true, "No more calls are placed for any subscriber"],
    ["resume --subscriber bank", true, "as soon as `tandem resume` allows everybody's"],
    ["resume", false, "Calls are placed again"],
  ] as const) {
    const { code, output } = await tandem(words);
    assert.equal(code, 0, output);
    assert.ok(output.includes(said) && output.includes(file), output);
    assert.equal(await callsAreStopped(database, bank), stopped, words);
  }
});

test("a word or a name that means nothing stops nobody, and says so", async () => {
  for (const [words, code, said] of [
    ["stop bank", 2, '"bank" does not belong here'],
    ["resume bank", 2, '"bank" does not belong here'],
    ["stop --subscriber bnak", 1, "There is no subscriber bnak"],
    ["resume --subscriber bnak", 1, "There is no subscriber bnak"],
    ["calls today", 2, '"today" does not belong here'],
    ["start web", 2, '"web" does not belong here'],
    ["call call_1 call_2", 2, '"call_2" does not belong here'],
    ["call", 2, "tandem call CALL"],
    ["phones bob.bank", 2, '"bob.bank" does not belong here'],
    ["phones", 1, "TANDEM_OPERATOR_TOKEN is not set"],
    ["doctor --microphone --center bank/mortgages", 2, "--microphone goes alone"],
  ] as const) {
    const { code: given, output } = await tandem(words);
    assert.equal(given, code, `${words}: ${output}`);
    assert.ok(output.includes(said), output);
  }
  assert.equal(await callsAreStopped(database, bank), false);
});

test("where there is no database, none is made", async () => {
  const empty = join(folder, "var");
  mkdirSync(empty);
  for (const words of ["stop", "resume", "calls", "call call_1"]) {
    const { code, output } = await tandem(words, { TANDEM_DATA: empty });
    assert.equal(code, 1, output);
    assert.ok(output.includes(`There is no database ${join(empty, "tandem.sqlite")}`), output);
  }
  assert.ok(!existsSync(join(empty, "tandem.sqlite")));
});

test("the commands that ask the database need no other setting, nor a right one", async () => {
  const { code, output } = await tandem("calls", { TANDEM_HTTP_PORT: "eighty" });
  assert.equal(code, 0, output);
  const misspelled = await tandem("calls", { TANDEM_DATABSE: "sqlite:other" });
  assert.equal(misspelled.code, 1);
  assert.ok(misspelled.output.includes("TANDEM_DATABSE"), misspelled.output);
});

test("a database's password is not printed", async () => {
  const url = "postgres://tandem:hunter2@127.0.0.1:1/none";
  const { code, output } = await tandem("stop", { TANDEM_DATABASE: url });
  assert.equal(code, 1);
  assert.ok(!output.includes("hunter2"), output);
});

/** Both streams together. No settings but these, whatever the machine has. */
function tandem(
  words: string,
  settings: Record<string, string> = { TANDEM_DATA: folder },
): Promise<{ readonly code: number; readonly output: string }> {
  const given = { TANDEM_DATA: folder, ...settings };
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("TANDEM_"));
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(root, "src/cli.ts"), ...words.split(" ")],
      { env: { ...Object.fromEntries(own), ...given } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
}
