import type { CallId, SessionId, SubscriberId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
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

export async function insertCall(tx: Transaction, call: Call): Promise<void> {
  await tx
    .tables<CallTable>()
    .insertInto("call")
    .values({
      id: call.id,
      session: call.session,
      subscriber: call.subscriber,
      reference: call.reference,
      state: call.state,
      began_at_ms: call.beganAtMs,
      record: JSON.stringify(call),
    })
    .execute();
}

/** Writes `call` in place of `before`; false when it is not `before` that is stored, and then nothing is written. */
export async function updateCall(tx: Transaction, before: Call, call: Call): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .tables<CallTable>()
    .updateTable("call")
    .set({ state: call.state, record: JSON.stringify(call) })
    .where("id", "=", call.id)
    .where("record", "=", JSON.stringify(before))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

export async function readCall(source: Source, id: CallId): Promise<Call | undefined> {
  const row = await source
    .tables<CallTable>()
    .selectFrom("call")
    .select("record")
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? undefined : toCall(row);
}

/** The session's newest call, live or ended. */
export async function newestCallOfSession(source: Source, session: SessionId): Promise<Call | undefined> {
  const row = await source
    .tables<CallTable>()
    .selectFrom("call")
    .select("record")
    .where("session", "=", session)
    .orderBy("began_at_ms", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : toCall(row);
}

export async function liveCallOfSession(source: Source, session: SessionId): Promise<Call | undefined> {
  const row = await source
    .tables<CallTable>()
    .selectFrom("call")
    .select("record")
    .where("session", "=", session)
    .where("state", "=", "live")
    .executeTakeFirst();
  return row === undefined ? undefined : toCall(row);
}

export async function liveCalls(source: Source): Promise<readonly Call[]> {
  const rows = await source
    .tables<CallTable>()
    .selectFrom("call")
    .select("record")
    .where("state", "=", "live")
    .orderBy("began_at_ms")
    .orderBy("id")
    .execute();
  return rows.map(toCall);
}

export async function isReferenceLive(source: Source, reference: string): Promise<boolean> {
  const row = await source
    .tables<CallTable>()
    .selectFrom("call")
    .select("id")
    .where("state", "=", "live")
    .where("reference", "=", reference)
    .executeTakeFirst();
  return row !== undefined;
}

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
