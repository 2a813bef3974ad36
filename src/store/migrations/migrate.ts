import { TandemError } from "#base/errors.ts";
import { type Kysely, type Migration, Migrator, sql } from "kysely";
import * as networkAndJournal from "./0001-network-and-journal.ts";
import * as calls from "./0002-calls.ts";
import * as liveRows from "./0003-live-rows.ts";
import * as phones from "./0004-phones.ts";
import * as visitorsPermits from "./0005-visitors-permits.ts";
import * as phoneMedia from "./0006-phone-media.ts";
import * as fewerPages from "./0007-fewer-pages.ts";
import * as pushResults from "./0008-push-results.ts";

/** All that ever changed the tables, in order. A migration that was released is never edited: write the next one. */
const migrations: Readonly<Record<string, Migration>> = {
  "0001-network-and-journal": networkAndJournal,
  "0002-calls": calls,
  "0003-live-rows": liveRows,
  "0004-phones": phones,
  "0005-visitors-permits": visitorsPermits,
  "0006-phone-media": phoneMedia,
  "0007-fewer-pages": fewerPages,
  "0008-push-results": pushResults,
};

/** In order. */
export function migrationNames(): readonly string[] {
  return Object.keys(migrations);
}

/**
 * Brings the tables up to date. Two processes that start at once take turns.
 * Throws DATABASE_NEWER when the database holds migrations that this Tandem does not know.
 */
export async function migrate(database: Kysely<unknown>): Promise<void> {
  await refuseNewer(database);
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: "tandem_migration",
    migrationLockTableName: "tandem_migration_lock",
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    // The other process may have been a newer one.
    await refuseNewer(database);
    throw error;
  }
}

async function refuseNewer(database: Kysely<unknown>): Promise<void> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === "tandem_migration")) return;
  const { rows } = await sql<{ name: string }>`select name from tandem_migration`.execute(database);
  const unknown = rows.map((row) => row.name).filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length > 0) throw new TandemError("DATABASE_NEWER", { unknown });
}
