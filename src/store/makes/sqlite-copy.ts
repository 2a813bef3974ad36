import { closeSync, openSync, readSync } from "node:fs";
import Sqlite from "better-sqlite3";
import { codeOf } from "./make.ts";

/** How a file of SQLite's was found. */
export type SqliteFinding =
  | { readonly type: "sound"; readonly migrations: readonly string[] }
  | { readonly type: "no-database" }
  | { readonly type: "damaged"; readonly findings: readonly string[] };

/** A command that asks a few rows is waited for; a platform does not go away meanwhile. */
const patienceMs = 2_000;
const mostFindings = 20;

/** Reads every page and every index of it, and changes nothing. */
export function examineSqlite(path: string): SqliteFinding {
  return toldFinding(() => {
    const file = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: patienceMs });
    try {
      if (!isTandems(file)) return { type: "no-database" };
      const migrations = file.prepare("select name from tandem_migration order by name").pluck().all();
      const findings = file.prepare(`pragma integrity_check(${mostFindings})`).pluck().all().map(String);
      if (findings.join() !== "ok") return { type: "damaged", findings };
      return { type: "sound", migrations: migrations.map(String) };
    } finally {
      file.close();
    }
  });
}

/**
 * Fills `to`, an empty file, with the content that `from` has at this moment, and examines what it wrote.
 *
 * One statement is one read transaction: under a write-ahead log it sees one moment's content, however long it takes, and keeps no
 * writer waiting (https://www.sqlite.org/lang_vacuum.html#vacuuminto). SQLite's backup API begins anew whenever another process
 * has written between two of its steps, and copies the pages of deleted rows too.
 *
 * `readonly` is for a file that is nobody's at work: the last one to leave a database must be able to clear its log away.
 */
export function copySqlite(from: string, to: string, { readonly }: { readonly: boolean }): SqliteFinding {
  const copied = toldFinding(() => {
    const file = new Sqlite(from, { readonly, fileMustExist: true, timeout: patienceMs });
    try {
      if (!isTandems(file)) return { type: "no-database" };
      file.prepare("vacuum into ?").run(to);
      return { type: "sound", migrations: [] };
    } finally {
      file.close();
    }
  });
  return copied.type === "sound" ? examineSqlite(to) : copied;
}

function isTandems(file: Sqlite.Database): boolean {
  return file.prepare("select 1 from sqlite_schema where name = 'tandem_migration'").get() !== undefined;
}

function toldFinding(look: () => SqliteFinding): SqliteFinding {
  try {
    return look();
  } catch (error) {
    const code = codeOf(error);
    if (code.startsWith("SQLITE_CORRUPT")) return { type: "damaged", findings: [String(error)] };
    if (code === "SQLITE_NOTADB") return { type: "no-database" };
    throw error;
  }
}

export type Hold =
  | { readonly type: "held"; release(): void }
  | { readonly type: "in-use" }
  | { readonly type: "unreadable" };

/**
 * Takes a database for ourselves alone, all of it in one file. SQLite leaves the write-ahead mode only when no other connection has the
 * database open, in any process, at work or idle (https://www.sqlite.org/pragma.html#pragma_journal_mode), and takes the log in.
 */
export function checkpointAndHold(path: string): Hold {
  // Asked before SQLite: it clears away the log of a file that it does not know for its own, and that may be all that is left.
  if (!beginsAsSqlite(path)) return { type: "unreadable" };
  let file: Sqlite.Database | undefined;
  try {
    file = new Sqlite(path, { fileMustExist: true, timeout: patienceMs });
    const held = file;
    held.pragma("locking_mode = EXCLUSIVE");
    held.pragma("journal_mode = DELETE");
    held.exec("begin exclusive");
    return { type: "held", release: () => void held.close() };
  } catch (error) {
    file?.close();
    const code = codeOf(error);
    if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return { type: "in-use" };
    if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return { type: "unreadable" };
    throw error;
  }
}

/** https://www.sqlite.org/fileformat2.html#magic_header_string */
function beginsAsSqlite(path: string): boolean {
  const start = Buffer.alloc(16);
  const file = openSync(path, "r");
  try {
    readSync(file, start);
  } finally {
    closeSync(file);
  }
  return start.toString("latin1") === "SQLite format 3\0";
}
