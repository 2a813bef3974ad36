import { type Kysely, sql } from "kysely";

/** Only visitors' permits are counted: a center's is a row, and no longer an entry in each index that counts go by. */
export async function up(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  for (const [name, column] of [
    ["dial_permit_by_number", "number"],
    ["dial_permit_by_address", "ip_address"],
    ["dial_permit_by_prefix", "ip_prefix"],
    ["dial_permit_by_subscriber", "subscriber"],
  ] as const) {
    await schema.dropIndex(name).execute();
    await schema
      .createIndex(name)
      .on("dial_permit")
      .columns([column, "granted_at_ms"])
      .where(sql.ref("kind"), "=", "user")
      .execute();
  }
  await schema.dropIndex("dial_permit_live").execute();
  await schema
    .createIndex("dial_permit_live")
    .on("dial_permit")
    .columns(["subscriber", "lapses_at_ms"])
    .where((live) => live.and([live(sql.ref("kind"), "=", "user"), live(sql.ref("ended_at_ms"), "is", null)]))
    .execute();
}
