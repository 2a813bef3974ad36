import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import { silentLog } from "#base/log.ts";
import { forEachDatabase } from "#rig/databases.ts";
import { sql } from "kysely";
import { migrate } from "./migrations/migrate.ts";
import { type Change, type Changes, changes, tablesFormat } from "./tables-format.ts";
import { type Database, openDatabase, type Transaction } from "./database.ts";

interface Stops {
  call_stop: { scope: string; since_ms: number; why: string };
}

async function stops(source: Database | Transaction): Promise<number> {
  return (await source.tables<Stops>().selectFrom("call_stop").selectAll().execute()).length;
}

function addStop(source: Database | Transaction, scope: string): Promise<unknown> {
  return source
    .tables<Stops>()
    .insertInto("call_stop")
    .values({ scope, since_ms: 1_800_000_000_000, why: "test" })
    .execute();
}

const withCode = (code: string) => (error: unknown) => error instanceof TandemError && error.code === code;

forEachDatabase((make, open, freshUrl) => {
  test("a transaction that throws leaves nothing behind", async () => {
    const database = await open();
    await assert.rejects(
      database.transaction(async (tx) => {
        await addStop(tx, "one");
        throw new Error("no");
      }),
      /^Error: no$/,
    );
    assert.equal(await stops(database), 0);
    assert.equal(database.make, make);
  });

  test("a moment comes back as the number it was", async () => {
    const database = await open();
    await addStop(database, "one");
    const row = await database.tables<Stops>().selectFrom("call_stop").selectAll().executeTakeFirstOrThrow();
    assert.equal(row.since_ms, 1_800_000_000_000);
  });

  test("40 transactions that read, wait and write lose no update", async () => {
    const database = await open();
    await database
      .tables<Stops>()
      .insertInto("call_stop")
      .values({ scope: "count", since_ms: 0, why: "" })
      .execute();
    await Promise.all(
      Array.from({ length: 40 }, () =>
        database.transaction(async (tx) => {
          const row = await tx.tables<Stops>().selectFrom("call_stop").selectAll().executeTakeFirstOrThrow();
          await new Promise((resolve) => setImmediate(resolve));
          await tx
            .tables<Stops>()
            .updateTable("call_stop")
            .set({ since_ms: row.since_ms + 1 })
            .execute();
        }),
      ),
    );
    const row = await database.tables<Stops>().selectFrom("call_stop").selectAll().executeTakeFirstOrThrow();
    assert.equal(row.since_ms, 40);
  });

  test("statements outside a transaction never become part of it", async () => {
    const database = await open();
    const both = database.transaction(async (tx) => {
      await addStop(tx, "inside");
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error("rolled back");
    });
    const outside = addStop(database, "outside");
    await Promise.allSettled([both, outside]);
    const rows = await database.tables<Stops>().selectFrom("call_stop").select("scope").execute();
    assert.deepEqual(rows, [{ scope: "outside" }]);
  });

  test("asking the database from inside a transaction is refused, not a deadlock", async () => {
    const database = await open();
    await assert.rejects(
      database.transaction(async () => void (await stops(database))),
      withCode("BUG"),
    );
    await assert.rejects(
      database.transaction(() => database.transaction(async () => {})),
      withCode("BUG"),
    );
    assert.equal(await stops(database), 0);
  });

  test("a constraint that is broken is not taken for a database that is away", async () => {
    const database = await open();
    await addStop(database, "one");
    await assert.rejects(addStop(database, "one"), (error) => !(error instanceof TandemError));
    await addStop(database, "two");
  });

  test("opening again migrates nothing and keeps everything", async () => {
    const url = await freshUrl();
    const first = await openDatabase({ url, clock: systemClock, log: silentLog });
    await addStop(first, "one");
    await first.close();
    const second = await openDatabase({ url, clock: systemClock, log: silentLog });
    assert.equal(await stops(second), 1);
    await second.close();
  });

  test("routes of before there were phones are kept, with their trunks", async () => {
    const url = await freshUrl();
    const database = await openDatabase({ url, clock: systemClock, log: silentLog });
    const tables = database.tables();
    // As 0001 made it, as far as a row needs it.
    await sql`drop table route`.execute(tables);
    await sql`drop table phone`.execute(tables);
    for (const column of ["push", "result", "result_at_ms"])
      await sql`alter table session_page drop column ${sql.ref(column)}`.execute(tables);
    await sql`create table route (subscriber text not null, id text not null, subject text not null, center text not null,
      trunk text not null, number text not null, dnis text not null, preference integer not null, weight integer not null,
      allowed_countries text not null, allowed_addresses text not null, post_dial_digits text, show_ani integer not null,
      constraint route_key primary key (subscriber, id))`.execute(tables);
    await sql`create index route_by_subject on route (subscriber, subject)`.execute(tables);
    await sql`insert into trunk values ('carrier', '{}')`.execute(tables);
    await sql`insert into subscriber values ('bank', 'Bank', 'carrier', '{}')`.execute(tables);
    await sql`insert into subject values ('bank', 'mortgages', '{}', '{}')`.execute(tables);
    await sql`insert into call_center values ('bank', 'main', 'Main', 'UTC', '{}')`.execute(tables);
    await sql`insert into route values ('bank', 'r1', 'mortgages', 'main', 'carrier', '+1', '4001', 2, 3, '[]', '[]', 'ww', 1)`.execute(
      tables,
    );
    await sql`delete from tandem_migration where name >= '0004'`.execute(tables);
    await database.close();

    const after = await openDatabase({ url, clock: systemClock, log: silentLog });
    const { rows } = await sql<Record<string, unknown>>`select * from route`.execute(after.tables());
    assert.deepEqual(
      rows.map((row) => [row["id"], row["trunk"], row["phone"], row["preference"], row["post_dial_digits"]]),
      [["r1", "carrier", null, 2, "ww"]],
    );
    await after.close();
  });

  test("a database of a newer Tandem is left alone", async () => {
    const url = await freshUrl();
    const database = await openDatabase({ url, clock: systemClock, log: silentLog });
    await sql`insert into tandem_migration (name, timestamp) values ('9999-future', 'x')`.execute(
      database.tables(),
    );
    await database.close();
    await assert.rejects(
      openDatabase({ url, clock: systemClock, log: silentLog }),
      withCode("DATABASE_NEWER"),
    );
  });

  test("a later Tandem that has only added is gone beside, and one that has changed is not", async () => {
    const url = await freshUrl();
    const database = await openDatabase({ url, clock: systemClock, log: silentLog });
    const tables = database.tables<unknown>();
    const adds: Change = {
      readableBy: tablesFormat().written,
      up: (later) => later.schema.createTable("later").addColumn("id", "text").execute(),
    };
    const withAddition: Changes = { ...changes, "9001-adds": adds };
    assert.deepEqual(await migrate(tables, withAddition), []);
    assert.deepEqual(await migrate(tables), ["9001-adds"]);
    await addStop(database, "beside a later one");
    await migrate(tables, { ...withAddition, "9002-changes": { up: () => Promise.resolve() } });
    await assert.rejects(migrate(tables), withCode("DATABASE_NEWER"));
    await assert.rejects(migrate(tables, withAddition), withCode("DATABASE_NEWER"));
    await database.close();
  });

  test("four processes that start at once migrate once", async () => {
    const url = await freshUrl();
    const script = `
      import { openDatabase } from "${new URL("./database.ts", import.meta.url).href}";
      import { systemClock } from "${new URL("../base/clock.ts", import.meta.url).href}";
      import { silentLog } from "${new URL("../base/log.ts", import.meta.url).href}";
      const database = await openDatabase({ url: process.argv[1], clock: systemClock, log: silentLog });
      await database.close();`;
    const ends = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = spawn(process.execPath, ["--input-type=module", "-e", script, url], {
          stdio: ["ignore", "ignore", "pipe"],
        });
        let said = "";
        child.stderr.on("data", (chunk: Buffer) => {
          said += chunk.toString();
        });
        const [code] = (await once(child, "close")) as [number];
        return code === 0 ? "well" : said;
      }),
    );
    assert.deepEqual(ends, ["well", "well", "well", "well"]);
  });
});

