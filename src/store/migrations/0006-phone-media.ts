import type { Kysely } from "kysely";

/** How a phone's audio goes; of one that is there already, as it went. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .alterTable("phone")
    .addColumn("media", "text", (media) => media.notNull().defaultTo("rtp"))
    .execute();
}
