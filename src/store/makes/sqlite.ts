import Sqlite from "better-sqlite3";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { codeOf, type Make, MappingDriver } from "./make.ts";

/** Statements kept compiled; ours are few, so this is a bound and no cache policy. */
const mostPrepared = 300;

/** Another process that writes is waited for this long; its transactions take milliseconds. */
const busyTimeoutMs = 5000;

export function openSqlite(path: string): Make {
  const dialect: Dialect = {
    createDriver: () => new MappingDriver(new SqliteDriver(path), isUnavailable),
    createQueryCompiler: () => new PlainValueCompiler(),
    createAdapter: () => new TransactionalSqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
  return { name: "sqlite", kysely: new Kysely<unknown>({ dialect }), isConflict: () => false };
}

/**
 * `+?` is `?`, but SQLite plans by it without asking for its value. By a bare `?` it hopes for a better plan with each new value, and
 * compiles most statements that are ordered, limited or hold a max() anew each time that they are said: two thirds of what they cost.
 */
class PlainValueCompiler extends SqliteQueryCompiler {
  protected override getCurrentParameterPlaceholder(): string {
    return "+?";
  }
}

/** SQLite's DDL is transactional; saying so makes a migration one transaction, and two processes that migrate take turns. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/**
 * One connection, handed to one asker at a time in the order of asking: statements of two transactions never mix,
 * and a statement outside transactions waits for the transaction at work.
 */
class SqliteDriver implements Driver {
  readonly #path: string;
  readonly #waiting: (() => void)[] = [];
  #taken = false;
  #connection: SqliteConnection | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async init(): Promise<void> {
    this.#connection = new SqliteConnection(this.#path);
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#connection === undefined) throw new Error("the database is not open");
    if (this.#taken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#taken = true;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken = false;
    else next();
  }

  // Immediate: a deferred transaction that reads first and then finds another process writing fails at once, without waiting.
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("commit"));
  }

  // SQLite has already rolled back by itself after a full disk or an I/O error.
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#connection?.inTransaction === true)
      await connection.executeQuery(CompiledQuery.raw("rollback"));
  }

  async destroy(): Promise<void> {
    this.#connection?.close();
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #file: Sqlite.Database;
  readonly #prepared = new Map<string, Sqlite.Statement<unknown[]>>();

  constructor(path: string) {
    this.#file = new Sqlite(path, { timeout: busyTimeoutMs });
    try {
      this.#file.pragma("journal_mode = WAL");
      this.#file.pragma("synchronous = FULL");
      this.#file.pragma("foreign_keys = ON");
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  get inTransaction(): boolean {
    return this.#file.inTransaction;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const statement = this.#prepare(query.sql);
    if (statement.reader) return { rows: statement.all(...query.parameters) as R[] };
    const { changes } = statement.run(...query.parameters);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    for (const row of this.#prepare(query.sql).iterate(...query.parameters)) yield { rows: [row as R] };
  }

  close(): void {
    this.#file.close();
  }

  #prepare(sql: string): Sqlite.Statement<unknown[]> {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    if (this.#prepared.size >= mostPrepared) this.#prepared.clear();
    const statement = this.#file.prepare<unknown[]>(sql);
    this.#prepared.set(sql, statement);
    return statement;
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
