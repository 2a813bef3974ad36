import type { SubjectId, SubscriberId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
import type { Subject, Texts } from "./records.ts";

interface SubjectTable {
  subject: { subscriber: SubscriberId; id: SubjectId; name: string; whisper: string };
}

export async function findSubject(
  source: Database | Transaction,
  key: { readonly subscriber: SubscriberId; readonly subject: SubjectId },
): Promise<Subject | undefined> {
  const row = await source
    .tables<SubjectTable>()
    .selectFrom("subject")
    .selectAll()
    .where("subscriber", "=", key.subscriber)
    .where("id", "=", key.subject)
    .executeTakeFirst();
  return row && toSubject(row);
}

export async function subjectsOf(
  source: Database | Transaction,
  subscriber: SubscriberId,
): Promise<readonly Subject[]> {
  const rows = await source
    .tables<SubjectTable>()
    .selectFrom("subject")
    .selectAll()
    .where("subscriber", "=", subscriber)
    .orderBy("id")
    .execute();
  return rows.map(toSubject);
}

export async function insertSubject(tx: Transaction, subject: Subject): Promise<void> {
  await tx
    .tables<SubjectTable>()
    .insertInto("subject")
    .values({
      subscriber: subject.subscriber,
      id: subject.id,
      name: JSON.stringify(subject.name),
      whisper: JSON.stringify(subject.whisper),
    })
    .execute();
}

export async function deleteSubjects(tx: Transaction): Promise<void> {
  await tx.tables<SubjectTable>().deleteFrom("subject").execute();
}

function toSubject(row: SubjectTable["subject"]): Subject {
  return {
    subscriber: row.subscriber,
    id: row.id,
    name: JSON.parse(row.name) as Texts,
    whisper: JSON.parse(row.whisper) as Texts,
  };
}