forEachDatabase((make, _open, freshUrl) => {
  const options = { clock: systemClock, log: silentLog };

  test("what was acknowledged is there after a kill -9 of the process", async () => {
    const url = await freshUrl();
    const script = `
      import { openDatabase } from "${new URL("./database.ts", import.meta.url).href}";
      import { systemClock } from "${new URL("../base/clock.ts", import.meta.url).href}";
      import { silentLog } from "${new URL("../base/log.ts", import.meta.url).href}";
      const database = await openDatabase({ url: process.argv[1], clock: systemClock, log: silentLog });
      for (let n = 1; ; n++) {
        await database.transaction(async (tx) => {
          await tx.tables().insertInto("call_stop").values({ scope: "a" + n, since_ms: n, why: "" }).execute();
          await tx.tables().insertInto("call_stop").values({ scope: "b" + n, since_ms: n, why: "" }).execute();
        });
        process.stdout.write(n + "\\n");
      }`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, url], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.split("\n").length > 40) child.kill("SIGKILL");
    });
    await once(child, "close");
    const acknowledged = Number(said.trim().split("\n").at(-1));
    const database = await openDatabase({ url, ...options });
    const rows = await stops(database);
    await database.close();
    assert.ok(acknowledged >= 40, said);
    assert.ok(rows >= 2 * acknowledged, `${rows} rows, ${acknowledged} acknowledged`);
    assert.equal(rows % 2, 0, "half a transaction is there");
  });

  test("a connection lost in a transaction is DATABASE_UNAVAILABLE, and the next one finds another", {
    skip: make === "sqlite" ? "SQLite has no connections to lose" : false,
  }, async () => {
    const url = await freshUrl();
    const database = await openDatabase({ url, ...options });
    const other = await openDatabase({ url, ...options });
    await assert.rejects(
      database.transaction(async (tx) => {
        await addStop(tx, "lost");
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx.tables());
        await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(other.tables());
        await addStop(tx, "more");
      }),
      withCode("DATABASE_UNAVAILABLE"),
    );
    assert.equal(await stops(database), 0);
    await addStop(database, "one");
    assert.equal(await stops(database), 1);
    await database.close();
    await other.close();
  });
});

test("an address of neither make is a setting that cannot be used", async () => {
  const open = (url: string): Promise<Database> => openDatabase({ url, clock: systemClock, log: silentLog });
  await assert.rejects(open("mysql://localhost/x"), withCode("SETTINGS_INVALID"));
});

test("a database that cannot be reached is DATABASE_UNAVAILABLE", async () => {
  const open = (url: string): Promise<Database> => openDatabase({ url, clock: systemClock, log: silentLog });
  await assert.rejects(open("sqlite:/nowhere/at/all.sqlite"), withCode("DATABASE_UNAVAILABLE"));
  // Port 1 on loopback: nobody listens there.
  await assert.rejects(open("postgresql://tandem@127.0.0.1:1/none"), withCode("DATABASE_UNAVAILABLE"));
});

test("a SQLite database lives in memory when asked", async () => {
  const database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  await addStop(database, "one");
  assert.equal(await stops(database), 1);
  await database.close();
});
