import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallId, SubscriberId } from "#base/ids.ts";
import { forEachDatabase } from "#rig/databases.ts";
import { appendJournal, type NewJournalRow, readJournal, readJournalOfCall } from "./journal.ts";

const row = (call: string, atMs: number, step = "call-user", subscriber = "bank"): NewJournalRow => ({
  call: call as CallId,
  atMs,
  subscriber: subscriber as SubscriberId,
  step,
  fact: { type: "became-true", note: "Ann's leg \u2013 up" },
});

forEachDatabase((_make, open) => {
  test("rows of two calls in one append are numbered each from 1, and on", async () => {
    const database = await open();
    await database.transaction((tx) => appendJournal(tx, [row("c1", 10), row("c2", 11), row("c1", 12)]));
    await database.transaction((tx) => appendJournal(tx, [row("c1", 13, "bridge")]));
    const journal = await readJournalOfCall(database, "c1" as CallId);
    assert.deepEqual(
      journal.map(({ seq, atMs, step }) => [seq, atMs, step]),
      [
        [1, 10, "call-user"],
        [2, 12, "call-user"],
        [3, 13, "bridge"],
      ],
    );
    assert.deepEqual(journal[0]?.fact, { type: "became-true", note: "Ann's leg \u2013 up" });
  });

  test("two appends to one call at once give every row a number of its own", async () => {
    const database = await open();
    await Promise.all(
      Array.from({ length: 12 }, (_, at) => database.transaction((tx) => appendJournal(tx, [row("c1", at)]))),
    );
    const journal = await readJournalOfCall(database, "c1" as CallId);
    assert.deepEqual(
      journal.map(({ seq }) => seq),
      Array.from({ length: 12 }, (_, index) => index + 1),
    );
  });

  test("a span is read in pieces without loss or repetition, one subscriber's alone when asked", async () => {
    const database = await open();
    const rows = Array.from({ length: 25 }, (_, at) =>
      row(`c${at % 3}`, Math.floor(at / 5), "s", at % 3 === 0 ? "shop" : "bank"),
    );
    await database.transaction((tx) => appendJournal(tx, rows));
    const read: string[] = [];
    for (let after: Awaited<ReturnType<typeof readJournal>>[number] | undefined; ; ) {
      const piece = await readJournal(database, {
        fromMs: 1,
        untilMs: 5,
        limit: 4,
        ...(after && { after }),
      });
      if (piece.length === 0) break;
      read.push(...piece.map(({ call, seq }) => `${call}.${seq}`));
      after = piece.at(-1);
    }
    assert.equal(read.length, 20);
    assert.equal(new Set(read).size, 20);
    const shop = await readJournal(database, {
      fromMs: 0,
      untilMs: 9,
      subscriber: "shop" as SubscriberId,
      limit: 100,
    });
    assert.equal(shop.length, 9);
    assert.ok(shop.every(({ subscriber }) => subscriber === "shop"));
  });
});
