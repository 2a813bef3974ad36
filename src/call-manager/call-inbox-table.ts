import type { CallId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
import { statement } from "#store/statement.ts";
import type { Kysely } from "kysely";

/** What is asked of a live call from outside. Each stands in its inbox once, by `id`, and is taken once. */
export type InboxCommand = { readonly id: string } & (
  | { readonly type: "cancel" }
  /** The visitor goes back from the pushed page that was row `seq` of the session's page log. */
  | { readonly type: "close-page"; readonly seq: number }
  /** The browser shows the pushed page of this number. */
  | { readonly type: "page-shown"; readonly push: number }
);

interface InboxTable {
  call_inbox: { call_id: CallId; id: string; at_ms: number; command: string; taken_at_ms: number | null };
}

/** The same id twice is one command. */
export async function putCommand(
  tx: Transaction,
  call: CallId,
  command: InboxCommand,
  atMs: number,
): Promise<void> {
  await tx
    .tables<InboxTable>()
    .insertInto("call_inbox")
    .values({
      call_id: call,
      id: command.id,
      at_ms: atMs,
      command: JSON.stringify(command),
      taken_at_ms: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Oldest first. */
export async function untakenCommands(
  source: Database | Transaction,
  call: CallId,
): Promise<readonly InboxCommand[]> {
  const rows = await untaken(source, { call });
  return rows.map((row) => JSON.parse(row.command) as InboxCommand);
}

const untaken = statement((tables: Kysely<InboxTable>, { call }: { call: CallId }) =>
  tables
    .selectFrom("call_inbox")
    .select("command")
    .where("call_id", "=", call)
    .where("taken_at_ms", "is", null)
    .orderBy("at_ms")
    .orderBy("id"),
);

export async function takeCommands(
  tx: Transaction,
  call: CallId,
  commands: readonly InboxCommand[],
  atMs: number,
): Promise<void> {
  if (commands.length === 0) return;
  await tx
    .tables<InboxTable>()
    .updateTable("call_inbox")
    .set({ taken_at_ms: atMs })
    .where("call_id", "=", call)
    .where(
      "id",
      "in",
      commands.map((command) => command.id),
    )
    .execute();
}
