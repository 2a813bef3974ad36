import { TandemError } from "#base/errors.ts";
import { type Kysely, Migrator, sql } from "kysely";
import { type Changes, changes, numberOf, tablesFormat } from "../tables-format.ts";

/** In order. */
export function migrationNames(): readonly string[] {
  return Object.keys(changes);
}

/**
 * Brings the tables up to date. Two processes that start at once take turns. Returns the later release's migrations that the database
 * holds already, where that release says that this one may run on it all the same.
 * Throws DATABASE_NEWER when it does not say so.
 */
export async function migrate(
  database: Kysely<unknown>,
  known: Changes = changes,
): Promise<readonly string[]> {
  const later = await laterChanges(database, known);
  // A later release knew ours, and has made them.
  if (later.length > 0) return later;
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => ({ ...known }) },
    migrationTableName: "tandem_migration",
    migrationLockTableName: "tandem_migration_lock",
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    // The other process may have been a later one.
    const made = await laterChanges(database, known);
    if (made.length > 0) return made;
    throw error;
  }
  await noteWhoMayRead(database, known);
  return [];
}

/** Throws DATABASE_NEWER when one of them is too new for us. */
async function laterChanges(database: Kysely<unknown>, known: Changes): Promise<readonly string[]> {
  const { later, tooNew } = await changesBeyond(database, known);
  if (tooNew.length > 0) throw new TandemError("DATABASE_NEWER", { unknown: tooNew });
  return later;
}

/** The migrations that the database holds and we do not know, and those of them that keep us from running on it. */
export async function changesBeyond(
  database: Kysely<unknown>,
  known: Changes = changes,
): Promise<{ readonly later: readonly string[]; readonly tooNew: readonly string[] }> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === "tandem_migration")) return { later: [], tooNew: [] };
  const { rows } = await sql<{ name: string }>`select name from tandem_migration`.execute(database);
  const later = rows.map(({ name }) => name).filter((name) => !Object.hasOwn(known, name));
  const marks = tables.some(({ name }) => name === "tandem_readable_by")
    ? (await sql<Mark>`select name, readable_by from tandem_readable_by`.execute(database)).rows
    : [];
  const { written } = tablesFormat(known);
  const needed = (name: string): number =>
    marks.find((mark) => mark.name === name)?.readable_by ?? numberOf(name);
  return { later, tooNew: later.filter((name) => needed(name) > written) };
}

interface Mark {
  readonly name: string;
  readonly readable_by: number;
}

/** For the release before this one, which knows nothing of these changes but what stands here. */
async function noteWhoMayRead(database: Kysely<unknown>, known: Changes): Promise<void> {
  const marks = Object.entries(known).flatMap(([name, { readableBy }]) =>
    readableBy === undefined ? [] : [{ name, readableBy }],
  );
  if (marks.length === 0) return;
  await sql`create table if not exists tandem_readable_by (name text primary key, readable_by integer not null)`.execute(
    database,
  );
  for (const { name, readableBy } of marks)
    await sql`insert into tandem_readable_by (name, readable_by) values (${name}, ${readableBy}) on conflict do nothing`.execute(
      database,
    );
}
