import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { TandemError } from "#base/errors.ts";
import { codeOf } from "./makes/make.ts";
import { checkpointAndHold, copySqlite, examineSqlite } from "./makes/sqlite-copy.ts";
import { migrationNames } from "./migrations/migrate.ts";

/** What keeps a file from being copied, or put in a database's place. */
export type Unusable =
  /** No file of SQLite's, or one that holds no tables of Tandem's. */
  | { readonly type: "no-database" }
  | { readonly type: "damaged"; readonly findings: readonly string[] }
  /** It has been through these, which this Tandem does not know. */
  | { readonly type: "newer"; readonly migrations: readonly string[] }
  | { readonly type: "same-file" };

export type BackupAnswer =
  | { readonly type: "made"; readonly bytes: number }
  | { readonly type: "exists" }
  | Unusable;

/**
 * Copies a SQLite database as it is at one moment into `to`, while others read and write it: they wait for nothing, and the copy is
 * checked before it gets its name. Mode 0600. Over a file that is there only with `replace`. Throws BACKUP_FAILED.
 */
export function backUp(wish: {
  readonly from: string;
  readonly to: string;
  readonly replace: boolean;
}): BackupAnswer {
  const { from, to, replace } = wish;
  return told(to, (): BackupAnswer => {
    if (isPartOf(from, to)) return { type: "same-file" };
    if (existsSync(to) && !replace) return { type: "exists" };
    return withPart(to, (part): BackupAnswer => {
      const copied = copySqlite(from, part, { readonly: false });
      if (copied.type !== "sound") return copied;
      // Claimed first: whoever makes a file of this name meanwhile keeps it.
      if (!replace) closeSync(openSync(to, "wx", 0o600));
      intoPlace(part, to);
      return { type: "made", bytes: statSync(to).size };
    });
  });
}

export type RestoreAnswer =
  | {
      readonly type: "restored";
      /** Where the database that it replaced is now; undefined when there was none. */
      readonly keptAside: string | undefined;
      /** That the next start brings it up to date with. */
      readonly migrationsMissing: readonly string[];
    }
  /** Somebody has the present database open. */
  | { readonly type: "in-use" }
  /** The present database is so damaged that nobody can see whether somebody has it open. */
  | { readonly type: "present-unreadable" }
  | Unusable;

/**
 * Puts a copy of `from` in the place of the SQLite database `to`, which is kept beside it under another name. Nothing is changed
 * unless `from` is sound, of this version or an earlier one, and nobody has `to` open; `force` goes on where the last cannot be
 * seen. Throws BACKUP_FAILED.
 */
export function restore(wish: {
  readonly from: string;
  readonly to: string;
  readonly force: boolean;
  readonly nowMs: number;
}): RestoreAnswer {
  const { from, to, force } = wish;
  return told(to, (): RestoreAnswer => {
    if (isPartOf(to, from)) return { type: "same-file" };
    const found = examineSqlite(from);
    if (found.type !== "sound") return found;
    const known = migrationNames();
    const unknown = found.migrations.filter((name) => !known.includes(name));
    if (unknown.length > 0) return { type: "newer", migrations: unknown };
    const migrationsMissing = known.filter((name) => !found.migrations.includes(name));

    return withPart(to, (part): RestoreAnswer => {
      const copied = copySqlite(from, part, { readonly: true });
      if (copied.type !== "sound") return copied;
      ownedAs(part, to);
      if (!existsSync(to)) {
        intoPlace(part, to);
        return { type: "restored", keptAside: undefined, migrationsMissing };
      }
      const keptAside = `${to}.replaced-${stamp(wish.nowMs)}`;
      const hold = checkpointAndHold(to);
      if (hold.type === "in-use") return hold;
      if (hold.type === "unreadable" && !force) return { type: "present-unreadable" };
      try {
        // A second name, and then one rename: at no moment is there no database, for a start would make an empty one.
        linkSync(to, keptAside);
        if (hold.type === "unreadable") setLogsAside(to, keptAside);
        intoPlace(part, to);
      } finally {
        if (hold.type === "held") hold.release();
      }
      return { type: "restored", keptAside, migrationsMissing };
    });
  });
}

/** Whether `file` is the database or one of the files that SQLite keeps beside it. */
function isPartOf(database: string, file: string): boolean {
  const identity = (path: string): string | undefined => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? undefined : `${found.dev}:${found.ino}`;
  };
  const ofFile = identity(file);
  return ["", "-wal", "-shm", "-journal"].some(
    (end) => file === database + end || (ofFile !== undefined && identity(database + end) === ofFile),
  );
}

/** A file of its own beside `path`, readable by its owner alone from its first octet on, and gone afterwards. */
function withPart<R>(path: string, work: (part: string) => R): R {
  const part = `${path}.${process.pid}.part`;
  rmSync(part, { force: true });
  closeSync(openSync(part, "wx", 0o600));
  try {
    return work(part);
  } finally {
    rmSync(part, { force: true });
  }
}

/** Durably: the octets before the name, and the name before we say so. */
function intoPlace(part: string, to: string): void {
  synced(part, "r+");
  renameSync(part, to);
  chmodSync(to, 0o600);
  synced(dirname(to), "r");
}

function synced(path: string, flags: "r" | "r+"): void {
  const file = openSync(path, flags);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The platform's user must be able to open what root has restored. */
function ownedAs(part: string, to: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(existsSync(to) ? to : dirname(to));
  chownSync(part, uid, gid);
}

/** What a damaged database could not take in. Left beside the new one, it would be played into it. */
function setLogsAside(database: string, keptAside: string): void {
  for (const end of ["-wal", "-shm", "-journal"]) {
    if (existsSync(database + end)) renameSync(database + end, keptAside + end);
  }
}

/** `20261126T031500Z`, for a file's name. */
function stamp(atMs: number): string {
  return new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, "");
}

/** What the file system or SQLite refuses is told as one error of ours, with the reason. */
function told<R>(file: string, work: () => R): R {
  try {
    return work();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TandemError("BACKUP_FAILED", { file, code: codeOf(error), why }, error);
  }
}
