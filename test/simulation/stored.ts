import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Call } from "#call-manager/call.ts";
import type { PushResult, SessionPage } from "#call-manager/pages.ts";
import Sqlite from "better-sqlite3";

export interface StoredPermit {
  readonly id: string;
  readonly subscriber: string;
  readonly kind: "user" | "center";
  readonly call: string;
  readonly grantedAtMs: number;
}

export interface StoredPage {
  readonly seq: number;
  readonly call: string;
  readonly page: SessionPage;
  readonly result: PushResult | null;
}

/** The database as another process finds it in its file: what is not committed is not there. */
export class Stored {
  readonly url: string;
  /** The unit's, beside it. */
  readonly unitFolder: string;
  readonly #folder: string;
  #file: Sqlite.Database | undefined;
  #permits: Sqlite.Statement<[string]> | undefined;

  constructor() {
    // In memory where the system has it: thousands of hours are thousands of flushes.
    this.#folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "tandem-world-"));
    this.url = `sqlite:${join(this.#folder, "tandem.sqlite")}`;
    this.unitFolder = join(this.#folder, "unit");
  }

  /** Permits to call that number that are not over, oldest first. */
  permitsFor(number: string): readonly StoredPermit[] {
    this.#permits ??= this.#open().prepare<[string]>(
      `select id, subscriber, kind, call_id as call, granted_at_ms as grantedAtMs from dial_permit
       where number = ? and ended_at_ms is null order by granted_at_ms`,
    );
    return this.#permits.all(number) as readonly StoredPermit[];
  }

  calls(): readonly Call[] {
    const rows = this.#open().prepare<[]>("select record from call order by began_at_ms, id").all();
    return rows.map((row) => JSON.parse((row as { record: string }).record) as Call);
  }

  pages(session: string): readonly StoredPage[] {
    const rows = this.#open()
      .prepare<[string]>(
        "select seq, call_id as call, page, result from session_page where session = ? order by seq",
      )
      .all(session) as (Omit<StoredPage, "page"> & { page: string })[];
    return rows.map((row) => ({ ...row, page: JSON.parse(row.page) as SessionPage }));
  }

  close(): void {
    this.#file?.close();
    rmSync(this.#folder, { recursive: true });
  }

  #open(): Sqlite.Database {
    this.#file ??= new Sqlite(this.url.slice("sqlite:".length), { readonly: true });
    return this.#file;
  }
}
