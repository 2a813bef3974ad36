import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import { silentLog } from "#base/log.ts";
import Sqlite from "better-sqlite3";
import { backUp, restore } from "./backup.ts";
import { openDatabase } from "./database.ts";

const root = mkdtempSync(join(tmpdir(), "tandem-backup-"));
after(() => rmSync(root, { recursive: true }));

let folder = "";
let database = "";
let copy = "";
beforeEach(async () => {
  folder = mkdtempSync(join(root, "each-"));
  database = join(folder, "tandem.sqlite");
  copy = join(folder, "copy.sqlite");
  await migrated(database);
});

test("a copy is made while another process writes: one moment's content, and the writer waits for nothing", async () => {
  const writer = spawn(process.execPath, ["--input-type=module", "-e", writes, database], {
    cwd: join(import.meta.dirname, "../.."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(writer.stdout, "data");
    for (let copies = 1; copies <= 5; copies++) {
      const answer = backUp({ from: database, to: copy, replace: copies > 1 });
      assert.equal(answer.type, "made");
      const [count, last] = rowsOf(copy);
      assert.ok(count > 0 && count === last, `${count} rows, and the last is ${last}`);
    }
  } finally {
    writer.kill("SIGTERM");
    const [code] = await once(writer, "close");
    assert.equal(code, 0, "the writer met no error");
  }
  assert.equal(statSync(copy).mode & 0o777, 0o600);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".part")),
    [],
  );
});

test("no file is overwritten unless told, and never the database itself", () => {
  writeFileSync(copy, "somebody's");
  assert.deepEqual(backUp({ from: database, to: copy, replace: false }), { type: "exists" });
  assert.equal(readFileSync(copy, "utf8"), "somebody's");
  assert.equal(backUp({ from: database, to: copy, replace: true }).type, "made");
  for (const itself of [database, `${database}-wal`, `${database}-shm`]) {
    assert.deepEqual(backUp({ from: database, to: itself, replace: true }), { type: "same-file" });
  }
  assert.deepEqual(restore({ from: database, to: database, force: true, nowMs: 0 }), { type: "same-file" });
});

test("a folder that is not there is one error of ours, with the reason", () => {
  const to = join(folder, "nowhere", "copy.sqlite");
  assert.throws(
    () => backUp({ from: database, to, replace: false }),
    (error) => error instanceof TandemError && error.code === "BACKUP_FAILED" && error.details["file"] === to,
  );
});

test("a copy takes the database's place when nobody has it open, and what it replaced is kept", () => {
  insert(database, "before");
  assert.equal(backUp({ from: database, to: copy, replace: false }).type, "made");

  // An idle connection too: the platform between two calls.
  const open = new Sqlite(database);
  open.exec("insert into written (word) values ('after')");
  const wish = { from: copy, to: database, force: true, nowMs: Date.UTC(2026, 10, 26, 3, 15) };
  assert.deepEqual(restore(wish), { type: "in-use" });
  assert.deepEqual(wordsOf(database), ["before", "after"]);
  open.close();

  const keptAside = `${database}.replaced-20261126T031500Z`;
  assert.deepEqual(restore(wish), { type: "restored", keptAside, migrationsMissing: [] });
  assert.deepEqual(wordsOf(database), ["before"]);
  assert.deepEqual(wordsOf(keptAside), ["before", "after"], "its log too");
  assert.equal(statSync(database).mode & 0o777, 0o600);
});

test("what its writer's sudden death left in the log is kept with the database that is replaced", () => {
  assert.equal(backUp({ from: database, to: copy, replace: false }).type, "made");
  const writer = new Sqlite(database);
  writer.exec("insert into written (word) values ('last words')");
  const other = mkdtempSync(join(root, "dead-"));
  for (const end of ["", "-wal"]) copyFileSync(database + end, join(other, `tandem.sqlite${end}`));
  writer.close();

  const dead = join(other, "tandem.sqlite");
  const answer = restore({ from: copy, to: dead, force: false, nowMs: 0 });
  assert.ok(answer.type === "restored" && answer.keptAside !== undefined);
  assert.deepEqual(wordsOf(dead), []);
  assert.deepEqual(wordsOf(answer.keptAside), ["last words"]);
});

