import { existsSync } from "node:fs";
import type { Clock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { type Database, openDatabase } from "#store/database.ts";
import { databaseState } from "#store/soundness.ts";
import type { Settings } from "../settings.ts";

/**
 * Asks the database as it stands: to open one that is not there, or is of another version, would change it, and then `ask` is not
 * called. Throws DATABASE_UNAVAILABLE when it cannot be opened.
 */
export async function askStanding<Answer>(
  { databaseUrl }: Settings,
  clock: Clock,
  ask: (database: Database) => Promise<Answer>,
): Promise<Answer | "not there" | "another version's"> {
  const file = /^sqlite:(.+)$/.exec(databaseUrl)?.[1];
  if (file !== undefined && !existsSync(file)) return "not there";
  const { migrationsMissing, migrationsUnknown } = await databaseState(databaseUrl, silentLog);
  if (migrationsMissing.length + migrationsUnknown.length > 0) return "another version's";
  const database = await openDatabase({ url: databaseUrl, clock, log: silentLog });
  try {
    return await ask(database);
  } finally {
    await database.close();
  }
}
