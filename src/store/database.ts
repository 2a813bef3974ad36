import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Kysely } from "kysely";
import type { Make, Rows, Within } from "./makes/make.ts";
import { openPostgresql } from "./makes/postgresql.ts";
import { openSqlite } from "./makes/sqlite.ts";
import { migrate } from "./migrations/migrate.ts";

/**
 * One database, two makes: a SQLite file by default, PostgreSQL by a setting. Rooms declare their tables' row types
 * and ask for a view of them; SQL lives in their `*-table.ts` files alone. Times are integers (ms since 1970), JSON is text.
 */
export interface Database {
  readonly make: "sqlite" | "postgresql";
  /** The typed query builder over the room's own tables. Outside a transaction each statement commits by itself, durably. */
  tables<T>(): Kysely<T>;
  /** The rows of a statement that was compiled before: `statement.ts` says them. */
  readonly rows: Rows;
  /**
   * Everything inside commits together, durably, before this resolves; or nothing does. The transaction is the only way in:
   * pass `tx` down. Serializable: a conflict is tried again from the top (so `work` must be safe to run twice).
   * Asking the database itself, and not `tx`, from inside `work` is a BUG and throws.
   */
  transaction<R>(work: (tx: Transaction) => Promise<R>): Promise<R>;
  close(): Promise<void>;
}

export interface Transaction {
  readonly make: Database["make"];
  tables<T>(): Kysely<T>;
  readonly rows: Rows;
}

/** One more try a conflict, each alone in this process: what still collides then collides with another process. */
const mostTries = 30;

/**
 * Opens `sqlite:/path/to/file`, `sqlite::memory:` or `postgresql://user@host/name` and brings its tables up to date.
 *
 * Throws SETTINGS_INVALID for another kind of address, DATABASE_UNAVAILABLE when it cannot be opened,
 * DATABASE_NEWER when a newer Tandem has written it that does not say that this one may go on with it.
 */
export async function openDatabase(options: {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<Database> {
  const make = openMake(options.url, options.log);
  try {
    const later = await migrate(make.kysely);
    if (later.length > 0)
      options.log.info(
        { later },
        "A later Tandem has written the database, and says that this one may use it.",
      );
  } catch (error) {
    await make.kysely.destroy().catch(() => {}); // The first error is the one to tell.
    throw error;
  }
  return around(make, options.clock, options.log);
}

function openMake(url: string, log: Log): Make {
  if (url.startsWith("sqlite:")) return openSqlite(url.slice("sqlite:".length));
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgresql(url, log);
  throw new TandemError("SETTINGS_INVALID", { why: "the database is neither sqlite: nor postgresql:" });
}

function around(make: Make, clock: Clock, log: Log): Database {
  const inside = new AsyncLocalStorage<{ open: boolean }>();
  const retries = new Queue();

  // On SQLite there is one connection: who waits for it from inside a transaction would wait for ever.
  const refuseInside = (): void => {
    if (inside.getStore()?.open === true) {
      throw new TandemError("BUG", { why: "the database was asked from inside a transaction; use its tx" });
    }
  };

  const whileOpen = ({ tables, rows }: Within, scope: { readonly open: boolean }): Transaction => {
    const refuseAfterwards = (): void => {
      if (!scope.open) throw new TandemError("BUG", { why: "a transaction was used after its end" });
    };
    return {
      make: make.name,
      tables<T>() {
        refuseAfterwards();
        return tables as unknown as Kysely<T>;
      },
      rows(query, parameters) {
        refuseAfterwards();
        return rows(query, parameters);
      },
    };
  };

  const once = async <R>(work: (tx: Transaction) => Promise<R>): Promise<R> => {
    const scope = { open: true };
    const beganAtMs = clock.now();
    try {
      return await make.transaction((within) => inside.run(scope, () => work(whileOpen(within, scope))));
    } finally {
      scope.open = false;
      const tookMs = clock.now() - beganAtMs;
      if (tookMs > 1000) log.warn({ tookMs }, "A transaction took more than a second.");
    }
  };

  return {
    make: make.name,
    tables<T>() {
      refuseInside();
      return make.kysely as unknown as Kysely<T>;
    },
    rows(query, parameters) {
      refuseInside();
      return make.rows(query, parameters);
    },
    async transaction(work) {
      refuseInside();
      for (let tries = 1; ; tries++) {
        try {
          return tries === 1 ? await once(work) : await retries.run(() => once(work));
        } catch (error) {
          if (!make.isConflict(error)) throw error;
          if (tries === mostTries)
            throw new TandemError("DATABASE_UNAVAILABLE", { why: "conflicts", tries }, error);
        }
      }
    },
    close: () => make.kysely.destroy(),
  };
}

/** Runs one piece of work after the other, in the order of asking. */
class Queue {
  #last: Promise<unknown> = Promise.resolve();

  run<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {}); // The asker hears the error; the next in the queue need not.
    return result;
  }
}
