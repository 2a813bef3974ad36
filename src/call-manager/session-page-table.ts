import type { CallId, SessionId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
import { statement } from "#store/statement.ts";
import { type Kysely, sql } from "kysely";
import type { SessionPage, ShownPage } from "./pages.ts";

interface SessionPageTable {
  session_page: { session: SessionId; seq: number; call_id: CallId; at_ms: number; page: string };
}

type Source = Database | Transaction;

/** Adds pages behind what the session's page log holds already. */
export async function appendPages(
  tx: Transaction,
  call: { readonly id: CallId; readonly session: SessionId },
  pages: readonly SessionPage[],
  atMs: number,
): Promise<void> {
  for (const page of pages) await insertPage(tx, { ...call, atMs, page: JSON.stringify(page) });
}

const insertPage = statement(
  (
    tables: Kysely<SessionPageTable>,
    row: { readonly id: CallId; readonly session: SessionId; readonly atMs: number; readonly page: string },
  ) =>
    tables.insertInto("session_page").values({
      session: row.session,
      seq: sql<number>`(select coalesce(max(seq), 0) + 1 from session_page where session = ${row.session})`,
      call_id: row.id,
      at_ms: row.atMs,
      page: row.page,
    }),
);

/** Oldest first, at most `limit`. */
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
    .orderBy("seq", "desc")
    .limit(1),
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
