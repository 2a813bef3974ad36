import type { PageId, SubscriberId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
import type { DigitMapping, LibraryPage, Texts } from "./records.ts";

interface PageTables {
  library_page: { subscriber: SubscriberId; id: PageId; title: string; content: string };
  digit_mapping: { subscriber: SubscriberId; digits: string; page: PageId };
}

export async function findPage(
  source: Database | Transaction,
  key: { readonly subscriber: SubscriberId; readonly page: PageId },
): Promise<LibraryPage | undefined> {
  const row = await source
    .tables<PageTables>()
    .selectFrom("library_page")
    .selectAll()
    .where("subscriber", "=", key.subscriber)
    .where("id", "=", key.page)
    .executeTakeFirst();
  return row && toPage(row);
}

export async function findPageByDigits(
  source: Database | Transaction,
  key: { readonly subscriber: SubscriberId; readonly digits: string },
): Promise<LibraryPage | undefined> {
  const row = await source
    .tables<PageTables>()
    .selectFrom("digit_mapping as mapping")
    .innerJoin("library_page as page", (join) =>
      join.onRef("page.subscriber", "=", "mapping.subscriber").onRef("page.id", "=", "mapping.page"),
    )
    .select(["page.subscriber", "page.id", "page.title", "page.content"])
    .where("mapping.subscriber", "=", key.subscriber)
    .where("mapping.digits", "=", key.digits)
    .executeTakeFirst();
  return row && toPage(row);
}

export async function insertPage(tx: Transaction, page: LibraryPage): Promise<void> {
  await tx
    .tables<PageTables>()
    .insertInto("library_page")
    .values({
      subscriber: page.subscriber,
      id: page.id,
      title: JSON.stringify(page.title),
      content: JSON.stringify(page.content),
    })
    .execute();
}

export async function insertDigitMapping(tx: Transaction, mapping: DigitMapping): Promise<void> {
  await tx.tables<PageTables>().insertInto("digit_mapping").values(mapping).execute();
}

/** Every page and every digit map. */
export async function deletePages(tx: Transaction): Promise<void> {
  await tx.tables<PageTables>().deleteFrom("digit_mapping").execute();
  await tx.tables<PageTables>().deleteFrom("library_page").execute();
}

function toPage(row: PageTables["library_page"]): LibraryPage {
  return {
    subscriber: row.subscriber,
    id: row.id,
    title: JSON.parse(row.title) as Texts,
    content: JSON.parse(row.content) as LibraryPage["content"],
  };
}
