import type { TrunkId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
import type { Trunk } from "./records.ts";

interface TrunkTable {
  trunk: { id: TrunkId; record: string };
}

export async function findTrunk(source: Database | Transaction, id: TrunkId): Promise<Trunk | undefined> {
  const row = await source
    .tables<TrunkTable>()
    .selectFrom("trunk")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  return row && trunkOf(row);
}

/** All of them, by name. */
export async function findTrunks(source: Database | Transaction): Promise<readonly Trunk[]> {
  const rows = await source.tables<TrunkTable>().selectFrom("trunk").selectAll().orderBy("id").execute();
  return rows.map(trunkOf);
}

function trunkOf(row: TrunkTable["trunk"]): Trunk {
  // One that was stored before there was another way says nothing of it.
  return { media: "rtp", ...(JSON.parse(row.record) as Omit<Trunk, "id" | "media">), id: row.id };
}

export async function insertTrunk(tx: Transaction, trunk: Trunk): Promise<void> {
  const { id, ...rest } = trunk;
  await tx
    .tables<TrunkTable>()
    .insertInto("trunk")
    .values({ id, record: JSON.stringify(rest) })
    .execute();
}

export async function deleteTrunks(tx: Transaction): Promise<void> {
  await tx.tables<TrunkTable>().deleteFrom("trunk").execute();
}
