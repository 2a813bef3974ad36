import type { CallCenterId, SubscriberId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
import type { CallCenter, OpeningHours } from "./records.ts";

interface CallCenterTable {
  call_center: { subscriber: SubscriberId; id: CallCenterId; name: string; time_zone: string; hours: string };
}

export async function findCallCenter(
  source: Database | Transaction,
  key: { readonly subscriber: SubscriberId; readonly center: CallCenterId },
): Promise<CallCenter | undefined> {
  const row = await source
    .tables<CallCenterTable>()
    .selectFrom("call_center")
    .selectAll()
    .where("subscriber", "=", key.subscriber)
    .where("id", "=", key.center)
    .executeTakeFirst();
  return row && toCallCenter(row);
}

export async function callCentersOf(
  source: Database | Transaction,
  subscriber: SubscriberId,
): Promise<readonly CallCenter[]> {
  const rows = await source
    .tables<CallCenterTable>()
    .selectFrom("call_center")
    .selectAll()
    .where("subscriber", "=", subscriber)
    .orderBy("id")
    .execute();
  return rows.map(toCallCenter);
}

export async function insertCallCenter(tx: Transaction, center: CallCenter): Promise<void> {
  await tx
    .tables<CallCenterTable>()
    .insertInto("call_center")
    .values({
      subscriber: center.subscriber,
      id: center.id,
      name: center.name,
      time_zone: center.timeZone,
      hours: JSON.stringify(center.hours),
    })
    .execute();
}

export async function deleteCallCenters(tx: Transaction): Promise<void> {
  await tx.tables<CallCenterTable>().deleteFrom("call_center").execute();
}

function toCallCenter(row: CallCenterTable["call_center"]): CallCenter {
  return {
    subscriber: row.subscriber,
    id: row.id,
    name: row.name,
    timeZone: row.time_zone,
    hours: JSON.parse(row.hours) as OpeningHours,
  };
}
