import type { SubscriberId, TrunkId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
import type { Subscriber } from "./records.ts";

interface SubscriberTable {
  subscriber: { id: SubscriberId; name: string; trunk_for_users: TrunkId; record: string };
}

export async function findSubscriber(
  source: Database | Transaction,
  id: SubscriberId,
): Promise<Subscriber | undefined> {
  const row = await source
    .tables<SubscriberTable>()
    .selectFrom("subscriber")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  return (
    row && {
      ...(JSON.parse(row.record) as Omit<Subscriber, "id" | "name" | "trunkForUsers">),
      id: row.id,
      name: row.name,
      trunkForUsers: row.trunk_for_users,
    }
  );
}

/** Whether a configuration was ever loaded. */
export async function hasSubscribers(source: Database): Promise<boolean> {
  const row = await source
    .tables<SubscriberTable>()
    .selectFrom("subscriber")
    .select("id")
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertSubscriber(tx: Transaction, subscriber: Subscriber): Promise<void> {
  const { id, name, trunkForUsers, ...rest } = subscriber;
  await tx
    .tables<SubscriberTable>()
    .insertInto("subscriber")
    .values({ id, name, trunk_for_users: trunkForUsers, record: JSON.stringify(rest) })
    .execute();
}

export async function deleteSubscribers(tx: Transaction): Promise<void> {
  await tx.tables<SubscriberTable>().deleteFrom("subscriber").execute();
}
