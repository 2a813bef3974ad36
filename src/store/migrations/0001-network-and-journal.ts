import type { Kysely } from "kysely";

/**
 * The network-abstraction tables (made anew by each load of the configuration), the dial permits and refusals
 * (which outlive it), and the journal. Moments are `bigint` ms since 1970, JSON is `text`, truth is 0 or 1.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;

  await schema
    .createTable("trunk")
    .addColumn("id", "text", (id) => id.primaryKey())
    .addColumn("record", "text", (json) => json.notNull())
    .execute();

  await schema
    .createTable("subscriber")
    .addColumn("id", "text", (id) => id.primaryKey())
    .addColumn("name", "text", (name) => name.notNull())
    .addColumn("trunk_for_users", "text", (trunk) => trunk.notNull().references("trunk.id"))
    .addColumn("record", "text", (json) => json.notNull())
    .execute();

  await schema
    .createTable("subject")
    .addColumn("subscriber", "text", (subscriber) => subscriber.notNull().references("subscriber.id"))
    .addColumn("id", "text", (id) => id.notNull())
    .addColumn("name", "text", (json) => json.notNull())
    .addColumn("whisper", "text", (json) => json.notNull())
    .addPrimaryKeyConstraint("subject_key", ["subscriber", "id"])
    .execute();

  await schema
    .createTable("call_center")
    .addColumn("subscriber", "text", (subscriber) => subscriber.notNull().references("subscriber.id"))
    .addColumn("id", "text", (id) => id.notNull())
    .addColumn("name", "text", (name) => name.notNull())
    .addColumn("time_zone", "text", (zone) => zone.notNull())
    .addColumn("hours", "text", (json) => json.notNull())
    .addPrimaryKeyConstraint("call_center_key", ["subscriber", "id"])
    .execute();

  await schema
    .createTable("route")
    .addColumn("subscriber", "text", (subscriber) => subscriber.notNull())
    .addColumn("id", "text", (id) => id.notNull())
    .addColumn("subject", "text", (subject) => subject.notNull())
    .addColumn("center", "text", (center) => center.notNull())
    .addColumn("trunk", "text", (trunk) => trunk.notNull().references("trunk.id"))
    .addColumn("number", "text", (number) => number.notNull())
    .addColumn("dnis", "text", (dnis) => dnis.notNull())
    .addColumn("preference", "integer", (preference) => preference.notNull())
    .addColumn("weight", "integer", (weight) => weight.notNull())
    .addColumn("allowed_countries", "text", (json) => json.notNull())
    .addColumn("allowed_addresses", "text", (json) => json.notNull())
    .addColumn("post_dial_digits", "text")
    .addColumn("show_ani", "integer", (truth) => truth.notNull())
    .addPrimaryKeyConstraint("route_key", ["subscriber", "id"])
    .addForeignKeyConstraint("route_subject", ["subscriber", "subject"], "subject", ["subscriber", "id"])
    .addForeignKeyConstraint("route_center", ["subscriber", "center"], "call_center", ["subscriber", "id"])
    .execute();
  await schema.createIndex("route_by_subject").on("route").columns(["subscriber", "subject"]).execute();

  await schema
    .createTable("library_page")
    .addColumn("subscriber", "text", (subscriber) => subscriber.notNull().references("subscriber.id"))
    .addColumn("id", "text", (id) => id.notNull())
    .addColumn("title", "text", (json) => json.notNull())
    .addColumn("content", "text", (json) => json.notNull())
    .addPrimaryKeyConstraint("library_page_key", ["subscriber", "id"])
    .execute();

  await schema
    .createTable("digit_mapping")
    .addColumn("subscriber", "text", (subscriber) => subscriber.notNull())
    .addColumn("digits", "text", (digits) => digits.notNull())
    .addColumn("page", "text", (page) => page.notNull())
    .addPrimaryKeyConstraint("digit_mapping_key", ["subscriber", "digits"])
    .addForeignKeyConstraint("digit_mapping_page", ["subscriber", "page"], "library_page", [
      "subscriber",
      "id",
    ])
    .execute();

  // No foreign keys from here on: these rows outlive a configuration that no longer names their subscriber.
  await schema
    .createTable("dial_permit")
    .addColumn("id", "text", (id) => id.primaryKey())
    .addColumn("subscriber", "text", (subscriber) => subscriber.notNull())
    .addColumn("number", "text", (number) => number.notNull())
    .addColumn("kind", "text", (kind) => kind.notNull())
    .addColumn("call_id", "text", (call) => call.notNull())
    .addColumn("leg", "text", (leg) => leg.notNull())
    .addColumn("trunk", "text", (trunk) => trunk.notNull())
    .addColumn("ip_address", "text")
    .addColumn("ip_prefix", "text")
    .addColumn("granted_at_ms", "bigint", (moment) => moment.notNull())
    .addColumn("lapses_at_ms", "bigint", (moment) => moment.notNull())
    .addColumn("ended_at_ms", "bigint")
    .addUniqueConstraint("dial_permit_leg", ["call_id", "leg"])
    .execute();
  for (const [name, column] of [
    ["dial_permit_by_number", "number"],
    ["dial_permit_by_address", "ip_address"],
    ["dial_permit_by_prefix", "ip_prefix"],
    ["dial_permit_by_subscriber", "subscriber"],
  ] as const) {
    await schema.createIndex(name).on("dial_permit").columns([column, "granted_at_ms"]).execute();
  }

  await schema
    .createTable("refused_number")
    .addColumn("number", "text", (number) => number.primaryKey())
    .addColumn("since_ms", "bigint", (moment) => moment.notNull())
    .execute();

  await schema
    .createTable("call_stop")
    .addColumn("scope", "text", (scope) => scope.primaryKey())
    .addColumn("since_ms", "bigint", (moment) => moment.notNull())
    .addColumn("why", "text", (why) => why.notNull())
    .execute();

  await schema
    .createTable("journal")
    .addColumn("call_id", "text", (call) => call.notNull())
    .addColumn("seq", "integer", (seq) => seq.notNull())
    .addColumn("at_ms", "bigint", (moment) => moment.notNull())
    .addColumn("subscriber", "text", (subscriber) => subscriber.notNull())
    .addColumn("step", "text", (step) => step.notNull())
    .addColumn("fact", "text", (json) => json.notNull())
    .addPrimaryKeyConstraint("journal_key", ["call_id", "seq"])
    .execute();
  await schema.createIndex("journal_by_time").on("journal").columns(["at_ms", "call_id", "seq"]).execute();
}
