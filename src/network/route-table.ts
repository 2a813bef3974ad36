import { TandemError } from "#base/errors.ts";
import type { CallCenterId, PhoneName, RouteId, SubjectId, SubscriberId, TrunkId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
import type { Route } from "./records.ts";

interface RouteTable {
  route: {
    subscriber: SubscriberId;
    id: RouteId;
    subject: SubjectId;
    center: CallCenterId;
    trunk: TrunkId | null;
    phone: PhoneName | null;
    number: string;
    dnis: string;
    preference: number;
    weight: number;
    allowed_countries: string;
    allowed_addresses: string;
    post_dial_digits: string | null;
    show_ani: number;
  };
}

/** A subject's routes, by order, then by id: the same on every make of database. */
export async function routesOf(
  source: Database | Transaction,
  key: { readonly subscriber: SubscriberId; readonly subject: SubjectId },
): Promise<readonly Route[]> {
  const rows = await source
    .tables<RouteTable>()
    .selectFrom("route")
    .selectAll()
    .where("subscriber", "=", key.subscriber)
    .where("subject", "=", key.subject)
    .orderBy("preference")
    .orderBy("id")
    .execute();
  return rows.map(toRoute);
}

export async function insertRoute(tx: Transaction, route: Route): Promise<void> {
  await tx
    .tables<RouteTable>()
    .insertInto("route")
    .values({
      subscriber: route.subscriber,
      id: route.id,
      subject: route.subject,
      center: route.center,
      trunk: route.trunk ?? null,
      phone: route.phone ?? null,
      number: route.number,
      dnis: route.dnis,
      preference: route.order,
      weight: route.weight,
      allowed_countries: JSON.stringify(route.allowedCountries),
      allowed_addresses: JSON.stringify(route.allowedAddresses),
      post_dial_digits: route.postDialDigits ?? null,
      show_ani: route.showAni ? 1 : 0,
    })
    .execute();
}

export async function deleteRoutes(tx: Transaction): Promise<void> {
  await tx.tables<RouteTable>().deleteFrom("route").execute();
}

/** One of the two stands in every row. */
function reachedBy({
  trunk,
  phone,
}: RouteTable["route"]): { readonly phone: PhoneName } | { readonly trunk: TrunkId } {
  if (phone !== null) return { phone };
  if (trunk !== null) return { trunk };
  throw new TandemError("BUG", { why: "a route that leads nowhere" });
}

function toRoute(row: RouteTable["route"]): Route {
  return {
    id: row.id,
    subscriber: row.subscriber,
    subject: row.subject,
    center: row.center,
    number: row.number,
    dnis: row.dnis,
    order: row.preference,
    weight: row.weight,
    allowedCountries: JSON.parse(row.allowed_countries) as readonly string[],
    allowedAddresses: JSON.parse(row.allowed_addresses) as readonly string[],
    ...(row.post_dial_digits !== null && { postDialDigits: row.post_dial_digits }),
    showAni: row.show_ani === 1,
    ...reachedBy(row),
  };
}
