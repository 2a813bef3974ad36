import { type Kysely, SqliteAdapter, sql } from "kysely";

/**
 * What a checkpoint writes is counted in pages of SQLite's log. Rows that are asked for by their key alone lie in the key's own tree
 * there: a row of a journal or of a page log is one page less. Pages of a call are never asked for by the call.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema.dropIndex("session_page_by_call").ifExists().execute();
  // PostgreSQL has no such tables.
  if (!(database.getExecutor().adapter instanceof SqliteAdapter)) return;
  const { schema } = database;

  await schema
    .createTable("journal_anew")
    .addColumn("call_id", "text", (call) => call.notNull())
    .addColumn("seq", "integer", (seq) => seq.notNull())
    .addColumn("at_ms", "bigint", (moment) => moment.notNull())
    .addColumn("subscriber", "text", (subscriber) => subscriber.notNull())
    .addColumn("step", "text", (step) => step.notNull())
    .addColumn("fact", "text", (json) => json.notNull())
    .addPrimaryKeyConstraint("journal_key", ["call_id", "seq"])
    .modifyEnd(sql`without rowid`)
    .execute();
  await moveRows(database, "journal");
  await schema.createIndex("journal_by_time").on("journal").columns(["at_ms", "call_id", "seq"]).execute();

  await schema
    .createTable("session_page_anew")
    .addColumn("session", "text", (session) => session.notNull())
    .addColumn("seq", "integer", (seq) => seq.notNull())
    .addColumn("call_id", "text", (call) => call.notNull().references("call.id"))
    .addColumn("at_ms", "bigint", (moment) => moment.notNull())
    .addColumn("page", "text", (json) => json.notNull())
    .addPrimaryKeyConstraint("session_page_key", ["session", "seq"])
    .modifyEnd(sql`without rowid`)
    .execute();
  await moveRows(database, "session_page");

  await schema
    .createTable("used_ticket_anew")
    .addColumn("kind", "text", (kind) => kind.notNull())
    .addColumn("id", "text", (id) => id.notNull())
    .addColumn("call_id", "text", (call) => call.notNull().references("call.id"))
    .addPrimaryKeyConstraint("used_ticket_key", ["kind", "id"])
    .modifyEnd(sql`without rowid`)
    .execute();
  await moveRows(database, "used_ticket");
}

/** Both tables have the same columns, in the same order. The new one takes the old one's name. */
async function moveRows(database: Kysely<unknown>, table: string): Promise<void> {
  const anew = `${table}_anew`;
  await sql`insert into ${sql.table(anew)} select * from ${sql.table(table)}`.execute(database);
  await database.schema.dropTable(table).execute();
  await database.schema.alterTable(anew).renameTo(table).execute();
}
