import assert from "node:assert/strict";
import { test } from "node:test";
import { TandemError } from "#base/errors.ts";
import { forEachDatabase } from "#rig/databases.ts";
import type { Kysely } from "kysely";
import type { Database } from "./database.ts";
import { statement } from "./statement.ts";

interface Stops {
  call_stop: { scope: string; since_ms: number; why: string };
}

let built = 0;
const addStop = statement(
  (tables: Kysely<Stops>, { scope, atMs, why }: { scope: string; atMs: number; why: string }) => {
    built++;
    return tables.insertInto("call_stop").values({ scope, since_ms: atMs, why });
  },
);
const stopsOf = statement((tables: Kysely<Stops>, given: { one: string; other: string; most: number }) =>
  tables
    .selectFrom("call_stop")
    .select(["scope", "since_ms"])
    .where("scope", "in", [given.one, given.other])
    .orderBy("scope")
    .limit(given.most),
);
const scopesSince = async (database: Database, one: string, other: string): Promise<string[]> =>
  (await stopsOf(database, { one, other, most: 10 })).map((row) => `${row.scope} ${row.since_ms}`);

forEachDatabase((_make, open) => {
  test("a statement is built once, and filled in anew each time, inside a transaction and outside", async () => {
    const database = await open();
    const before = built;
    await addStop(database, { scope: "red", atMs: 1, why: "test" });
    await database.transaction(async (tx) => {
      await addStop(tx, { scope: "blue", atMs: 2, why: "it's a 'test'; --" });
      assert.deepEqual(await stopsOf(tx, { one: "red", other: "blue", most: 1 }), [
        { scope: "blue", since_ms: 2 },
      ]);
    });
    assert.deepEqual(await scopesSince(database, "red", "blue"), ["blue 2", "red 1"]);
    assert.deepEqual(await scopesSince(database, "red", "green"), ["red 1"]);
    assert.ok(built - before <= 1, "once for each make");
  });

  test("said at the same time with different values, each has its own", async () => {
    const database = await open();
    const scopes = Array.from({ length: 20 }, (_, n) => `scope ${n}`);
    await Promise.all(scopes.map((scope, atMs) => addStop(database, { scope, atMs, why: "" })));
    const found = await Promise.all(scopes.map((scope) => scopesSince(database, scope, scope)));
    assert.deepEqual(
      found,
      scopes.map((scope, atMs) => [`${scope} ${atMs}`]),
    );
  });

  test("a statement waits for the transaction at work, and finds what that left: here, nothing", async () => {
    const database = await open();
    const both = database.transaction(async (tx) => {
      await addStop(tx, { scope: "red", atMs: 1, why: "" });
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error("rolled back");
    });
    const found = scopesSince(database, "red", "blue");
    await assert.rejects(both, /rolled back/);
    assert.deepEqual(await found, []);
  });

  test("from inside a transaction its tx alone is asked, and not after its end", async () => {
    const database = await open();
    await assert.rejects(
      database.transaction(async () => void (await scopesSince(database, "red", "blue"))),
      withCode("BUG"),
    );
    const left = await database.transaction(async (tx) => tx);
    await assert.rejects(addStop(left, { scope: "red", atMs: 1, why: "" }), withCode("BUG"));
    assert.deepEqual(await scopesSince(database, "red", "blue"), []);
  });
});

function withCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof TandemError && error.code === code;
}
