import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { type Database, openDatabase } from "#store/database.ts";
import { CompiledQuery, type Kysely, type KyselyPlugin } from "kysely";

/** How SQLite would go about each statement that `look` says: `SEARCH call USING INDEX call_live_session (session=?)`. */
export async function queryPlan(look: (source: Database) => Promise<unknown>): Promise<string> {
  const database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  try {
    const said: CompiledQuery[] = [];
    await look(listenedTo(database, (query) => said.push(query)));
    const plans = said.map(({ sql, parameters }) =>
      database
        .tables<unknown>()
        .executeQuery<{ detail: string }>(CompiledQuery.raw(`explain query plan ${sql}`, [...parameters])),
    );
    return (await Promise.all(plans)).flatMap(({ rows }) => rows.map(({ detail }) => detail)).join("\n");
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
  const listened = <T>(inner: Kysely<T>): Kysely<T> => {
    const tables = inner.withPlugin(plugin);
    const { executeQuery } = tables;
    tables.executeQuery = (query) => {
      if ("sql" in query) tell(query);
      return executeQuery.call(tables, query) as ReturnType<typeof executeQuery<never>>;
    };
    return tables;
  };
  return {
    ...database,
    tables: <T>() => listened(database.tables<T>()),
    transaction: (work) =>
      database.transaction((tx) => work({ ...tx, tables: <T>() => listened(tx.tables<T>()) })),
  };
}
