import type { Compilable, CompiledQuery, Kysely } from "kysely";
import type { Database, Transaction } from "./database.ts";

/** The values that a statement is given each time, by name. */
type Values = Readonly<Record<string, unknown>>;

/**
 * A statement that is said over and over: built and compiled once for each make of database, then only filled in. Building one
 * anew costs twice as much as running it. `build` gets a stand-in for each value, to put wherever a value may stand in a statement; it
 * must not look at it, nor make a list of it.
 *
 *     const callById = statement((tables: Kysely<CallTable>, { id }: { id: CallId }) =>
 *       tables.selectFrom("call").select("record").where("id", "=", id));
 *     const [row] = await callById(source, { id });
 */
export function statement<T, V extends Values, Row>(
  build: (tables: Kysely<T>, values: V) => Compilable<Row>,
): (source: Database | Transaction, values: V) => Promise<Row[]> {
  const compiled: Partial<Record<Database["make"], CompiledQuery<Row>>> = {};
  return async (source, values) => {
    const query = (compiled[source.make] ??= build(
      source.tables<T>().withoutPlugins(),
      standIns<V>(),
    ).compile());
    return source.rows(
      query,
      query.parameters.map((each) => filledIn(each, values)),
    );
  };
}

class StandIn {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

function standIns<V extends Values>(): V {
  return new Proxy({} as V, { get: (_, name) => new StandIn(String(name)) });
}

function filledIn(parameter: unknown, values: Values): unknown {
  return parameter instanceof StandIn ? values[parameter.name] : parameter;
}