test("what is no sound copy of ours, or a newer one, changes nothing", () => {
  insert(database, "kept");
  const refused = (why: string): void => {
    const answer = restore({ from: copy, to: database, force: true, nowMs: 0 });
    assert.equal(answer.type, why);
    assert.deepEqual(wordsOf(database), ["kept"]);
    rmSync(copy);
  };
  writeFileSync(copy, "SELECT 1;\n".repeat(1000));
  refused("no-database");
  new Sqlite(copy).exec("create table tandem (x)").close();
  refused("no-database");

  backUp({ from: database, to: copy, replace: false });
  truncateSync(copy, statSync(copy).size / 2);
  refused("damaged");
  backUp({ from: database, to: copy, replace: false });
  new Sqlite(copy)
    .exec("insert into tandem_migration (name, timestamp) values ('9999-later', '2030')")
    .close();
  refused("newer");
  assert.deepEqual(
    readdirSync(folder).filter((name) => /part|replaced/.test(name)),
    [],
  );
});

test("an older copy is taken, and what it lacks is told", () => {
  backUp({ from: database, to: copy, replace: false });
  new Sqlite(copy).exec("delete from tandem_migration where name like '0005-%'").close();
  const answer = restore({ from: copy, to: database, force: false, nowMs: 0 });
  assert.ok(answer.type === "restored");
  assert.deepEqual(answer.migrationsMissing, ["0005-visitors-permits"]);
});

test("a database damaged beyond asking who uses it is replaced only when told, and its log with it", () => {
  insert(database, "good");
  backUp({ from: database, to: copy, replace: false });
  const garbage = "garbage ".repeat(2000);
  for (const end of ["", "-wal"]) writeFileSync(database + end, garbage);
  const wish = { from: copy, to: database, force: false, nowMs: 0 };
  assert.deepEqual(restore(wish), { type: "present-unreadable" });
  assert.equal(readFileSync(database, "utf8"), garbage);
  const answer = restore({ ...wish, force: true });
  assert.ok(answer.type === "restored" && answer.keptAside !== undefined);
  assert.deepEqual(wordsOf(database), ["good"]);
  for (const end of ["", "-wal"]) assert.equal(readFileSync(answer.keptAside + end, "utf8"), garbage);
});

test("where there was no database the copy becomes one", () => {
  backUp({ from: database, to: copy, replace: false });
  const to = join(folder, "new.sqlite");
  const answer = restore({ from: copy, to, force: false, nowMs: 0 });
  assert.deepEqual(answer, { type: "restored", keptAside: undefined, migrationsMissing: [] });
  assert.ok(existsSync(to));
});

/** Two rows of one transaction, over and over, until told to end. */
const writes = `
  import Sqlite from "better-sqlite3";
  const file = new Sqlite(process.argv[1], { timeout: 0 });
  file.pragma("journal_mode = WAL");
  const insert = file.prepare("insert into written (word) values ('x')");
  const both = file.transaction(() => { insert.run(); insert.run(); });
  let ending = false;
  process.on("SIGTERM", () => { ending = true; });
  const more = () => {
    if (ending) return file.close();
    for (let times = 0; times < 20; times++) both();
    setImmediate(more);
  };
  more();
  console.log("writing");
`;

async function migrated(path: string): Promise<void> {
  const opened = await openDatabase({ url: `sqlite:${path}`, clock: systemClock, log: silentLog });
  await opened.close();
  new Sqlite(path).exec("create table written (id integer primary key, word text)").close();
}

function insert(path: string, word: string): void {
  const file = new Sqlite(path);
  file.prepare("insert into written (word) values (?)").run(word);
  file.close();
}

function wordsOf(path: string): unknown[] {
  const file = new Sqlite(path);
  const words = file.prepare("select word from written order by id").pluck().all();
  file.close();
  return words;
}

function rowsOf(path: string): readonly [count: number, last: number] {
  const file = new Sqlite(path, { readonly: true });
  const [row] = file.prepare("select count(*), max(id) from written").raw().all() as [number, number][];
  file.close();
  assert.ok(row !== undefined && row[0] % 2 === 0, "whole transactions alone");
  return row;
}
