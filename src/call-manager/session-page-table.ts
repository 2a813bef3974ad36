import type { CallId, SessionId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
import { sql } from "kysely";
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
  const { session } = call;
  for (const page of pages) {
    await tx
      .tables<SessionPageTable>()
      .insertInto("session_page")
      .values({
        session,
        seq: sql<number>`(select coalesce(max(seq), 0) + 1 from session_page where session = ${session})`,
        call_id: call.id,
        at_ms: atMs,
        page: JSON.stringify(page),
      })
      .execute();
  }
}

/** Oldest first, at most `limit`. */
export async function readPagesAfter(
  source: Source,
  session: SessionId,
  afterSeq: number,
  limit: number,
): Promise<readonly ShownPage[]> {
  const rows = await source
    .tables<SessionPageTable>()
    .selectFrom("session_page")
    .selectAll()
    .where("session", "=", session)
    .where("seq", ">", afterSeq)
    .orderBy("seq")
    .limit(limit)
    .execute();
  return rows.map(toShownPage);
}

/** What the session's browser shows now. */
export async function lastPage(source: Source, session: SessionId): Promise<ShownPage | undefined> {
  const row = await source
    .tables<SessionPageTable>()
    .selectFrom("session_page")
    .selectAll()
    .where("session", "=", session)
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : toShownPage(row);
}

function toShownPage(row: SessionPageTable["session_page"]): ShownPage {
  return {
    session: row.session,
    call: row.call_id,
    seq: row.seq,
    atMs: row.at_ms,
    page: JSON.parse(row.page) as SessionPage,
  };
}
