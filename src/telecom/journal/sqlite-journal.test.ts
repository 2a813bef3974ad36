import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock, VirtualClock } from "#base/clock.ts";
import type { LegId, PermitId } from "#base/ids.ts";
import { type Log, silentLog } from "#base/log.ts";
import { secureRandom, seededRandom } from "#base/random.ts";
import Sqlite from "better-sqlite3";
import { openJournal } from "./sqlite-journal.ts";

const leg = { kind: "leg", id: "ann" } as const;

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "tandem-journal-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function open(folder: string, log: Log = silentLog) {
  return openJournal({ folder, clock: systemClock, random: secureRandom, log });
}

test("what was settled is found by the next process, though the first one never closed", (t) => {
  const folder = folderOf(t);
  const first = open(folder);
  let state = "dialing";
  first.keep(leg, () => ({ state }));
  first.keep({ kind: "leg", id: "bob" }, () => ({ state: "ringing" }));
  // The content is that of the moment of writing.
  state = "answered";
  assert.ok(first.settle());
  first.drop({ kind: "leg", id: "bob" });
  first.use("permit-1" as PermitId, "ann" as LegId);
  assert.ok(first.settle());

  const next = open(folder);
  assert.deepEqual(next.found("leg"), [{ id: "ann", content: { state: "answered" } }]);
  assert.equal(next.legOf("permit-1" as PermitId), "ann");
  assert.equal(next.legOf("permit-2" as PermitId), undefined);
  assert.equal(next.boot, first.boot, "the lines are the same");
  next.close();
  first.close();
});

test("what nobody settles is written a moment later", async (t) => {
  const folder = folderOf(t);
  const clock = new VirtualClock();
  const first = openJournal({ folder, clock, random: secureRandom, log: silentLog });
  first.keep(leg, () => "here");
  await clock.advance(20);
  const next = open(folder);
  assert.deepEqual(next.found("leg"), [{ id: "ann", content: "here" }]);
  next.close();
  first.close();
});

test("after a proper end nothing is left but the permits and the phones", (t) => {
  const folder = folderOf(t);
  const first = open(folder);
  first.keep(leg, () => 1);
  first.keep({ kind: "phone", id: "bob.bank" }, () => 2);
  first.use("permit-1" as PermitId, "ann" as LegId);
  first.settle();
  first.end();
  const next = open(folder);
  assert.deepEqual(next.found("leg"), []);
  assert.deepEqual(next.found("phone"), [{ id: "bob.bank", content: 2 }]);
  assert.equal(next.legOf("permit-1" as PermitId), "ann");
  assert.notEqual(next.boot, first.boot);
  next.close();
});

test("rows are sealed, bound to their names, and readable by nobody else", (t) => {
  const folder = folderOf(t);
  const journal = open(folder);
  journal.keep(leg, () => ({ password: "open sesame" }));
  journal.keep({ kind: "leg", id: "bob" }, () => ({ password: "another" }));
  journal.close();
  for (const file of readdirSync(folder)) {
    assert.equal(statSync(join(folder, file)).mode & 0o077, 0, `${file} is its owner's alone`);
    assert.ok(!readFileSync(join(folder, file)).includes("sesame"), file);
  }

  const file = new Sqlite(join(folder, "unit-journal.sqlite"));
  file.exec("update row set content = (select content from row where id = 'bob') where id = 'ann'");
  file.close();
  const { log, said } = listening();
  const next = open(folder, log);
  assert.deepEqual(next.found("leg"), [{ id: "bob", content: { password: "another" } }]);
  assert.equal(said.length, 1, "the row that was put in another's place is lost, and that is said");
  next.close();
});

for (const [what, spoil] of [
  ["damaged", (path: string) => writeFileSync(path, "no database at all, but long enough to be looked at")],
  ["of a newer version", (path: string) => withFile(path, (file) => file.pragma("user_version = 99"))],
  ["another program's", (path: string) => withFile(path, (file) => file.pragma("application_id = 7"))],
  ["sealed with a key that is gone", (path: string) => rmSync(path.replace(".sqlite", ".key"))],
] as const) {
  test(`a journal that is ${what} is put aside and said loudly, and the unit begins with another`, (t) => {
    const folder = folderOf(t);
    const first = open(folder);
    first.keep(leg, () => 1);
    first.close();
    spoil(join(folder, "unit-journal.sqlite"));
    const { log, said } = listening();
    const next = open(folder, log);
    assert.deepEqual(next.found("leg"), []);
    assert.notEqual(next.boot, first.boot);
    assert.equal(said.length, 1);
    assert.ok(readdirSync(folder).some((file) => file.startsWith("unit-journal.sqlite.unreadable-")));
    next.keep(leg, () => 2);
    assert.ok(next.settle());
    next.close();
  });
}

test("lines that kill whoever takes them up are put aside in the end", (t) => {
  const folder = folderOf(t);
  const { log, said } = listening();
  let boot = "";
  for (let life = 0; life < 9; life++) {
    const journal = openJournal({ folder, clock: new VirtualClock(), random: secureRandom, log });
    journal.keep(leg, () => "deadly");
    journal.settle();
    boot = journal.boot;
  }
  assert.equal(said.length, 1);
  const next = open(folder);
  assert.equal(next.boot, boot);
  next.close();
});

/** C9. What was acknowledged stood in a settled row before: so after any number of writes, every settle so far must be found. */
test("each prefix of 200 writes holds all that was settled before its end", async (t) => {
  const clock = new VirtualClock();
  const seed = "prefixes";
  const random = seededRandom(seed);
  const folder = folderOf(t);
  const journal = open(folder);
  const expected = new Map<string, number>();
  for (let write = 0; write < 200; write++) {
    const id = `leg-${random.integer(20)}`;
    if (random.integer(5) === 0) {
      expected.delete(id);
      journal.drop({ kind: "leg", id });
    } else {
      expected.set(id, write);
      journal.keep({ kind: "leg", id }, () => write);
    }
    journal.use(`permit-${write}` as PermitId, id as LegId);
    assert.ok(journal.settle());
    // A process that dies here is followed by this one.
    const next = openJournal({ folder, clock, random: secureRandom, log: silentLog });
    const found = new Map(next.found("leg").map((row) => [row.id, row.content]));
    assert.deepEqual(found, new Map([...expected].sort()), `seed ${seed}, write ${write}`);
    for (let used = 0; used <= write; used++)
      assert.ok(next.legOf(`permit-${used}` as PermitId) !== undefined, `seed ${seed}, permit ${used}`);
    // It lives long enough.
    await clock.advance(3_000);
    next.close();
  }
  journal.close();
});

function withFile(path: string, work: (file: Sqlite.Database) => void): void {
  const file = new Sqlite(path);
  work(file);
  file.close();
}

function listening() {
  const said: string[] = [];
  const log: Log = { ...silentLog, error: (_facts, message) => void said.push(message) };
  return { log, said };
}
