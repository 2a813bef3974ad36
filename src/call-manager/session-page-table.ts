import type { CallId, SessionId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
import { statement } from "#store/statement.ts";
import { type Kysely, sql } from "kysely";
import type { PushResult, SessionPage, ShownPage } from "./pages.ts";

interface SessionPageTable {
  session_page: {
    session: SessionId;
    seq: number;
    call_id: CallId;
    at_ms: number;
    page: string;
    /** These three are a pushed page's. */
    push: number | null;
    result: PushResult | null;
    result_at_ms: number | null;
  };
}

type Source = Database | Transaction;

/** In the statement's own text, as one value for all. */
const notTakenBack = sql<boolean>`(result is null or result = 'shown')`;

/** Adds pages behind what the session's page log holds already. */
export async function appendPages(
  tx: Transaction,
  call: { readonly id: CallId; readonly session: SessionId },
  pages: readonly SessionPage[],
  atMs: number,
): Promise<void> {
  for (const page of pages) {
    const push = page.type === "pushed" ? (page.push ?? null) : null;
    await insertPage(tx, { ...call, atMs, page: JSON.stringify(page), push });
  }
}

const insertPage = statement(
  (
    tables: Kysely<SessionPageTable>,
    row: {
      readonly id: CallId;
      readonly session: SessionId;
      readonly atMs: number;
      readonly page: string;
      readonly push: number | null;
    },
  ) =>
    tables.insertInto("session_page").values({
      session: row.session,
      seq: sql<number>`(select coalesce(max(seq), 0) + 1 from session_page where session = ${row.session})`,
      call_id: row.id,
      at_ms: row.atMs,
      page: row.page,
      push: row.push,
    }),
);

/** Oldest first, at most `limit`. What was taken back is not among them. */
export async function readPagesAfter(
  source: Source,
  session: SessionId,
  afterSeq: number,
  limit: number,
): Promise<readonly ShownPage[]> {
  return (await rowsAfter(source, { session, afterSeq, limit })).map(toShownPage);
}

const rowsAfter = statement(
  (
    tables: Kysely<SessionPageTable>,
    { session, afterSeq, limit }: { session: SessionId; afterSeq: number; limit: number },
  ) =>
    tables
      .selectFrom("session_page")
      .selectAll()
      .where("session", "=", session)
      .where("seq", ">", afterSeq)
      .where(notTakenBack)
      .orderBy("seq")
      .limit(limit),
);

/** What the session's browser shows now. */
export async function lastPage(source: Source, session: SessionId): Promise<ShownPage | undefined> {
  const [row] = await lastRow(source, { session });
  return row === undefined ? undefined : toShownPage(row);
}

const lastRow = statement((tables: Kysely<SessionPageTable>, { session }: { session: SessionId }) =>
  tables
    .selectFrom("session_page")
    .selectAll()
    .where("session", "=", session)
    .where(notTakenBack)
    .orderBy("seq", "desc")
    .limit(1),
);

/**
 * A pushed page comes to one end, and whoever is first says which: one that is shown is not taken back, and one that was taken back
 * is not shown. Gives what became of it; undefined when there is no such page.
 */
export async function settlePush(
  tx: Transaction,
  push: Push & { readonly result: PushResult; readonly atMs: number },
): Promise<PushResult | undefined> {
  const [settled] = await setResult(tx, push);
  if (settled !== undefined) return push.result;
  const [row] = await resultOf(tx, push);
  return row?.result ?? undefined;
}

type Push = { readonly call: CallId; readonly session: SessionId; readonly push: number };

const setResult = statement(
  (
    tables: Kysely<SessionPageTable>,
    { call, session, push, result, atMs }: Push & { readonly result: PushResult; readonly atMs: number },
  ) =>
    tables
      .updateTable("session_page")
      .set({ result, result_at_ms: atMs })
      .where("session", "=", session)
      .where("call_id", "=", call)
      .where("push", "=", push)
      .where("result", "is", null)
      .returning("push"),
);

const resultOf = statement((tables: Kysely<SessionPageTable>, { call, session, push }: Push) =>
  tables
    .selectFrom("session_page")
    .select("result")
    .where("session", "=", session)
    .where("call_id", "=", call)
    .where("push", "=", push),
);

/** What became of the pages that were pushed in a call. */
export async function readPushResults(
  tx: Transaction,
  call: { readonly id: CallId; readonly session: SessionId },
): Promise<readonly { readonly push: number; readonly result: PushResult; readonly atMs: number }[]> {
  const rows = await pushResults(tx, call);
  return rows.flatMap(({ push, result, result_at_ms: atMs }) =>
    push === null || result === null || atMs === null ? [] : [{ push, result, atMs }],
  );
}

const pushResults = statement(
  (tables: Kysely<SessionPageTable>, { id, session }: { readonly id: CallId; readonly session: SessionId }) =>
    tables
      .selectFrom("session_page")
      .select(["push", "result", "result_at_ms"])
      .where("session", "=", session)
      .where("call_id", "=", id)
      .where("result", "is not", null),
);

function toShownPage(row: SessionPageTable["session_page"]): ShownPage {
  return {
    session: row.session,
    call: row.call_id,
    seq: row.seq,
    atMs: row.at_ms,
    page: JSON.parse(row.page) as SessionPage,
  };
}
