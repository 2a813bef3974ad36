import type { Log } from "#base/log.ts";
import { type CompiledQuery, type Dialect, Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { codeOf, type Make, MappingDriver, type Rows } from "./make.ts";

export function openPostgresql(url: string, log: Log): Make {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 30_000,
    // A connection whose client died in the middle must not hold its locks for long.
    idle_in_transaction_session_timeout: 30_000,
    statement_timeout: 20_000,
    application_name: "tandem",
    types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
  });
  // A connection that the server closes is an event, in the pool's hands as in a transaction's; without a listener it is the
  // end of the process. Whoever waits on it is told by a rejection as well.
  pool.on("connect", (client) => {
    client.on("error", (error) => log.warn({ why: error.message }, "A database connection was lost."));
  });
  pool.on("error", () => {}); // The same event again, of a connection that was idle.

  const inner = new PostgresDialect({ pool });
  const dialect: Dialect = {
    createDriver: () => new MappingDriver(inner.createDriver(), isUnavailable),
    createQueryCompiler: () => inner.createQueryCompiler(),
    createAdapter: () => inner.createAdapter(),
    createIntrospector: (db) => inner.createIntrospector(db),
  };
  const kysely = new Kysely<unknown>({ dialect });
  return {
    name: "postgresql",
    kysely,
    isConflict,
    rows: rowsBy(kysely),
    transaction: (work) =>
      kysely
        .transaction()
        .setIsolationLevel("serializable")
        .execute((tables) => work({ tables, rows: rowsBy(tables) })),
  };
}

function rowsBy(tables: Kysely<unknown>): Rows {
  return async <Row>(query: CompiledQuery<Row>, parameters: readonly unknown[]) =>
    (await tables.executeQuery<Row>({ ...query, parameters })).rows;
}

// pg gives 64-bit integers as strings. Ours are moments in ms and counts, far below 2^53.
function typeParser(oid: number, format?: "text" | "binary"): unknown {
  if (oid === pg.types.builtins.INT8) return Number;
  return format === "binary" ? pg.types.getTypeParser(oid, "binary") : pg.types.getTypeParser(oid, "text");
}

// PostgreSQL, appendix A: 40001 serialization_failure, 40P01 deadlock_detected.
function isConflict(error: unknown): boolean {
  return codeOf(error) === "40001" || codeOf(error) === "40P01";
}

// Classes 08 (connection), 53 (resources), 57P (operator intervention), 58 (system), XX (broken); 28 and 3D: refused, no such database.
const unavailable = /^(08...|53...|57P..|58...|XX...|28...|3D...|25P03|57014|25006)$/;
const network = /^(ECONN|ENOTFOUND|EAI_|EHOST|ENET|EPIPE|ETIMEDOUT|ENOENT|EACCES)/;

function isUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  if (unavailable.test(code) || network.test(code)) return true;
  // pg tells these by words alone.
  return (
    error instanceof Error &&
    /^(Connection terminated|timeout exceeded when trying to connect|Cannot use a pool after|Client has encountered a connection error|The server does not support SSL)/.test(
      error.message,
    )
  );
}
