import Sqlite from "better-sqlite3";
import { TandemError } from "#base/errors.ts";
import type { LegId, PermitId } from "#base/ids.ts";

/** SQLite's own field for whose file this is ("TDMP"), and the version of what is in it. */
const applicationId = 0x54444d50;
const version = 1;

export interface UsedPermit {
  readonly permit: PermitId;
  readonly leg: LegId;
  readonly atMs: number;
}

/** Every permit that was used in the last days, on disk: there may be millions. WAL, and no wait for the disk, as the whole journal. */
export class PermitTable {
  readonly #file: Sqlite.Database;
  readonly #statements: ReturnType<typeof statementsOf>;

  /** Throws for a file that is not ours, or damaged. */
  constructor(path: string) {
    // The file is made inside, on this turn: the mask leaves no moment in which another user could open it.
    const mask = process.umask(0o177);
    try {
      this.#file = new Sqlite(path);
    } finally {
      process.umask(mask);
    }
    try {
      prepare(this.#file);
      this.#statements = statementsOf(this.#file);
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  legOf(permit: PermitId): LegId | undefined {
    return (this.#statements.leg.get(permit) as { leg: LegId } | undefined)?.leg;
  }

  /** The first use counts. */
  add(used: Iterable<UsedPermit>): void {
    this.#statements.addAll(used);
  }

  forgetBefore(atMs: number): void {
    this.#statements.forget.run(atMs);
  }

  close(): void {
    this.#file.close();
  }
}

function prepare(file: Sqlite.Database): void {
  file.pragma("journal_mode = WAL");
  file.pragma("synchronous = OFF");
  // A process that hangs may hold it for a moment.
  file.pragma("busy_timeout = 2000");
  const owner = file.pragma("application_id", { simple: true });
  const found = file.pragma("user_version", { simple: true });
  const { tables } = file.prepare("select count(*) as tables from sqlite_master").get() as { tables: number };
  if (owner === 0 && found === 0 && tables === 0) {
    file.exec(
      "create table permit (permit text primary key, leg text not null, at_ms integer not null) without rowid",
    );
    file.pragma(`application_id = ${applicationId}`);
    file.pragma(`user_version = ${version}`);
    return;
  }
  if (owner !== applicationId || found !== version)
    throw new TandemError("SETTINGS_INVALID", {
      permits: "are not ones that this version reads",
      owner,
      found,
    });
}

function statementsOf(file: Sqlite.Database) {
  const add = file.prepare("insert or ignore into permit (permit, leg, at_ms) values (?, ?, ?)");
  return {
    leg: file.prepare("select leg from permit where permit = ?"),
    addAll: file.transaction((used: Iterable<UsedPermit>) => {
      for (const { permit, leg, atMs } of used) add.run(permit, leg, atMs);
    }).immediate,
    forget: file.prepare("delete from permit where at_ms < ?"),
  };
}
