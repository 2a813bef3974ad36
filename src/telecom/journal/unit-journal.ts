import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Cancel, Clock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import { readable, type LegId, type PermitId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { FoundRow, Journal, RowKind, RowName } from "./journal.ts";
import { keyIn } from "./key-file.ts";
import { PermitTable, type UsedPermit } from "./permit-table.ts";
import { type Change, changed, changesBetween } from "./row-changes.ts";
import { broughtUp, type RowFormat, rowFormat } from "../row-format.ts";
import { type LogKind, recordsIn, SealedLog } from "./sealed-log.ts";

export interface JournalParts {
  /** Made when it is missing. */
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Today's, unless a test tells of another release's. */
  readonly format?: RowFormat;
  /** Which life of the machine this is: the kernel's own word, unless told. */
  readonly machineBoot?: string;
}

const names = { log: "unit-journal.log", permits: "unit-permits.sqlite", key: "unit-journal.key" } as const;
/** Who takes up the same lines and dies at once, so many times in a row, dies of them: then they are put aside. */
const mostShortLives = 8;
const longEnoughMs = 3_000;
/** How long what nobody settles may wait. */
const idleMs = 20;
/** A permit is remembered longer than any command that names it may be repeated. */
const permitKeptMs = 7 * 24 * 3_600_000;
/** How long the log alone knows of a permit's use. */
const permitsDueMs = 1_000;
/** A log is begun anew once it is so much longer than it began, and never for less than this. */
const growth = 4;
const shortestOctets = 4 * 1024 * 1024;

/**
 * Opens the unit's journal, and makes one where there is none. What cannot be read (a damaged file, another program's, a version's
 * that is too far away) is put aside under another name and said loudly: its calls are lost, and the unit serves.
 */
export function openJournal(parts: JournalParts): Journal {
  mkdirSync(parts.folder, { recursive: true, mode: 0o700 });
  try {
    return new UnitJournal(parts);
  } catch (error) {
    const suffix = `unreadable-${parts.clock.now()}`;
    for (const name of [names.log, ...["", "-wal", "-shm"].map((each) => names.permits + each)]) {
      const path = join(parts.folder, name);
      if (existsSync(path)) renameSync(path, `${path}.${suffix}`);
    }
    parts.log.error(
      { error, suffix },
      "The unit's journal cannot be read. It was put aside: the calls in it are lost.",
    );
    return new UnitJournal(parts);
  }
}

/** A row as it is named in the log: also facts about the journal itself are rows. */
type LoggedKind = RowKind | "fact";
type LoggedRow = { readonly kind: LoggedKind; readonly id: string };
/** What of a row changed; that it is gone; that a permit was used. */
type Entry =
  | readonly ["row", LoggedKind, string, readonly Change[]]
  | readonly ["gone", LoggedKind, string]
  | readonly ["used", PermitId, LegId, number];
/** What is known of a row that is to be written: its content, or that it goes. */
type Noted = LoggedRow & { readonly content: (() => unknown) | undefined };
type Written = LoggedRow & { readonly content: unknown };

const bootRow = { kind: "fact", id: "boot" } as const;
const livesRow = { kind: "fact", id: "short lives" } as const;

/** Each settle is one record of the log: what changed since the last one. All rows as they stand are kept in memory as well. */
class UnitJournal implements Journal {
  readonly boot: string;
  readonly #parts: JournalParts;
  readonly #format: RowFormat;
  readonly #kind: LogKind;
  readonly #permits: PermitTable;
  /** As they stand in the log. */
  readonly #written = new Map<string, Written>();
  readonly #noted = new Map<string, Noted>();
  readonly #used: UsedPermit[] = [];
  /** Those that the log knows, and the table does not. */
  readonly #unstored = new Map<PermitId, UsedPermit>();
  #log: SealedLog | undefined;
  /** From so many octets on, the next write begins another one. */
  #anewAt = 0;
  #cancelDue: Cancel | undefined;
  #cancelPermitsDue: Cancel | undefined;
  #cancelShortLife: Cancel = () => {};
  #closed = false;

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#format = parts.format ?? rowFormat;
    const key = keyIn(join(parts.folder, names.key), parts.random);
    this.#kind = { path: join(parts.folder, names.log), key, format: this.#format };
    this.#permits = new PermitTable(join(parts.folder, names.permits));
    try {
      this.#readLog();
      this.boot = this.#takeUpBoot();
      this.#countLives();
      this.#permits.forgetBefore(parts.clock.now() - permitKeptMs);
      this.#beginAnew();
    } catch (error) {
      this.#permits.close();
      throw error;
    }
    this.#cancelShortLife = parts.clock.at(parts.clock.now() + longEnoughMs, () =>
      this.#note({ ...livesRow, content: () => 0 }),
    );
  }

  found(kind: RowKind): readonly FoundRow[] {
    return [...this.#written.values()]
      .filter((row) => row.kind === kind)
      .map(({ id, content }) => ({ id, content }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  keep(name: RowName, content: () => unknown): void {
    this.#note({ ...name, content });
  }

  drop(name: RowName): void {
    this.#note({ ...name, content: undefined });
  }

  legOf(permit: PermitId): LegId | undefined {
    const fresh = this.#used.find((used) => used.permit === permit) ?? this.#unstored.get(permit);
    return fresh?.leg ?? this.#permits.legOf(permit);
  }

  use(permit: PermitId, leg: LegId): void {
    this.#used.push({ permit, leg, atMs: this.#parts.clock.now() });
    this.#fallDue();
  }

  settle(): boolean {
    if (this.#closed) return false;
    this.#cancelDue?.();
    this.#cancelDue = undefined;
    if (this.#noted.size === 0 && this.#used.length === 0) return true;
    try {
      this.#write();
    } catch (error) {
      // What the file has of the record is torn: all is written anew, into another one.
      this.#anewAt = 0;
      this.#parts.log.error({ error }, "The unit's journal cannot be written: a death now would lose calls.");
      return false;
    }
    this.#noted.clear();
    this.#used.length = 0;
    return true;
  }

  end(): void {
    if (this.#closed) return;
    const isLine = ({ kind }: LoggedRow): boolean => kind !== "phone";
    for (const row of [...this.#written.values(), ...this.#noted.values()].filter(isLine))
      this.#note({ ...row, content: undefined });
    this.settle();
    this.#storePermitsWhenDue();
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelDue?.();
    this.#cancelPermitsDue?.();
    this.#cancelShortLife();
    this.#log?.close();
    this.#permits.close();
  }

  #note(noted: Noted): void {
    this.#noted.set(nameOf(noted), noted);
    this.#fallDue();
  }

  /** What nobody settles waits a moment for what is written anyway: nobody was told of it, so nobody misses it. */
  #fallDue(): void {
    if (this.#cancelDue !== undefined || this.#closed) return;
    const { clock } = this.#parts;
    this.#cancelDue = clock.at(clock.now() + idleMs, () => void this.settle());
  }

  #write(): void {
    const entries: Entry[] = [];
    for (const noted of this.#noted.values()) {
      const entry = this.#entryOf(noted);
      if (entry !== undefined) entries.push(entry);
    }
    for (const used of this.#used) {
      entries.push(["used", used.permit, used.leg, used.atMs]);
      this.#remember(used);
    }
    if (this.#log === undefined || this.#log.length > this.#anewAt) this.#beginAnew();
    else if (entries.length > 0) this.#log.append(JSON.stringify(entries));
  }

  #entryOf({ kind, id, content }: Noted): Entry | undefined {
    const name = nameOf({ kind, id });
    const before = this.#written.get(name);
    if (content === undefined) return this.#written.delete(name) ? ["gone", kind, id] : undefined;
    const now = content();
    this.#written.set(name, { kind, id, content: now });
    const changes = changesBetween(before?.content, now);
    return changes.length === 0 ? undefined : ["row", kind, id, changes];
  }

  /** Another log, which begins with all that stands in this one, but the permits: those have their table. */
  #beginAnew(): void {
    if (this.#log?.isInPlace === false) throw new Error("another process has begun a journal of its own");
    this.#storePermits();
    const all = [...this.#written.values()].map(
      ({ kind, id, content }): Entry => ["row", kind, id, [[[], content]]],
    );
    const log = new SealedLog(this.#kind, JSON.stringify(all), this.#parts.random);
    this.#log?.close();
    this.#log = log;
    this.#anewAt = Math.max(shortestOctets, growth * log.length);
  }

  #remember(used: UsedPermit): void {
    if (!this.#unstored.has(used.permit)) this.#unstored.set(used.permit, used);
    this.#permitsFallDue();
  }

  #permitsFallDue(): void {
    const { clock } = this.#parts;
    this.#cancelPermitsDue ??= clock.at(clock.now() + permitsDueMs, () => this.#storePermitsWhenDue());
  }

  /** Until the table takes them, the log knows them. */
  #storePermitsWhenDue(): void {
    try {
      this.#storePermits();
    } catch (error) {
      this.#parts.log.error({ error }, "The table of used permits cannot be written; it is tried again.");
      this.#permitsFallDue();
    }
  }

  #storePermits(): void {
    this.#cancelPermitsDue?.();
    this.#cancelPermitsDue = undefined;
    this.#permits.add(this.#unstored.values());
    this.#unstored.clear();
  }

  #readLog(): void {
    if (!existsSync(this.#kind.path)) return;
    const { records, torn, written } = recordsIn(this.#kind);
    for (const record of records) for (const entry of JSON.parse(record) as Entry[]) this.#replay(entry);
    for (const [name, row] of this.#written)
      this.#written.set(name, { ...row, content: broughtUp(this.#format, written, row) });
    // Nobody was told what it said: whoever wrote it died before the write came back.
    if (torn) this.#parts.log.info({}, "The last record of the unit's journal was not written to its end.");
  }

  #replay(entry: Entry): void {
    switch (entry[0]) {
      case "used": {
        const [, permit, leg, atMs] = entry;
        return this.#remember({ permit, leg, atMs });
      }
      case "gone":
        return void this.#written.delete(nameOf({ kind: entry[1], id: entry[2] }));
      case "row": {
        const [, kind, id, changes] = entry;
        const before = this.#written.get(nameOf({ kind, id }))?.content;
        this.#written.set(nameOf({ kind, id }), { kind, id, content: changed(before, changes) });
      }
    }
  }

  /** The lines that a machine had before it was started anew are nobody's. */
  #takeUpBoot(): string {
    const machine = this.#parts.machineBoot ?? machineBoot();
    const before = this.#written.get(nameOf(bootRow))?.content as Boot | undefined;
    if (before?.machine === machine) return before.boot;
    for (const [name, { kind }] of this.#written) if (kind !== "phone") this.#written.delete(name);
    const boot = readable(this.#parts.random, 16);
    this.#written.set(nameOf(bootRow), { ...bootRow, content: { boot, machine } satisfies Boot });
    return boot;
  }

  /** The breaker of a crash loop. */
  #countLives(): void {
    const lives = Number(this.#written.get(nameOf(livesRow))?.content ?? 0);
    if (lives >= mostShortLives && this.found("leg").length > 0)
      throw new TandemError("BUG", { why: "whoever takes up these lines dies at once", lives });
    this.#written.set(nameOf(livesRow), { ...livesRow, content: lives + 1 });
  }
}

function nameOf({ kind, id }: LoggedRow): string {
  return `${kind} ${id}`;
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
