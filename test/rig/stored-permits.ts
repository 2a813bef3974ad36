import { join } from "node:path";
import Sqlite from "better-sqlite3";
import type { Platform } from "./platform.ts";

export interface StoredPermit {
  readonly subscriber: string;
  readonly number: string;
  readonly kind: "user" | "center";
  readonly grantedAtMs: number;
}

/** Oldest first, as another process reads them from the database's file: what is not committed is not there. */
export function permitsOf(platform: Platform): readonly StoredPermit[] {
  const database = new Sqlite(join(platform.folder, "tandem.sqlite"), { readonly: true });
  try {
    const rows = database
      .prepare(
        "select subscriber, number, kind, granted_at_ms as grantedAtMs from dial_permit order by granted_at_ms",
      )
      .all();
    return rows as readonly StoredPermit[];
  } finally {
    database.close();
  }
}
