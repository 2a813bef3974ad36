import { join } from "node:path";
import Sqlite from "better-sqlite3";
import type { Call } from "#call-manager/call.ts";
import { callOf } from "./plan.ts";

/** One call as the database has it in the end. */
export interface CallKept {
  readonly call: Pick<
    Call,
    "id" | "state" | "outcome" | "beganAtMs" | "endedAtMs" | "bridgedAtMs" | "pushed"
  >;
  /** Its number in the soak, by the visitor's telephone. */
  readonly number: number;
  /** How often the journal says that it ended. */
  readonly ends: number;
  readonly permits: readonly { readonly kind: "user" | "center"; readonly isOver: boolean }[];
}

/** Every call, oldest first, as another process reads them from the database's file. */
export function readLedger(folder: string): readonly CallKept[] {
  const database = new Sqlite(join(folder, "tandem.sqlite"), { readonly: true });
  try {
    const calls = database.prepare("select record from call order by began_at_ms").all() as {
      record: string;
    }[];
    const ends = database
      .prepare(
        "select call_id, count(*) as times from journal where fact -> 'ended' is not null group by call_id",
      )
      .all() as { call_id: string; times: number }[];
    const permits = database
      .prepare("select call_id, kind, ended_at_ms is not null as over from dial_permit")
      .all() as { call_id: string; kind: "user" | "center"; over: number }[];
    const endsOf = new Map(ends.map(({ call_id, times }) => [call_id, times]));
    const permitsOf = Map.groupBy(permits, ({ call_id }) => call_id);
    return calls.map(({ record }) => {
      const call = JSON.parse(record) as Call;
      return {
        call,
        number: callOf(call.visitorNumber),
        ends: endsOf.get(call.id) ?? 0,
        permits: (permitsOf.get(call.id) ?? []).map(({ kind, over }) => ({ kind, isOver: over === 1 })),
      };
    });
  } finally {
    database.close();
  }
}
