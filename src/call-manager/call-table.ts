import type { CallId, SessionId, SubscriberId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
import { statement } from "#store/statement.ts";
import { type Kysely, sql } from "kysely";
import type { Call } from "./call.ts";

/** The record is the truth; the columns beside it are what calls are looked up by. */
interface CallTable {
  call: {
    id: CallId;
    session: SessionId;
    subscriber: SubscriberId;
    reference: string;
    state: "live" | "ended";
    began_at_ms: number;
    record: string;
  };
}

type Source = Database | Transaction;

/** What is written at one checkpoint is what the next one finds: a call is made text of once. */
const texts = new WeakMap<Call, string>();

function textOf(call: Call): string {
  const text = texts.get(call) ?? JSON.stringify(call);
  texts.set(call, text);
  return text;
}

/** In the statement's own text: both makes use an index of live calls alone only where they read the word there. */
const live = sql<"live">`'live'`;

export async function insertCall(tx: Transaction, call: Call): Promise<void> {
  await insertRow(tx, {
    id: call.id,
    session: call.session,
    subscriber: call.subscriber,
    reference: call.reference,
    state: call.state,
    began_at_ms: call.beganAtMs,
    record: textOf(call),
  });
}

const insertRow = statement((tables: Kysely<CallTable>, row: CallTable["call"]) =>
  tables.insertInto("call").values({
    id: row.id,
    session: row.session,
    subscriber: row.subscriber,
    reference: row.reference,
    state: row.state,
    began_at_ms: row.began_at_ms,
    record: row.record,
  }),
);

/** Writes `call` in place of `before`; false when it is not `before` that is stored, and then nothing is written. */
export async function updateCall(tx: Transaction, before: Call, call: Call): Promise<boolean> {
  const { id, state } = call;
  const records = { id, before: textOf(before), record: textOf(call) };
  const updated =
    state === before.state
      ? await replaceRecord(tx, records)
      : await replaceRecordAndState(tx, { ...records, state });
  return updated.length > 0;
}

type Records = { readonly id: CallId; readonly before: string; readonly record: string };

/** Not with the state as it was: SQLite writes each index of live calls anew when that is set, a quarter of all pages of a call. */
const replaceRecord = statement((tables: Kysely<CallTable>, { id, before, record }: Records) =>
  tables
    .updateTable("call")
    .set({ record })
    .where("id", "=", id)
    .where("record", "=", before)
    .returning("id"),
);

const replaceRecordAndState = statement(
  (tables: Kysely<CallTable>, { id, before, record, state }: Records & Pick<Call, "state">) =>
    tables
      .updateTable("call")
      .set({ state, record })
      .where("id", "=", id)
      .where("record", "=", before)
      .returning("id"),
);

export async function readCall(source: Source, id: CallId): Promise<Call | undefined> {
  const [row] = await recordOf(source, { id });
  return row === undefined ? undefined : toCall(row);
}

const recordOf = statement((tables: Kysely<CallTable>, { id }: { id: CallId }) =>
  tables.selectFrom("call").select("record").where("id", "=", id),
);

export async function isLive(source: Source, id: CallId): Promise<boolean> {
  const rows = await liveById(source, { id });
  return rows.length > 0;
}

const liveById = statement((tables: Kysely<CallTable>, { id }: { id: CallId }) =>
  tables.selectFrom("call").select("id").where("id", "=", id).where("state", "=", live),
);

/** The session's newest call, live or ended. */
export async function newestCallOfSession(source: Source, session: SessionId): Promise<Call | undefined> {
  const [row] = await newestRecordOf(source, { session });
  return row === undefined ? undefined : toCall(row);
}

const newestRecordOf = statement((tables: Kysely<CallTable>, { session }: { session: SessionId }) =>
  tables
    .selectFrom("call")
    .select("record")
    .where("session", "=", session)
    .orderBy("began_at_ms", "desc")
    .orderBy("id", "desc")
    .limit(1),
);

export async function liveCallOfSession(source: Source, session: SessionId): Promise<Call | undefined> {
  const [row] = await liveRecordOf(source, { session });
  return row === undefined ? undefined : toCall(row);
}

const liveRecordOf = statement((tables: Kysely<CallTable>, { session }: { session: SessionId }) =>
  tables.selectFrom("call").select("record").where("session", "=", session).where("state", "=", live),
);

export async function liveCalls(source: Source): Promise<readonly Call[]> {
  const rows = await source
    .tables<CallTable>()
    .selectFrom("call")
    .select("record")
    .where("state", "=", live)
    .orderBy("began_at_ms")
    .orderBy("id")
    .execute();
  return rows.map(toCall);
}

export async function isReferenceLive(source: Source, reference: string): Promise<boolean> {
  const rows = await liveByReference(source, { reference });
  return rows.length > 0;
}

const liveByReference = statement((tables: Kysely<CallTable>, { reference }: { reference: string }) =>
  tables.selectFrom("call").select("id").where("state", "=", live).where("reference", "=", reference),
);

/** Newest first. `before` is the last call that the reader has. */
export async function newestCalls(
  source: Source,
  filter: { readonly subscriber?: string; readonly limit: number; readonly before?: CallId },
): Promise<readonly Call[]> {
  let query = source
    .tables<CallTable>()
    .selectFrom("call")
    .select("record")
    .orderBy("began_at_ms", "desc")
    .orderBy("id", "desc")
    .limit(filter.limit);
  const { subscriber, before } = filter;
  if (subscriber !== undefined) query = query.where("subscriber", "=", subscriber as SubscriberId);
  if (before !== undefined) {
    const last = await readCall(source, before);
    if (last === undefined) return [];
    query = query.where((row) =>
      row(row.refTuple("began_at_ms", "id"), "<", row.tuple(last.beganAtMs, last.id)),
    );
  }
  return (await query.execute()).map(toCall);
}

function toCall(row: Pick<CallTable["call"], "record">): Call {
  return JSON.parse(row.record) as Call;
}
