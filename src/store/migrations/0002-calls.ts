import { type Kysely, sql } from "kysely";

/** Calls with their record as JSON, the commands sent to them, the pages shown in each session, tickets and tokens used up. */
export async function up(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;

  await schema
    .createTable("call")
    .addColumn("id", "text", (id) => id.primaryKey())
    .addColumn("session", "text", (session) => session.notNull())
    .addColumn("subscriber", "text", (subscriber) => subscriber.notNull())
    .addColumn("reference", "text", (reference) => reference.notNull())
    .addColumn("state", "text", (state) => state.notNull())
    .addColumn("began_at_ms", "bigint", (moment) => moment.notNull())
    .addColumn("record", "text", (json) => json.notNull())
    .execute();
  // One live call a session, one live call a reference: the database itself says so.
  await schema
    .createIndex("call_live_session")
    .unique()
    .on("call")
    .column("session")
    .where(sql.ref("state"), "=", "live")
    .execute();
  await schema
    .createIndex("call_live_reference")
    .unique()
    .on("call")
    .column("reference")
    .where(sql.ref("state"), "=", "live")
    .execute();
  await schema.createIndex("call_by_session").on("call").columns(["session", "began_at_ms"]).execute();
  await schema.createIndex("call_by_time").on("call").columns(["began_at_ms", "id"]).execute();

  await schema
    .createTable("call_inbox")
    .addColumn("call_id", "text", (call) => call.notNull().references("call.id"))
    .addColumn("id", "text", (id) => id.notNull())
    .addColumn("at_ms", "bigint", (moment) => moment.notNull())
    .addColumn("command", "text", (json) => json.notNull())
    .addColumn("taken_at_ms", "bigint")
    .addPrimaryKeyConstraint("call_inbox_key", ["call_id", "id"])
    .execute();

  await schema
    .createTable("session_page")
    .addColumn("session", "text", (session) => session.notNull())
    .addColumn("seq", "integer", (seq) => seq.notNull())
    .addColumn("call_id", "text", (call) => call.notNull().references("call.id"))
    .addColumn("at_ms", "bigint", (moment) => moment.notNull())
    .addColumn("page", "text", (json) => json.notNull())
    .addPrimaryKeyConstraint("session_page_key", ["session", "seq"])
    .execute();
  await schema.createIndex("session_page_by_call").on("session_page").column("call_id").execute();

  // A ticket is a welcome page's form, a token is a subscriber's word: each is good for one call.
  await schema
    .createTable("used_ticket")
    .addColumn("kind", "text", (kind) => kind.notNull())
    .addColumn("id", "text", (id) => id.notNull())
    .addColumn("call_id", "text", (call) => call.notNull().references("call.id"))
    .addPrimaryKeyConstraint("used_ticket_key", ["kind", "id"])
    .execute();
}
