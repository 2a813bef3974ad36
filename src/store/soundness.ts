import type { Log } from "#base/log.ts";
import { type Kysely, sql } from "kysely";
import type { Make } from "./makes/make.ts";
import { openPostgresql } from "./makes/postgresql.ts";
import { openSqlite } from "./makes/sqlite.ts";
import { changesBeyond, migrationNames } from "./migrations/migrate.ts";

/** How a database is, found without a change to it. */
export interface DatabaseState {
  readonly make: Make["name"];
  readonly version: string;
  /** That wait for the next start. */
  readonly migrationsMissing: readonly string[];
  /** That only a newer Tandem knows, and that keep this one from running. */
  readonly migrationsUnknown: readonly string[];
  /** Why nothing can be written; undefined when it can. */
  readonly whyNotWritable: Error | undefined;
  /** PostgreSQL's alone: `on` unless somebody has set it. */
  readonly synchronousCommit: string | undefined;
}

/**
 * Opens the database and looks; what it writes to see whether it can is rolled back. The file of SQLite must be there: else one
 * is made. Throws DATABASE_UNAVAILABLE when it cannot be opened.
 */
export async function databaseState(url: string, log: Log): Promise<DatabaseState> {
  const make = url.startsWith("sqlite:") ? openSqlite(url.slice("sqlite:".length)) : openPostgresql(url, log);
  try {
    const done = await migrationsDone(make.kysely);
    const known = migrationNames();
    return {
      make: make.name,
      version: await versionOf(make),
      migrationsMissing: known.filter((name) => !done.includes(name)),
      migrationsUnknown: (await changesBeyond(make.kysely)).tooNew,
      whyNotWritable: await whyNotWritable(make.kysely),
      synchronousCommit: make.name === "sqlite" ? undefined : await shown(make.kysely, "synchronous_commit"),
    };
  } finally {
    await make.kysely.destroy();
  }
}

async function migrationsDone(database: Kysely<unknown>): Promise<readonly string[]> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === "tandem_migration")) return [];
  const { rows } = await sql<{ name: string }>`select name from tandem_migration`.execute(database);
  return rows.map(({ name }) => name);
}

async function versionOf({ name, kysely }: Make): Promise<string> {
  if (name === "postgresql") return await shown(kysely, "server_version");
  const { rows } = await sql<{ version: string }>`select sqlite_version() as version`.execute(kysely);
  return rows[0]?.version ?? "";
}

async function shown(database: Kysely<unknown>, setting: string): Promise<string> {
  const { rows } = await sql<{ value: string }>`select current_setting(${setting}) as value`.execute(
    database,
  );
  return rows[0]?.value ?? "";
}

const enough = new Error("rolled back");

async function whyNotWritable(database: Kysely<unknown>): Promise<Error | undefined> {
  try {
    await database.transaction().execute(async (tx) => {
      await sql`create table tandem_doctor (written integer)`.execute(tx);
      throw enough;
    });
    return undefined;
  } catch (error) {
    if (error === enough) return undefined;
    return error instanceof Error ? error : new Error(String(error));
  }
}
