import { TandemError } from "#base/errors.ts";
import {
  type DatabaseConnection,
  type Driver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Make, Within } from "./make.ts";
import { SqliteFile } from "./sqlite-file.ts";

// Immediate: a deferred transaction that reads first and then finds another process writing fails at once, without waiting.
const begin = "begin immediate";

/** Compiled statements and whole transactions go straight to the file; what is built on the spot goes through Kysely's drivers. */
export function openSqlite(path: string): Make {
  const file = new SqliteFile(path);
  const within: Within = {
    tables: kyselyOver(new DriverWithin(file)),
    rows: async (query, parameters) => file.say<never>(query.sql, parameters).rows,
  };
  return {
    name: "sqlite",
    kysely: kyselyOver(new SqliteDriver(file)),
    isConflict: () => false,
    async rows(query, parameters) {
      if (!file.isTaken) return within.rows(query, parameters);
      return inTurn(file, () => within.rows(query, parameters));
    },
    transaction: (work) =>
      inTurn(file, async () => {
        file.say(begin);
        try {
          const result = await work(within);
          file.say("commit");
          return result;
        } catch (error) {
          rollBack(file);
          throw error;
        }
      }),
  };
}

async function inTurn<R>(file: SqliteFile, work: () => Promise<R>): Promise<R> {
  await file.take();
  try {
    return await work();
  } finally {
    file.release();
  }
}

/** SQLite has already rolled back by itself after a full disk or an I/O error. */
function rollBack(file: SqliteFile): void {
  if (file.inTransaction) file.say("rollback");
}

function kyselyOver(driver: Driver): Kysely<unknown> {
  return new Kysely<unknown>({
    dialect: {
      createDriver: () => driver,
      createQueryCompiler: () => new PlainValueCompiler(),
      createAdapter: () => new TransactionalSqliteAdapter(),
      createIntrospector: (db) => new SqliteIntrospector(db),
    },
  });
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

/** For statements outside transactions, and for the migrator's own transactions. */
class SqliteDriver implements Driver {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  async init(): Promise<void> {
    this.#file.open();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#file.take();
    return this.#file;
  }

  async releaseConnection(): Promise<void> {
    this.#file.release();
  }

  async beginTransaction(): Promise<void> {
    this.#file.say(begin);
  }

  async commitTransaction(): Promise<void> {
    this.#file.say("commit");
  }

  async rollbackTransaction(): Promise<void> {
    rollBack(this.#file);
  }

  async destroy(): Promise<void> {
    this.#file.close();
  }
}

/** For statements of the transaction at work: it is their turn already. */
class DriverWithin implements Driver {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#file;
  }

  async releaseConnection(): Promise<void> {}

  async beginTransaction(): Promise<void> {
    throw new TandemError("BUG", { why: "a transaction was begun inside a transaction" });
  }

  async commitTransaction(): Promise<void> {}

  async rollbackTransaction(): Promise<void> {}

  async destroy(): Promise<void> {}
}
