import assert from "node:assert/strict";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { forEachDatabase } from "#rig/databases.ts";
import { linesOf, patientIn } from "#rig/patient.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { openDatabase } from "#store/database.ts";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { sql } from "kysely";
import { checkDatabase, ofRoom, ofState } from "./database-check.ts";

forEachDatabase((make, _open, freshUrl) => {
  async function made(change?: ReturnType<typeof sql>): Promise<string> {
    const url = await freshUrl();
    const database = await openDatabase({ url, clock: systemClock, log: silentLog });
    if (change !== undefined) await change.execute(database.tables());
    await database.close();
    return url;
  }
  async function seen(url: string): Promise<readonly string[]> {
    using folder = temporaryFolder("doctor");
    return linesOf(await checkDatabase(patientIn(folder.path, { TANDEM_DATABASE: url })));
  }

  test("a database of this version is well, and is as it was afterwards", async () => {
    const url = await made();
    for (let look = 0; look < 2; look += 1) {
      const [state, room, sync] = await seen(url);
      assert.match(
        state ?? "",
        /^ok: (SQLite|PostgreSQL) \d+\..* opens, is of this version and can be written\.$/,
      );
      assert.match(room ?? "", /MB are free at /);
      assert.match(sync ?? "", /syncs in [0-9.]+ ms\.$/);
    }
    const database = await openDatabase({ url, clock: systemClock, log: silentLog });
    const tables = await database.tables().introspection.getTables();
    await database.close();
    assert.ok(!tables.some(({ name }) => name === "tandem_doctor"));
  });

  test("a migration that waits is a warning, and is not made", async () => {
    const url = await made(sql`delete from tandem_migration where name = '0003-live-rows'`);
    for (let look = 0; look < 2; look += 1)
      assert.match((await seen(url))[0] ?? "", /^warning: .*0003-live-rows not done yet/);
  });

  test("a migration that nobody knows here is a newer Tandem's", async () => {
    const url = await made(sql`insert into tandem_migration (name, timestamp) values ('9999-later', '2030')`);
    assert.match((await seen(url))[0] ?? "", /^wrong: A newer Tandem has written it \(9999-later\)\.$/);
  });

  if (make === "postgresql") {
    test("synchronous_commit off is wrong, and so is an address where nobody answers", async () => {
      const url = await made();
      const database = await openDatabase({ url, clock: systemClock, log: silentLog });
      const name = new URL(url).pathname.slice(1);
      await sql.raw(`alter database ${name} set synchronous_commit = off`).execute(database.tables());
      await database.close();
      assert.match((await seen(url))[0] ?? "", /^wrong: synchronous_commit is off/);
      const nowhere = new URL(url);
      nowhere.port = "1";
      assert.match((await seen(nowhere.href))[0] ?? "", /^wrong: It cannot be opened: .*ECONNREFUSED/);
    });
    return;
  }

  test("SQLite: a file that is not there yet is made by the first start, and not by the doctor", async () => {
    using folder = temporaryFolder("doctor");
    for (let look = 0; look < 2; look += 1)
      assert.match(linesOf(await checkDatabase(patientIn(folder.path)))[0] ?? "", /^ok: There is no /);
  });

  test("SQLite: a file that may be read alone, and one that is none", async () => {
    const url = await made();
    const file = url.slice("sqlite:".length);
    // https://www.sqlite.org/fileformat.html 1.3.3: a write version of 3 is a later SQLite's, and the file read-only for this one.
    const opened = openSync(file, "r+");
    writeSync(opened, Uint8Array.of(3), 0, 1, 18);
    closeSync(opened);
    assert.match((await seen(url))[0] ?? "", /^wrong: .*readonly database\.$/);

    using folder = temporaryFolder("doctor");
    const spoiled = join(folder.path, "spoiled.sqlite");
    writeFileSync(spoiled, "no database at all, but some text of more than a hundred octets ".repeat(20));
    assert.match((await seen(`sqlite:${spoiled}`))[0] ?? "", /^wrong: It cannot be opened: .*not a database/);
  });
});

test("too old a PostgreSQL, and a disk that fills up", () => {
  const state = {
    make: "postgresql",
    version: "14.9 (Debian)",
    migrationsMissing: [],
    migrationsUnknown: [],
    whyNotWritable: undefined,
    synchronousCommit: "on",
  } as const;
  assert.match(linesOf(ofState(state))[0] ?? "", /^wrong: PostgreSQL 14\.9 \(Debian\) is too old\.$/);
  assert.equal(linesOf(ofState({ ...state, version: "17.2" }))[0]?.slice(0, 3), "ok:");
  assert.deepEqual(
    [50, 500, 5000].map((megabytes) => ofRoom("/var", megabytes).verdict),
    ["wrong", "warning", "ok"],
  );
});
