import type { CallId, LegId, PermitId, SubscriberId, TrunkId } from "#base/ids.ts";
import type { Database, Transaction } from "#store/database.ts";
import { statement } from "#store/statement.ts";
import { type Kysely, sql } from "kysely";
import type { DialPermit } from "./dial-permit.ts";

interface PermitTables {
  dial_permit: {
    id: PermitId;
    subscriber: SubscriberId;
    number: string;
    kind: "user" | "center";
    call_id: CallId;
    leg: LegId;
    /** Empty for a phone that is registered with us: nothing was ever called by that. */
    trunk: TrunkId | "";
    ip_address: string | null;
    ip_prefix: string | null;
    granted_at_ms: number;
    lapses_at_ms: number;
    ended_at_ms: number | null;
  };
  refused_number: { number: string; since_ms: number };
  call_stop: { scope: string; since_ms: number; why: string };
}

/** In the statement's own text: both makes use an index of visitors' permits alone only where they read the word there. */
const user = sql<"user">`'user'`;

/** A subscriber's id has no colon, so no subscriber can be called "platform" by chance. */
const stopScope = (scope: "platform" | SubscriberId): string =>
  scope === "platform" ? "platform" : `subscriber:${scope}`;

export async function permitOfLeg(
  tx: Transaction,
  leg: { readonly call: CallId; readonly leg: LegId },
): Promise<DialPermit | undefined> {
  const [row] = await rowOfLeg(tx, leg);
  return (
    row && {
      id: row.id,
      subscriber: row.subscriber,
      number: row.number,
      kind: row.kind,
      call: row.call_id,
      leg: row.leg,
      trunk: row.trunk === "" ? undefined : row.trunk,
      grantedAtMs: row.granted_at_ms,
    }
  );
}

const rowOfLeg = statement(
  (tables: Kysely<PermitTables>, { call, leg }: { readonly call: CallId; readonly leg: LegId }) =>
    tables.selectFrom("dial_permit").selectAll().where("call_id", "=", call).where("leg", "=", leg),
);

export async function insertPermit(
  tx: Transaction,
  permit: DialPermit,
  counted: { readonly lapsesAtMs: number; readonly ipAddress?: string; readonly ipPrefix?: string },
): Promise<void> {
  await insertRow(tx, {
    id: permit.id,
    subscriber: permit.subscriber,
    number: permit.number,
    kind: permit.kind,
    call_id: permit.call,
    leg: permit.leg,
    trunk: permit.trunk ?? "",
    ip_address: counted.ipAddress ?? null,
    ip_prefix: counted.ipPrefix ?? null,
    granted_at_ms: permit.grantedAtMs,
    lapses_at_ms: counted.lapsesAtMs,
  });
}

const insertRow = statement(
  (tables: Kysely<PermitTables>, row: Omit<PermitTables["dial_permit"], "ended_at_ms">) =>
    tables.insertInto("dial_permit").values({
      id: row.id,
      subscriber: row.subscriber,
      number: row.number,
      kind: row.kind,
      call_id: row.call_id,
      leg: row.leg,
      trunk: row.trunk,
      ip_address: row.ip_address,
      ip_prefix: row.ip_prefix,
      granted_at_ms: row.granted_at_ms,
      lapses_at_ms: row.lapses_at_ms,
      ended_at_ms: null,
    }),
);

/** Visitors' permits granted after `sinceMs`, to a number (of one subscriber), from an address or a prefix, or for a subscriber. */
export async function countSince(
  tx: Transaction,
  of:
    | { readonly number: string; readonly subscriber?: SubscriberId }
    | { readonly ipAddress: string }
    | { readonly ipPrefix: string }
    | { readonly subscriber: SubscriberId },
  sinceMs: number,
): Promise<number> {
  const [row] = await rowCounted(tx, of, sinceMs);
  return row?.calls ?? 0;
}

function rowCounted(
  tx: Transaction,
  of: Parameters<typeof countSince>[1],
  sinceMs: number,
): Promise<{ calls: number }[]> {
  if ("ipAddress" in of) return countOfAddress(tx, { ...of, sinceMs });
  if ("ipPrefix" in of) return countOfPrefix(tx, { ...of, sinceMs });
  if (!("number" in of)) return countOfSubscriber(tx, { ...of, sinceMs });
  const { number, subscriber } = of;
  if (subscriber === undefined) return countOfNumber(tx, { number, sinceMs });
  return countOfPrivateNumber(tx, { number, subscriber, sinceMs });
}

