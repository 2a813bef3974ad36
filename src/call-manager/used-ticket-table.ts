import type { CallId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
import { statement } from "#store/statement.ts";
import type { Kysely } from "kysely";

/** What is good for one call: a welcome page's sealed form, a subscriber's signed token. */
export interface Ticket {
  readonly kind: "form" | "token";
  readonly id: string;
}

interface UsedTicketTable {
  used_ticket: { kind: Ticket["kind"]; id: string; call_id: CallId };
}

export async function callOfTicket(
  source: Database | Transaction,
  ticket: Ticket,
): Promise<CallId | undefined> {
  const [row] = await callOf(source, { ...ticket });
  return row?.call_id;
}

const callOf = statement(
  (tables: Kysely<UsedTicketTable>, { kind, id }: { kind: Ticket["kind"]; id: string }) =>
    tables.selectFrom("used_ticket").select("call_id").where("kind", "=", kind).where("id", "=", id),
);

/** Fails (the table's key) when it was used before: the transaction around it then writes nothing. */
export async function useTicket(tx: Transaction, ticket: Ticket, call: CallId): Promise<void> {
  await insertRow(tx, { ...ticket, call });
}

const insertRow = statement(
  (tables: Kysely<UsedTicketTable>, row: { kind: Ticket["kind"]; id: string; call: CallId }) =>
    tables.insertInto("used_ticket").values({ kind: row.kind, id: row.id, call_id: row.call }),
);
