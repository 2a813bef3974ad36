import type { Kysely } from "kysely";

/**
 * One database, two makes: a SQLite file by default, PostgreSQL by a setting. Rooms declare their tables' row types
 * and ask for a view of them; SQL lives in their `*-table.ts` files alone. Times are integers (ms since 1970), JSON is text.
 */
export interface Database {
  readonly make: "sqlite" | "postgresql";
  /** The typed query builder over the room's own tables. Outside a transaction each statement commits by itself, durably. */
  tables<T>(): Kysely<T>;
  /**
   * Everything inside commits together, durably, before this resolves; or nothing does. The transaction is the only way in:
   * pass `tx` down. Serializable: a conflict is tried again from the top (so `work` must be safe to run twice).
   */
  transaction<R>(work: (tx: Transaction) => Promise<R>): Promise<R>;
  close(): Promise<void>;
}

export interface Transaction {
  tables<T>(): Kysely<T>;
}
