import { type Kysely, sql } from "kysely";

/**
 * Phones that register with us, and routes that lead to one. A route's trunk may be absent now, which SQLite allows only in a table
 * made anew; its rows are copied, since a start with a spoiled configuration file goes on with them.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable("phone")
    .addColumn("name", "text", (name) => name.primaryKey())
    .addColumn("subscriber", "text", (subscriber) => subscriber.notNull().references("subscriber.id"))
    .addColumn("digest", "text", (json) => json.notNull())
    .execute();

  await schema
    .createTable("route_anew")
    .addColumn("subscriber", "text", (subscriber) => subscriber.notNull())
    .addColumn("id", "text", (id) => id.notNull())
    .addColumn("subject", "text", (subject) => subject.notNull())
    .addColumn("center", "text", (center) => center.notNull())
    .addColumn("trunk", "text", (trunk) => trunk.references("trunk.id"))
    .addColumn("phone", "text", (phone) => phone.references("phone.name"))
    .addColumn("number", "text", (number) => number.notNull())
    .addColumn("dnis", "text", (dnis) => dnis.notNull())
    .addColumn("preference", "integer", (preference) => preference.notNull())
    .addColumn("weight", "integer", (weight) => weight.notNull())
    .addColumn("allowed_countries", "text", (json) => json.notNull())
    .addColumn("allowed_addresses", "text", (json) => json.notNull())
    .addColumn("post_dial_digits", "text")
    .addColumn("show_ani", "integer", (truth) => truth.notNull())
    .addPrimaryKeyConstraint("route_anew_key", ["subscriber", "id"])
    .addForeignKeyConstraint("route_anew_subject", ["subscriber", "subject"], "subject", ["subscriber", "id"])
    .addForeignKeyConstraint("route_anew_center", ["subscriber", "center"], "call_center", [
      "subscriber",
      "id",
    ])
    .addCheckConstraint("route_leads_somewhere", sql`(trunk is null) <> (phone is null)`)
    .execute();
  const kept = sql.raw(
    "subscriber, id, subject, center, trunk, number, dnis, preference, weight, " +
      "allowed_countries, allowed_addresses, post_dial_digits, show_ani",
  );
  await sql`insert into route_anew (${kept}) select ${kept} from route`.execute(database);
  await schema.dropTable("route").execute();
  await schema.alterTable("route_anew").renameTo("route").execute();
  await schema.createIndex("route_by_subject").on("route").columns(["subscriber", "subject"]).execute();
}
