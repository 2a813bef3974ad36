import type { CallId, SubscriberId } from "#base/ids.ts";
import { type Kysely, sql } from "kysely";
import type { Database, Transaction } from "./database.ts";
import { statement } from "./statement.ts";

/** One thing that became true of one call. Nothing here is ever changed or taken back: reports read this alone. */
export interface JournalRow {
  readonly call: CallId;
  /** 1 for a call's first row, then one more each. */
  readonly seq: number;
  readonly atMs: number;
  readonly subscriber: SubscriberId;
  readonly step: string;
  /** What became true: plain JSON, no personal data beyond what the call record holds. */
  readonly fact: Readonly<Record<string, unknown>>;
}

export type NewJournalRow = Omit<JournalRow, "seq">;

interface JournalTable {
  journal: {
    call_id: CallId;
    seq: number;
    at_ms: number;
    subscriber: SubscriberId;
    step: string;
    fact: string;
  };
}

/** Adds rows behind what each call's journal holds already, in the order given. Belongs into the checkpoint's transaction. */
export async function appendJournal(tx: Transaction, rows: readonly NewJournalRow[]): Promise<void> {
  for (const row of rows) await insertRow(tx, { ...row, fact: JSON.stringify(row.fact) });
}

const insertRow = statement(
  (tables: Kysely<JournalTable>, row: Omit<NewJournalRow, "fact"> & { readonly fact: string }) =>
    tables.insertInto("journal").values({
      call_id: row.call,
      // In the same statement: a question of its own would be a tenth of all that a call asks the database.
      seq: sql<number>`(select coalesce(max(seq), 0) + 1 from journal where call_id = ${row.call})`,
      at_ms: row.atMs,
      subscriber: row.subscriber,
      step: row.step,
      fact: row.fact,
    }),
);

/** One call's journal, from its first row. */
export async function readJournalOfCall(
  source: Database | Transaction,
  call: CallId,
): Promise<readonly JournalRow[]> {
  return (await rowsOfCall(source, { call })).map(toRow);
}

const rowsOfCall = statement((tables: Kysely<JournalTable>, { call }: { call: CallId }) =>
  tables.selectFrom("journal").selectAll().where("call_id", "=", call).orderBy("seq"),
);

/** The rows of a span of time, oldest first, at most `limit`; `after` is the last row that the reader has. */
export async function readJournal(
  source: Database | Transaction,
  span: {
    readonly fromMs: number;
    readonly untilMs: number;
    readonly subscriber?: SubscriberId;
    readonly after?: Pick<JournalRow, "atMs" | "call" | "seq">;
    readonly limit: number;
  },
): Promise<readonly JournalRow[]> {
  let query = source
    .tables<JournalTable>()
    .selectFrom("journal")
    .selectAll()
    .where("at_ms", ">=", span.fromMs)
    .where("at_ms", "<", span.untilMs)
    .orderBy("at_ms")
    .orderBy("call_id")
    .orderBy("seq")
    .limit(span.limit);
  const { subscriber, after } = span;
  if (subscriber !== undefined) query = query.where("subscriber", "=", subscriber);
  if (after !== undefined) {
    query = query.where((row) =>
      row(row.refTuple("at_ms", "call_id", "seq"), ">", row.tuple(after.atMs, after.call, after.seq)),
    );
  }
  return (await query.execute()).map(toRow);
}

function toRow(row: JournalTable["journal"]): JournalRow {
  return {
    call: row.call_id,
    seq: row.seq,
    atMs: row.at_ms,
    subscriber: row.subscriber,
    step: row.step,
    fact: JSON.parse(row.fact) as JournalRow["fact"],
  };
}