const visitors = (tables: Kysely<PermitTables>) =>
  tables
    .selectFrom("dial_permit")
    .select((column) => column.fn.countAll<number>().as("calls"))
    .where("kind", "=", user);

const countOfNumber = statement(
  (tables: Kysely<PermitTables>, { number, sinceMs }: { number: string; sinceMs: number }) =>
    visitors(tables).where("number", "=", number).where("granted_at_ms", ">", sinceMs),
);

const countOfPrivateNumber = statement(
  (
    tables: Kysely<PermitTables>,
    { number, subscriber, sinceMs }: { number: string; subscriber: SubscriberId; sinceMs: number },
  ) =>
    visitors(tables)
      .where("number", "=", number)
      .where("subscriber", "=", subscriber)
      .where("granted_at_ms", ">", sinceMs),
);

const countOfAddress = statement(
  (tables: Kysely<PermitTables>, { ipAddress, sinceMs }: { ipAddress: string; sinceMs: number }) =>
    visitors(tables).where("ip_address", "=", ipAddress).where("granted_at_ms", ">", sinceMs),
);

const countOfPrefix = statement(
  (tables: Kysely<PermitTables>, { ipPrefix, sinceMs }: { ipPrefix: string; sinceMs: number }) =>
    visitors(tables).where("ip_prefix", "=", ipPrefix).where("granted_at_ms", ">", sinceMs),
);

const countOfSubscriber = statement(
  (tables: Kysely<PermitTables>, { subscriber, sinceMs }: { subscriber: SubscriberId; sinceMs: number }) =>
    visitors(tables).where("subscriber", "=", subscriber).where("granted_at_ms", ">", sinceMs),
);

/** Visitors' permits of calls that are not known to be over. */
export async function countLive(tx: Transaction, subscriber: SubscriberId, atMs: number): Promise<number> {
  const [row] = await countOfLive(tx, { subscriber, atMs });
  return row?.calls ?? 0;
}

const countOfLive = statement(
  (tables: Kysely<PermitTables>, { subscriber, atMs }: { subscriber: SubscriberId; atMs: number }) =>
    visitors(tables)
      .where("subscriber", "=", subscriber)
      .where("ended_at_ms", "is", null)
      .where("lapses_at_ms", ">", atMs),
);

export async function endPermitsOfCall(tx: Transaction, call: CallId, atMs: number): Promise<void> {
  await endRows(tx, { call, atMs });
}

const endRows = statement((tables: Kysely<PermitTables>, { call, atMs }: { call: CallId; atMs: number }) =>
  tables
    .updateTable("dial_permit")
    .set({ ended_at_ms: atMs })
    .where("call_id", "=", call)
    .where("ended_at_ms", "is", null),
);

export async function refusesCalls(tx: Transaction, numbers: readonly string[]): Promise<boolean> {
  const row = await tx
    .tables<PermitTables>()
    .selectFrom("refused_number")
    .select("number")
    .where("number", "in", numbers)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertRefusedNumber(tx: Transaction, number: string, atMs: number): Promise<void> {
  await tx
    .tables<PermitTables>()
    .insertInto("refused_number")
    .values({ number, since_ms: atMs })
    .onConflict((conflict) => conflict.column("number").doNothing())
    .execute();
}

/** Whether one of them was there. */
export async function deleteRefusedNumbers(tx: Transaction, numbers: readonly string[]): Promise<boolean> {
  const { numDeletedRows } = await tx
    .tables<PermitTables>()
    .deleteFrom("refused_number")
    .where("number", "in", numbers)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

export async function isStopped(
  source: Database | Transaction,
  subscriber: "platform" | SubscriberId,
): Promise<boolean> {
  const stops = await stopsOf(source, { own: stopScope(subscriber), all: stopScope("platform") });
  return stops.length > 0;
}

const stopsOf = statement((tables: Kysely<PermitTables>, { own, all }: { own: string; all: string }) =>
  tables.selectFrom("call_stop").select("scope").where("scope", "in", [own, all]).limit(1),
);

export async function insertStop(
  tx: Transaction,
  scope: "platform" | SubscriberId,
  stop: { readonly atMs: number; readonly why: string },
): Promise<void> {
  await tx
    .tables<PermitTables>()
    .insertInto("call_stop")
    .values({ scope: stopScope(scope), since_ms: stop.atMs, why: stop.why })
    .onConflict((conflict) => conflict.column("scope").doNothing())
    .execute();
}

export async function deleteStop(tx: Transaction, scope: "platform" | SubscriberId): Promise<void> {
  await tx.tables<PermitTables>().deleteFrom("call_stop").where("scope", "=", stopScope(scope)).execute();
}
