import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { type Database, openDatabase } from "#store/database.ts";
import { type PostgresqlServer, postgresqlPrograms, startPostgresql } from "./postgresql.ts";

/** A fresh, migrated database for one test; it is closed and forgotten after the file's last test. */
export type OpenDatabase = () => Promise<Database>;
/** The address of a fresh, empty database. */
export type FreshUrl = () => Promise<string>;

/**
 * Declares a file's table tests once for each make of database. PostgreSQL is started for the file on a free port;
 * where it is not installed its tests are skipped, and say so.
 */
export function forEachDatabase(
  declare: (make: Database["make"], open: OpenDatabase, freshUrl: FreshUrl) => void,
): void {
  describe("on SQLite", () => {
    // Made by the first test: a suite whose tests are all filtered out ends without its `after`.
    let folder: string | undefined;
    let files = 0;
    const opened: Database[] = [];
    after(async () => {
      for (const database of opened) await database.close();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    });
    const freshUrl = async (): Promise<string> => {
      folder ??= mkdtempSync(join(tmpdir(), "tandem-sqlite-"));
      return `sqlite:${join(folder, `${++files}.sqlite`)}`;
    };
    declare("sqlite", opener(freshUrl, opened), freshUrl);
  });

  const programs = postgresqlPrograms();
  const skip =
    programs === undefined ? "PostgreSQL is not installed (Debian: apt install postgresql)" : false;
  describe("on PostgreSQL", { skip }, () => {
    let server: PostgresqlServer | undefined;
    const opened: Database[] = [];
    before(async () => {
      if (programs !== undefined) server = await startPostgresql(programs);
    });
    after(async () => {
      for (const database of opened) await database.close();
      await server?.stop();
    });
    const freshUrl = async (): Promise<string> => {
      if (server === undefined) throw new Error("PostgreSQL was not started");
      return server.freshDatabase();
    };
    declare("postgresql", opener(freshUrl, opened), freshUrl);
  });
}

function opener(freshUrl: FreshUrl, opened: Database[]): OpenDatabase {
  return async () => {
    const database = await openDatabase({ url: await freshUrl(), clock: systemClock, log: silentLog });
    opened.push(database);
    return database;
  };
}
