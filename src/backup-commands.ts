import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { systemClock } from "#base/clock.ts";
import { backUp, restore, type Unusable } from "#store/backup.ts";
import { unitAnswers } from "./doctor/who-runs.ts";
import { readDatabaseUrl, readUnitSocket } from "./settings.ts";

/** What `tandem backup` and `tandem restore` do, and the sentences that they say. */
export interface BackupWish {
  readonly file: string;
  readonly force: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Said {
  readonly code: number;
  readonly text: string;
}

export async function backupCommand(wish: BackupWish): Promise<Said> {
  const database = sqliteFile(wish.environment);
  if (database === undefined) return no(`${notOurs} \`pg_dump --format=custom --file FILE DATABASE\`.`);
  if (!existsSync(database)) {
    return no(`There is no database ${database}. TANDEM_DATA or TANDEM_DATABASE says where it is.`);
  }
  const file = resolve(wish.file);
  const answer = backUp({ from: database, to: file, replace: wish.force });
  if (answer.type === "exists") return no(`${file} is there already. --force overwrites it.`);
  if (answer.type !== "made") return no(whyUnusable(database, answer));
  return yes(`${file} is a sound copy of database ${database}: ${answer.bytes} octets.`);
}

export async function restoreCommand(wish: BackupWish): Promise<Said> {
  const database = sqliteFile(wish.environment);
  if (database === undefined) return no(`${notOurs} \`pg_restore --clean --dbname DATABASE FILE\`.`);
  const file = resolve(wish.file);
  if (!existsSync(file)) return no(`There is no file ${file}.`);
  // Its web process may be dead for a moment, and then has nothing open: the unit's socket tells that somebody will start the next.
  const socket = readUnitSocket(wish.environment);
  if (await unitAnswers(socket, systemClock)) {
    return no(`The platform runs: its unit answers at ${socket}. Stop it first. Nothing was changed.`);
  }
  const answer = restore({ from: file, to: database, force: wish.force, nowMs: systemClock.now() });
  switch (answer.type) {
    case "restored": {
      const { keptAside, migrationsMissing } = answer;
      const aside = keptAside === undefined ? "" : ` What was there is now ${keptAside}.`;
      const older = migrationsMissing.length === 0 ? "" : " The next start brings its tables up to date.";
      return yes(`Database ${database} is now as ${file} has it.${aside}${older}`);
    }
    case "in-use":
      return no(`Somebody has ${database} open. Stop the platform first. Nothing was changed.`);
    case "present-unreadable":
      return no(
        `${database} is so damaged that nobody can see whether a platform has it open. Stop it, and say --force. Nothing was changed.`,
      );
    default:
      return no(`${whyUnusable(file, answer)} Nothing was changed.`);
  }
}

const notOurs = "TANDEM_DATABASE is a PostgreSQL's, and PostgreSQL's own tools are right for it:";

function whyUnusable(file: string, why: Unusable): string {
  switch (why.type) {
    case "no-database":
      return `${file} is no database of Tandem's.`;
    case "damaged":
      return `${file} is damaged: ${why.findings.join("; ")}.`;
    case "newer":
      return `${file} was written by a newer Tandem (${why.migrations.join(", ")}): restore it with that one.`;
    case "same-file":
      return "That is the database itself.";
  }
}

function sqliteFile(environment: BackupWish["environment"]): string | undefined {
  const path = /^sqlite:(.+)$/.exec(readDatabaseUrl(environment))?.[1];
  return path === undefined ? undefined : resolve(path);
}

function yes(text: string): Said {
  return { code: 0, text: `${text}\n` };
}

function no(text: string): Said {
  return { code: 1, text: `${text}\n` };
}
