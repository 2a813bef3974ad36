import type { Kysely } from "kysely";

/** It only adds. */
export const readableBy = 7;

/** What became of each pushed page: its number among its call's, and whether a browser showed it. Of older rows nobody asks. */
export async function up(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema.alterTable("session_page").addColumn("push", "integer").execute();
  await schema.alterTable("session_page").addColumn("result", "text").execute();
  await schema.alterTable("session_page").addColumn("result_at_ms", "bigint").execute();
}
