import type { PhoneName, SubscriberId } from "#base/ids.ts";
import type { PhoneDigest } from "#contract/telecom.ts";
import type { Database, Transaction } from "#store/database.ts";
import type { Media, Phone } from "./records.ts";

interface PhoneTable {
  phone: { name: PhoneName; subscriber: SubscriberId; digest: string; media: Media };
}

/** Of all subscribers, by name: the same on every make of database. */
export async function allPhones(source: Database | Transaction): Promise<readonly Phone[]> {
  const rows = await source.tables<PhoneTable>().selectFrom("phone").selectAll().execute();
  return rows.map(phoneOf).sort((one, other) => (one.name < other.name ? -1 : 1));
}

export async function findPhone(source: Database | Transaction, name: PhoneName): Promise<Phone | undefined> {
  const row = await source
    .tables<PhoneTable>()
    .selectFrom("phone")
    .selectAll()
    .where("name", "=", name)
    .executeTakeFirst();
  return row && phoneOf(row);
}

function phoneOf({ name, subscriber, digest, media }: PhoneTable["phone"]): Phone {
  return { name, subscriber, digest: JSON.parse(digest) as PhoneDigest, media };
}

export async function insertPhone(tx: Transaction, phone: Phone): Promise<void> {
  const { name, subscriber, digest, media } = phone;
  await tx
    .tables<PhoneTable>()
    .insertInto("phone")
    .values({ name, subscriber, digest: JSON.stringify(digest), media })
    .execute();
}

export async function deletePhones(tx: Transaction): Promise<void> {
  await tx.tables<PhoneTable>().deleteFrom("phone").execute();
}
