import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Clock, steadyClock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import { silentLog } from "#base/log.ts";
import { type DatabaseState, databaseState } from "#store/soundness.ts";
import { doubtful, type Finding, reasonOf, well, wrong } from "./finding.ts";
import type { Patient } from "./patient.ts";

const check = "database";
const oldestPostgresql = 15;
const syncs = 20;
const slowSyncMs = 50;
const fullMegabytes = 100;
const lowMegabytes = 1_000;

/** Opens, is of this version, can be written; and the disk below it syncs in good time and has room. */
export async function checkDatabase({ settings }: Patient): Promise<readonly Finding[]> {
  const { databaseUrl, dataFolder } = settings;
  const file = /^sqlite:(.+)$/.exec(databaseUrl)?.[1];
  const disk = ofDisk(existing(file === undefined ? dataFolder : dirname(file)));
  if (file !== undefined && !existsSync(file))
    return [well(check, `There is no ${file} yet: the first start makes it.`), ...disk];
  try {
    return [...ofState(await databaseState(databaseUrl, silentLog)), ...disk];
  } catch (error) {
    if (!(error instanceof TandemError) || error.code !== "DATABASE_UNAVAILABLE") throw error;
    const mend =
      file === undefined
        ? "See that the address in TANDEM_DATABASE answers, and that its user and database exist."
        : "See that the file is a database of Tandem's, and that this user may read and write it and its folder.";
    return [wrong(check, `It cannot be opened: ${reasonOf(error)}.`, mend), ...disk];
  }
}

export function ofState(state: DatabaseState): readonly Finding[] {
  const { make, version, migrationsMissing, migrationsUnknown, whyNotWritable, synchronousCommit } = state;
  const found: Finding[] = [];
  const name = make === "sqlite" ? `SQLite ${version}` : `PostgreSQL ${version}`;
  if (make === "postgresql" && Number.parseInt(version, 10) < oldestPostgresql)
    found.push(wrong(check, `${name} is too old.`, `Tandem needs PostgreSQL ${oldestPostgresql} or later.`));
  if (synchronousCommit === "off")
    found.push(
      wrong(
        check,
        "synchronous_commit is off: a permit that a crash forgets is a call nobody allowed.",
        "Set it to on, for this database or its user.",
      ),
    );
  if (migrationsUnknown.length > 0)
    found.push(
      wrong(
        check,
        `A newer Tandem has written it (${migrationsUnknown.join(", ")}).`,
        "Start the newer version, or restore the copy taken before the upgrade.",
      ),
    );
  if (whyNotWritable !== undefined)
    found.push(
      wrong(
        check,
        `Nothing can be written: ${reasonOf(whyNotWritable)}.`,
        "No call is placed without a permit on disk: let this user write.",
      ),
    );
  if (migrationsMissing.length > 0)
    found.push(
      doubtful(
        check,
        `An older Tandem has written it: ${migrationsMissing.join(", ")} not done yet.`,
        "The next start does that, and there is no way back: copy the database first.",
      ),
    );
  return found.length > 0 ? found : [well(check, `${name} opens, is of this version and can be written.`)];
}

function ofDisk(folder: string): readonly Finding[] {
  const { bavail, bsize } = statfsSync(folder);
  const freeMegabytes = Math.floor((bavail * bsize) / 1e6);
  return [ofRoom(folder, freeMegabytes), ofSync(folder, steadyClock)];
}

export function ofRoom(folder: string, freeMegabytes: number): Finding {
  const says = `${freeMegabytes} MB are free at ${folder}.`;
  const figures = { freeMegabytes };
  const mend = "Make room: a full disk stops new calls.";
  if (freeMegabytes < fullMegabytes) return wrong(check, says, mend, figures);
  return freeMegabytes < lowMegabytes ? doubtful(check, says, mend, figures) : well(check, says, figures);
}

/** A commit waits for the disk: how long that takes, on average. */
function ofSync(folder: string, clock: Clock): Finding {
  let inside: string;
  try {
    inside = mkdtempSync(join(folder, ".doctor-"));
  } catch (error) {
    return wrong(
      check,
      `Nothing can be written to ${folder}: ${reasonOf(error)}.`,
      "Let the user who runs Tandem write there.",
    );
  }
  const file = openSync(join(inside, "written"), "w", 0o600);
  try {
    const beganAtMs = clock.now();
    for (let at = 0; at < syncs; at += 1) {
      writeSync(file, Buffer.alloc(4096), 0, 4096, 0);
      fsyncSync(file);
    }
    const syncMs = Math.round((10 * (clock.now() - beganAtMs)) / syncs) / 10;
    const says = `The disk at ${folder} syncs in ${syncMs} ms.`;
    if (syncMs <= slowSyncMs) return well(check, says, { syncMs });
    return doubtful(check, says, "Every step of a call waits for that some times: use a quicker disk.", {
      syncMs,
    });
  } finally {
    closeSync(file);
    rmSync(inside, { recursive: true });
  }
}

/** The folder, or the nearest above it that is there. */
function existing(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : existing(dirname(folder));
}
