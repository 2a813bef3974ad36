import { TandemError } from "#base/errors.ts";
import type {
  CompiledQuery,
  DatabaseConnection,
  Driver,
  Kysely,
  QueryCompiler,
  QueryResult,
  TransactionSettings,
} from "kysely";

/** One make of database, opened. */
export interface Make {
  readonly name: "sqlite" | "postgresql";
  readonly kysely: Kysely<unknown>;
  /** Whether a transaction failed only because another one was at work: it may be tried again. */
  isConflict(error: unknown): boolean;
  /** What a statement that was compiled before gives, outside transactions. */
  readonly rows: Rows;
  /** Serializable; what it throws leaves nothing behind. */
  transaction<R>(work: (within: Within) => Promise<R>): Promise<R>;
}

/** Inside a transaction. */
export interface Within {
  readonly tables: Kysely<unknown>;
  readonly rows: Rows;
}

export type Rows = <Row>(query: CompiledQuery<Row>, parameters: readonly unknown[]) => Promise<Row[]>;

/** What says "the database is not there" becomes DATABASE_UNAVAILABLE; all else (a constraint, a mistake in a statement) goes through as it is. */
export function asOurs(error: unknown, isUnavailable: (error: unknown) => boolean): unknown {
  return isUnavailable(error) ? new TandemError("DATABASE_UNAVAILABLE", {}, error) : error;
}

/** A driver whose failures are ours. */
export class MappingDriver implements Driver {
  readonly #inner: Driver;
  readonly #isUnavailable: (error: unknown) => boolean;
  readonly #outer = new WeakMap<DatabaseConnection, MappingConnection>();

  constructor(inner: Driver, isUnavailable: (error: unknown) => boolean) {
    this.#inner = inner;
    this.#isUnavailable = isUnavailable;
  }

  init(): Promise<void> {
    return this.#map(() => this.#inner.init());
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const inner = await this.#map(() => this.#inner.acquireConnection());
    const known = this.#outer.get(inner);
    if (known !== undefined) return known;
    const outer = new MappingConnection(inner, (work) => this.#map(work));
    this.#outer.set(inner, outer);
    return outer;
  }

  beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    return this.#map(() => this.#inner.beginTransaction(within(connection), settings));
  }

  commitTransaction(connection: DatabaseConnection): Promise<void> {
    return this.#map(() => this.#inner.commitTransaction(within(connection)));
  }

  rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    return this.#map(() => this.#inner.rollbackTransaction(within(connection)));
  }

  async savepoint(
    connection: DatabaseConnection,
    name: string,
    compileQuery: QueryCompiler["compileQuery"],
  ): Promise<void> {
    await this.#map(async () => this.#inner.savepoint?.(within(connection), name, compileQuery));
  }

  releaseConnection(connection: DatabaseConnection): Promise<void> {
    return this.#inner.releaseConnection(within(connection));
  }

  destroy(): Promise<void> {
    return this.#inner.destroy();
  }

  async #map<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      throw asOurs(error, this.#isUnavailable);
    }
  }
}

class MappingConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection;
  readonly #map: <R>(work: () => Promise<R>) => Promise<R>;

  constructor(inner: DatabaseConnection, map: <R>(work: () => Promise<R>) => Promise<R>) {
    this.inner = inner;
    this.#map = map;
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.#map(() => this.inner.executeQuery<R>(query));
  }

  streamQuery<R>(query: CompiledQuery, chunkSize?: number): AsyncIterableIterator<QueryResult<R>> {
    return this.inner.streamQuery<R>(query, chunkSize);
  }
}

function within(connection: DatabaseConnection): DatabaseConnection {
  return connection instanceof MappingConnection ? connection.inner : connection;
}

/** The `code` of a driver's error, or "". */
export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}
