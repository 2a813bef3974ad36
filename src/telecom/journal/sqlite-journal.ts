import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Cancel, Clock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import { type LegId, type PermitId, readable } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import Sqlite from "better-sqlite3";
import type { FoundRow, Journal, RowKind, RowName } from "./journal.ts";
import { keyIn, makeSeal, type Seal } from "./seal.ts";

export interface JournalParts {
  /** Made when it is missing. */
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** SQLite's own field for whose file this is ("TDMJ"), and the version of the rows in it. */
const applicationId = 0x54444d4a;
export const journalVersion = 1;
/** Who takes up the same lines and dies at once, so many times in a row, dies of them: then they are put aside. */
const mostShortLives = 8;
const longEnoughMs = 3_000;
/** How long what nobody settles may wait. */
const idleMs = 20;
/** A permit is remembered longer than any command that names it may be repeated. */
const permitKeptMs = 7 * 24 * 3_600_000;

/**
 * Opens the unit's journal, and makes one where there is none. What cannot be read (a damaged file, another program's, a newer
 * version's) is put aside under another name and said loudly: its calls are lost, and the unit serves.
 */
export function openJournal(parts: JournalParts): Journal {
  mkdirSync(parts.folder, { recursive: true, mode: 0o700 });
  const path = join(parts.folder, "unit-journal.sqlite");
  const open = (): Journal =>
    new SqliteJournal(
      path,
      makeSeal(keyIn(join(parts.folder, "unit-journal.key"), parts.random), parts.random),
      parts,
    );
  try {
    return open();
  } catch (error) {
    const aside = `${path}.unreadable-${parts.clock.now()}`;
    for (const suffix of ["", "-wal", "-shm"])
      if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
    parts.log.error(
      { error, aside },
      "The unit's journal cannot be read. It was put aside: the calls in it are lost.",
    );
    return open();
  }
}

/** What is known of a row that is to be written: its content, or that it goes. */
type Noted = { readonly name: RowName; readonly content: (() => unknown) | undefined };

class SqliteJournal implements Journal {
  readonly boot: string;
  readonly #seal: Seal;
  readonly #parts: JournalParts;
  readonly #file: Sqlite.Database;
  readonly #noted = new Map<string, Noted>();
  readonly #permits: { readonly permit: PermitId; readonly leg: LegId }[] = [];
  readonly #statements: Statements;
  #cancelDue: Cancel | undefined;
  readonly #cancelShortLife: Cancel;
  #closed = false;

