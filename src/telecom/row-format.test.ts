import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { openJournal } from "./journal/unit-journal.ts";
import type { RowFormat } from "./row-format.ts";

const leg = { kind: "leg", id: "ann" } as const;
const first: RowFormat = { written: 1, oldest: 1, readableBy: 1, steps: new Map() };
/** It adds to a leg what the first did not know. */
const second: RowFormat = {
  ...{ written: 2, oldest: 1, readableBy: 1 },
  steps: new Map([
    [1, ({ kind, content }) => (kind === "leg" ? { ...Object(content), volume: 5 } : content)],
  ]),
};
/** It changes what was there, and so keeps the first from reading it. */
const third: RowFormat = {
  ...{ written: 3, oldest: 1, readableBy: 2 },
  steps: new Map([
    ...second.steps,
    [2, ({ kind, content }) => (kind === "leg" ? { ...Object(content), volume: "loud" } : content)],
  ]),
};

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "tandem-format-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A release opens the journal, says what the leg is to it, and dies. */
function reads(folder: string, format: RowFormat): unknown {
  const journal = openJournal({ folder, clock: systemClock, random: secureRandom, log: silentLog, format });
  const [row] = journal.found("leg");
  journal.close();
  return row?.content;
}

function writes(folder: string, format: RowFormat, content: unknown): void {
  const journal = openJournal({ folder, clock: systemClock, random: secureRandom, log: silentLog, format });
  journal.keep(leg, () => content);
  assert.ok(journal.settle());
  journal.close();
}

test("a later release reads an earlier one's rows, one step a version", (t) => {
  const folder = folderOf(t);
  writes(folder, first, { user: "ann" });
  assert.deepEqual(reads(folder, third), { user: "ann", volume: "loud" });
});

test("and back, where it has only added: what was there is there", (t) => {
  const folder = folderOf(t);
  writes(folder, first, { user: "ann" });
  assert.deepEqual(reads(folder, second), { user: "ann", volume: 5 });
  assert.deepEqual(reads(folder, first), { user: "ann", volume: 5 });
  writes(folder, first, { user: "bob" });
  assert.deepEqual(reads(folder, second), { user: "bob", volume: 5 });
});

test("a release that the file does not allow puts it aside; one that it allows reads it", (t) => {
  const folder = folderOf(t);
  writes(folder, third, { user: "ann", volume: "loud" });
  assert.deepEqual(reads(folder, second), { user: "ann", volume: "loud" });
  writes(folder, third, { user: "ann", volume: "loud" });
  assert.equal(reads(folder, first), undefined);
  assert.ok(readdirSync(folder).some((file) => file.includes("unreadable")));
});

test("a release that reads no longer what was written puts it aside", (t) => {
  const folder = folderOf(t);
  writes(folder, first, { user: "ann" });
  assert.equal(reads(folder, { ...third, oldest: 2 }), undefined);
});
