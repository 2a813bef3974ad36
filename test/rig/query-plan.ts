import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { type Database, openDatabase, type Transaction } from "#store/database.ts";
import { CompiledQuery, type KyselyPlugin, sql } from "kysely";

/** How SQLite would go about each statement that `look` says: `SEARCH call USING INDEX call_live_session (session=?)`. */
export async function queryPlan(look: (source: Database) => Promise<unknown>): Promise<string> {
  const steps = await explained<{ detail: string }>("explain query plan", look);
  return steps.map(({ detail }) => detail).join("\n");
}

/** The tables and indexes that SQLite opens to write in them, by their names, for all that `look` says after `before`. */
export async function treesWritten(
  before: (source: Database) => Promise<unknown>,
  look: (source: Database) => Promise<unknown>,
): Promise<readonly string[]> {
  const opened = (await explained<{ opcode: string; p2: number }>("explain", look, before)).filter(
    ({ opcode }) => opcode === "OpenWrite",
  );
  const names = await explained<{ name: string; rootpage: number }>("", (source) =>
    sql`select name, rootpage from sqlite_master`.execute(source.tables()),
  );
  const nameOf = (root: number): string => names.find(({ rootpage }) => rootpage === root)?.name ?? "?";
  return [...new Set(opened.map(({ p2 }) => nameOf(p2)))].toSorted();
}

/** The rows that `say` before each statement of `look` gives. */
async function explained<Row>(
  say: string,
  look: (source: Database) => Promise<unknown>,
  before?: (source: Database) => Promise<unknown>,
): Promise<readonly Row[]> {
  const database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  try {
    await before?.(database);
    const said: CompiledQuery[] = [];
    await look(listenedTo(database, (query) => said.push(query)));
    const plans = said.map((query) =>
      database
        .tables<unknown>()
        .executeQuery<Row>(CompiledQuery.raw(`${say} ${query.sql}`, [...query.parameters])),
    );
    return (await Promise.all(plans)).flatMap(({ rows }) => rows);
  } finally {
    await database.close();
  }
}

/** Statements come built on the spot, or compiled before: both are told. */
function listenedTo(database: Database, tell: (query: CompiledQuery) => void): Database {
  const compiler = database.tables<unknown>().getExecutor();
  const plugin: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => {
      tell(compiler.compileQuery(node, queryId));
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const listened = <S extends Transaction>(source: S): S => ({
    ...source,
    tables: <T>() => source.tables<T>().withPlugin(plugin),
    rows(query, parameters) {
      tell({ ...query, parameters });
      return source.rows(query, parameters);
    },
  });
  return {
    ...listened(database),
    transaction: (work) => database.transaction((tx) => work(listened(tx))),
  };
}