  constructor(path: string, seal: Seal, parts: JournalParts) {
    this.#seal = seal;
    this.#parts = parts;
    // The file is made inside, on this turn: the mask leaves no moment in which another user could open it.
    const mask = process.umask(0o177);
    try {
      this.#file = new Sqlite(path);
    } finally {
      process.umask(mask);
    }
    try {
      prepareFile(this.#file);
      this.#statements = statementsOf(this.#file);
      this.boot = this.#bootOf(seal);
      this.#cancelShortLife = this.#countLives();
      this.#statements.dropOldPermits.run(parts.clock.now() - permitKeptMs);
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  found(kind: RowKind): readonly FoundRow[] {
    const rows = this.#statements.rows.all(kind) as { id: string; content: Uint8Array }[];
    return rows.flatMap(({ id, content }) => {
      try {
        return [{ id, content: JSON.parse(this.#seal.open(`${kind} ${id}`, content)) as unknown }];
      } catch (error) {
        this.#parts.log.error({ error, kind, id }, "A row of the unit's journal cannot be read; it is lost.");
        this.drop({ kind, id });
        return [];
      }
    });
  }

  keep(name: RowName, content: () => unknown): void {
    this.#note({ name, content });
  }

  drop(name: RowName): void {
    this.#note({ name, content: undefined });
  }

  legOf(permit: PermitId): LegId | undefined {
    const fresh = this.#permits.find((used) => used.permit === permit);
    return fresh?.leg ?? (this.#statements.permit.get(permit) as { leg: LegId } | undefined)?.leg;
  }

  use(permit: PermitId, leg: LegId): void {
    this.#permits.push({ permit, leg });
    this.#fallDue();
  }

  settle(): boolean {
    if (this.#closed) return false;
    this.#cancelDue?.();
    this.#cancelDue = undefined;
    if (this.#noted.size === 0 && this.#permits.length === 0) return true;
    try {
      this.#statements.all(() => this.#write());
    } catch (error) {
      this.#parts.log.error({ error }, "The unit's journal cannot be written: a death now would lose calls.");
      return false;
    }
    this.#noted.clear();
    this.#permits.length = 0;
    return true;
  }

  end(): void {
    if (this.#closed) return;
    this.#noted.clear();
    this.settle();
    this.#statements.dropLines.run();
    this.#statements.dropFact.run("boot");
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.settle();
    this.#cancelShortLife();
    this.#closed = true;
    this.#file.close();
  }

  #write(): void {
    for (const { name, content } of this.#noted.values()) {
      if (content === undefined) this.#statements.dropRow.run(name.kind, name.id);
      else {
        const sealed = this.#seal.close(`${name.kind} ${name.id}`, JSON.stringify(content()));
        this.#statements.keepRow.run(name.kind, name.id, sealed);
      }
    }
    for (const { permit, leg } of this.#permits)
      this.#statements.use.run(permit, leg, this.#parts.clock.now());
  }

  #note(noted: Noted): void {
    this.#noted.set(`${noted.name.kind} ${noted.name.id}`, noted);
    this.#fallDue();
  }

  /** What nobody settles waits a moment for what is written anyway: nobody was told of it, so nobody misses it. */
  #fallDue(): void {
    if (this.#cancelDue !== undefined || this.#closed) return;
    const { clock } = this.#parts;
    this.#cancelDue = clock.at(clock.now() + idleMs, () => void this.settle());
  }

  /** The breaker of a crash loop. Returns the end of the count. */
  #countLives(): Cancel {
    const { clock } = this.#parts;
    const { fact, keepFact, rows } = this.#statements;
    const known = fact.get("short lives") as { value: Uint8Array } | undefined;
    const lives = known === undefined ? 0 : Number(Buffer.from(known.value).toString());
    if (lives >= mostShortLives && rows.all("leg").length > 0)
      throw new TandemError("BUG", { why: "whoever takes up these lines dies at once", lives });
    const note = (count: number): void => void keepFact.run("short lives", Buffer.from(String(count)));
    note(lives + 1);
    return clock.at(clock.now() + longEnoughMs, () => note(0));
  }

  /** The lines that a machine had before it was started anew are nobody's. */
  #bootOf(seal: Seal): string {
    const machine = machineBoot();
    const known = this.#statements.fact.get("boot") as { value: Uint8Array } | undefined;
    const before = known === undefined ? undefined : (JSON.parse(seal.open("boot", known.value)) as Boot);
    if (before?.machine === machine) return before.boot;
    this.#statements.dropLines.run();
    const boot = readable(this.#parts.random, 16);
    this.#statements.keepFact.run(
      "boot",
      seal.close("boot", JSON.stringify({ boot, machine } satisfies Boot)),
    );
    return boot;
  }
}

interface Boot {
  readonly boot: string;
  readonly machine: string;
}

function machineBoot(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // A system that has no such file: a restart of it is not told from one of the unit.
    return "unknown";
  }
}

/**
 * WAL, and no wait for the disk: a commit is handed to the kernel, which keeps it whatever becomes of this process. A machine that dies
 * takes its lines with it (`machineBoot`), and may leave a damaged file, which is put aside; nobody is dialled again, since no call of
 * the web process goes on with another boot.
 */
function prepareFile(file: Sqlite.Database): void {
  file.pragma("journal_mode = WAL");
  file.pragma("synchronous = OFF");
  // Who took over from a process that hangs is not kept out by it: that one's writes fail.
  file.pragma("busy_timeout = 2000");
  const owner = file.pragma("application_id", { simple: true });
  const version = file.pragma("user_version", { simple: true });
  if (owner === 0 && version === 0 && isEmpty(file)) {
    file.exec(tables);
    file.pragma(`application_id = ${applicationId}`);
    file.pragma(`user_version = ${journalVersion}`);
    return;
  }
  if (owner !== applicationId || version !== journalVersion)
    throw new TandemError("SETTINGS_INVALID", {
      journal: "is not one that this version reads",
      owner,
      version,
    });
}

function isEmpty(file: Sqlite.Database): boolean {
  return (
    (file.prepare("select count(*) as tables from sqlite_master").get() as { tables: number }).tables === 0
  );
}

const tables = `
  create table row (kind text not null, id text not null, content blob not null, primary key (kind, id)) without rowid;
  create table permit (permit text primary key, leg text not null, at_ms integer not null) without rowid;
  create table fact (name text primary key, value blob not null) without rowid;
`;

type Statements = ReturnType<typeof statementsOf>;

function statementsOf(file: Sqlite.Database) {
  const immediate = file.transaction((work: () => void) => work()).immediate;
  return {
    all: (work: () => void) => immediate(work),
    rows: file.prepare("select id, content from row where kind = ? order by id"),
    keepRow: file.prepare("insert or replace into row (kind, id, content) values (?, ?, ?)"),
    dropRow: file.prepare("delete from row where kind = ? and id = ?"),
    dropLines: file.prepare("delete from row where kind <> 'phone'"),
    permit: file.prepare("select leg from permit where permit = ?"),
    use: file.prepare("insert or ignore into permit (permit, leg, at_ms) values (?, ?, ?)"),
    dropOldPermits: file.prepare("delete from permit where at_ms < ?"),
    fact: file.prepare("select value from fact where name = ?"),
    keepFact: file.prepare("insert or replace into fact (name, value) values (?, ?)"),
    dropFact: file.prepare("delete from fact where name = ?"),
  };
}
