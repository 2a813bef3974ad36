import Sqlite from "better-sqlite3";
import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";
import { asOurs, codeOf } from "./make.ts";

/** Statements kept compiled; ours are few, so this is a bound and no cache policy. */
const mostPrepared = 300;

/** Another process that writes is waited for this long; its transactions take milliseconds. */
const busyTimeoutMs = 5000;

/**
 * A database file with its one connection, handed to one asker at a time in the order of asking: statements of two transactions never
 * mix, and a statement outside transactions waits for the transaction at work.
 */
export class SqliteFile implements DatabaseConnection {
  readonly #path: string;
  readonly #waiting: (() => void)[] = [];
  readonly #prepared = new Map<string, Sqlite.Statement<unknown[]>>();
  #open: Sqlite.Database | undefined;
  isTaken = false;

  constructor(path: string) {
    this.#path = path;
  }

  open(): void {
    this.#told(() => {
      const file = new Sqlite(this.#path, { timeout: busyTimeoutMs });
      try {
        file.pragma("journal_mode = WAL");
        file.pragma("synchronous = FULL");
        file.pragma("foreign_keys = ON");
      } catch (error) {
        file.close();
        throw error;
      }
      this.#open = file;
    });
  }

  /** Resolves when it is the asker's turn, who ends it with `release`. */
  async take(): Promise<void> {
    if (this.isTaken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.isTaken = true;
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.isTaken = false;
    else next();
  }

  get inTransaction(): boolean {
    return this.#open?.inTransaction === true;
  }

  /** At once; for whose turn it is. */
  say<R>(sql: string, parameters: readonly unknown[] = []): QueryResult<R> {
    return this.#told(() => {
      const statement = this.#prepare(sql);
      if (statement.reader) return { rows: statement.all(...parameters) as R[] };
      const { changes } = statement.run(...parameters);
      return { rows: [], numAffectedRows: BigInt(changes) };
    });
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.say(query.sql, query.parameters);
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    for (const row of this.#prepare(query.sql).iterate(...query.parameters)) yield { rows: [row as R] };
  }

  close(): void {
    this.#open?.close();
  }

  #prepare(sql: string): Sqlite.Statement<unknown[]> {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    if (this.#open === undefined) throw new Error("the database is not open");
    if (this.#prepared.size >= mostPrepared) this.#prepared.clear();
    const statement = this.#open.prepare<unknown[]>(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }

  #told<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      throw asOurs(error, isUnavailable);
    }
  }
}

// https://www.sqlite.org/rescode.html: the file is locked, gone, full, broken, or no database at all.
const unavailable =
  /^SQLITE_(BUSY|LOCKED|CANTOPEN|IOERR|FULL|READONLY|NOTADB|CORRUPT|NOMEM|PERM|AUTH|PROTOCOL)/;

function isUnavailable(error: unknown): boolean {
  if (unavailable.test(codeOf(error))) return true;
  // better-sqlite3 itself checks the folder, and whether the file was closed.
  return (
    error instanceof TypeError &&
    /directory does not exist|connection is not open|is not open/.test(error.message)
  );
}
