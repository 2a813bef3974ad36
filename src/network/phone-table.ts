import type { PhoneName, SubscriberId } from "#base/ids.ts";
import type { PhoneDigest } from "#contract/telecom.ts";
import type { Database, Transaction } from "#store/database.ts";
import type { Phone } from "./records.ts";

interface PhoneTable {
  phone: { name: PhoneName; subscriber: SubscriberId; digest: string };
}

/** Of all subscribers, by name: the same on every make of database. */
export async function allPhones(source: Database | Transaction): Promise<readonly Phone[]> {
  const rows = await source.tables<PhoneTable>().selectFrom("phone").selectAll().execute();
  return rows
    .map(({ name, subscriber, digest }) => ({ name, subscriber, digest: JSON.parse(digest) as PhoneDigest }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

export async function insertPhone(tx: Transaction, { name, subscriber, digest }: Phone): Promise<void> {
  await tx
    .tables<PhoneTable>()
    .insertInto("phone")
    .values({ name, subscriber, digest: JSON.stringify(digest) })
    .execute();
}

export async function deletePhones(tx: Transaction): Promise<void> {
  await tx.tables<PhoneTable>().deleteFrom("phone").execute();
}
