import { type Kysely, sql } from "kysely";

/** What is live is few among all that ever was: indexes of its own, so that history costs neither a click nor a start anything. */
export async function up(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .createIndex("call_live_by_time")
    .on("call")
    .columns(["began_at_ms", "id"])
    .where(sql.ref("state"), "=", "live")
    .execute();
  await schema
    .createIndex("dial_permit_live")
    .on("dial_permit")
    .columns(["subscriber", "lapses_at_ms"])
    .where(sql.ref("ended_at_ms"), "is", null)
    .execute();
}
