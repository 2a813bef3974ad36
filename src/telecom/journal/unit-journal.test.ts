import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock, VirtualClock } from "#base/clock.ts";
import type { LegId, PermitId } from "#base/ids.ts";
import { type Log, silentLog } from "#base/log.ts";
import { secureRandom, seededRandom } from "#base/random.ts";
import Sqlite from "better-sqlite3";
import { openJournal } from "./unit-journal.ts";

const leg = { kind: "leg", id: "ann" } as const;

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "tandem-journal-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function open(folder: string, log: Log = silentLog) {
  return openJournal({ folder, clock: systemClock, random: secureRandom, log });
}

test("what was settled is found by the next process, though the first one never closed", (t) => {
  const folder = folderOf(t);
  const first = open(folder);
  let state = "dialing";
  first.keep(leg, () => ({ state }));
  first.keep({ kind: "leg", id: "bob" }, () => ({ state: "ringing" }));
  // The content is that of the moment of writing.
  state = "answered";
  assert.ok(first.settle());
  first.drop({ kind: "leg", id: "bob" });
  first.use("permit-1" as PermitId, "ann" as LegId);
  assert.ok(first.settle());

  const next = open(folder);
  assert.deepEqual(next.found("leg"), [{ id: "ann", content: { state: "answered" } }]);
  assert.equal(next.legOf("permit-1" as PermitId), "ann");
  assert.equal(next.legOf("permit-2" as PermitId), undefined);
  assert.equal(next.boot, first.boot, "the lines are the same");
  next.close();
  first.close();
});

test("what nobody settles is written a moment later", async (t) => {
  const folder = folderOf(t);
  const clock = new VirtualClock();
  const first = openJournal({ folder, clock, random: secureRandom, log: silentLog });
  first.keep(leg, () => "here");
  await clock.advance(20);
  const next = open(folder);
  assert.deepEqual(next.found("leg"), [{ id: "ann", content: "here" }]);
  next.close();
  first.close();
});

test("after a proper end nothing is left but the permits and the phones", (t) => {
  const folder = folderOf(t);
  const first = open(folder);
  first.keep(leg, () => 1);
  first.keep({ kind: "phone", id: "bob.bank" }, () => 2);
  first.use("permit-1" as PermitId, "ann" as LegId);
  first.settle();
  first.end();
  const next = open(folder);
  assert.deepEqual(next.found("leg"), []);
  assert.deepEqual(next.found("phone"), [{ id: "bob.bank", content: 2 }]);
  assert.equal(next.legOf("permit-1" as PermitId), "ann");
  assert.notEqual(next.boot, first.boot);
  next.close();
});

test("what it holds is sealed, and its owner's alone", (t) => {
  const folder = folderOf(t);
  const journal = open(folder);
  journal.keep(leg, () => ({ password: "open sesame" }));
  journal.use("permit-1" as PermitId, "ann" as LegId);
  journal.settle();
  journal.end();
  for (const file of readdirSync(folder)) {
    assert.equal(statSync(join(folder, file)).mode & 0o077, 0, `${file} is its owner's alone`);
    assert.ok(!readFileSync(join(folder, file)).includes("sesame"), file);
  }
});

for (const [what, spoil] of [
  [
    "damaged",
    ({ log }: Paths) => writeFileSync(log, "no journal at all, but long enough to be looked at, and more"),
  ],
  ["empty", ({ log }: Paths) => writeFileSync(log, "")],
  [
    "changed in one octet",
    ({ log }: Paths) => withOctets(log, (octets) => octets.set([1], octets.length - 1)),
  ],
  ["of a newer version", ({ log }: Paths) => withOctets(log, (octets) => octets.set([99], 5))],
  ["sealed with a key that is gone", ({ key }: Paths) => rmSync(key)],
  ["beside permits of another program", ({ permits }: Paths) => withPermits(permits, "application_id = 7")],
  ["beside permits of a newer version", ({ permits }: Paths) => withPermits(permits, "user_version = 99")],
] as const) {
  test(`a journal that is ${what} is put aside and said loudly, and the unit begins with another`, (t) => {
    const folder = folderOf(t);
    const first = open(folder);
    first.keep(leg, () => 1);
    first.settle();
    first.close();
    spoil({
      log: join(folder, "unit-journal.log"),
      key: join(folder, "unit-journal.key"),
      permits: join(folder, "unit-permits.sqlite"),
    });
    const { log, said } = listening();
    const next = open(folder, log);
    assert.deepEqual(next.found("leg"), []);
    assert.notEqual(next.boot, first.boot);
    assert.equal(said.length, 1);
    assert.ok(readdirSync(folder).some((file) => file.startsWith("unit-journal.log.unreadable-")));
    next.keep(leg, () => 2);
    assert.ok(next.settle());
    next.close();
    const last = open(folder);
    assert.deepEqual(last.found("leg"), [{ id: "ann", content: 2 }]);
    last.close();
  });
}

test("lines that kill whoever takes them up are put aside in the end", (t) => {
  const folder = folderOf(t);
  const { log, said } = listening();
  let boot = "";
  for (let life = 0; life < 9; life++) {
    const journal = openJournal({ folder, clock: new VirtualClock(), random: secureRandom, log });
    journal.keep(leg, () => "deadly");
    journal.settle();
    boot = journal.boot;
  }
  assert.equal(said.length, 1);
  const next = open(folder);
  assert.equal(next.boot, boot);
  next.close();
});

/** C9. What was acknowledged stood in a settled row before: wherever the file ends, all that was settled before is found. */
test("each beginning of the log holds all that was settled in it", (t) => {
  const seed = "prefixes";
  const random = seededRandom(seed);
  const folder = folderOf(t);
  const path = join(folder, "unit-journal.log");
  const journal = open(folder);
  const standing = new Map<string, unknown>();
  const settled = [{ octets: statSync(path).size, rows: new Map(standing), permits: 0 }];
  for (let write = 0; write < 200; write++) {
    const id = `leg-${random.integer(20)}`;
    if (random.integer(5) === 0) {
      standing.delete(id);
      journal.drop({ kind: "leg", id });
    } else {
      const content = { write, kept: { id, parity: write % 2 } };
      standing.set(id, content);
      journal.keep({ kind: "leg", id }, () => content);
    }
    journal.use(`permit-${write}` as PermitId, id as LegId);
    assert.ok(journal.settle());
    settled.push({ octets: statSync(path).size, rows: new Map([...standing].sort()), permits: write + 1 });
  }
  journal.close();

  const whole = readFileSync(path);
  for (const [at, { octets, rows, permits }] of settled.entries()) {
    // The next record, torn.
    const next = (settled[at + 1]?.octets ?? octets) - octets;
    for (const more of at % 20 > 0 || next === 0 ? [0] : [0, 1, 19, 21, next - 1]) {
      const copy = folderOf(t);
      copyFileSync(join(folder, "unit-journal.key"), join(copy, "unit-journal.key"));
      writeFileSync(join(copy, "unit-journal.log"), whole.subarray(0, octets + more));
      const { log, said } = listening();
      const found = open(copy, log);
      const legs = new Map(found.found("leg").map((row) => [row.id, row.content]));
      assert.deepEqual(legs, rows, `seed ${seed}, after ${at} writes and ${more} octets`);
      for (let used = 0; used < settled.length; used++)
        assert.equal(
          found.legOf(`permit-${used}` as PermitId) !== undefined,
          used < permits,
          `permit ${used}`,
        );
      assert.deepEqual(said, []);
      found.close();
    }
  }
});

test("a log that has grown is begun anew with what stands in it", (t) => {
  const folder = folderOf(t);
  const path = join(folder, "unit-journal.log");
  const journal = open(folder);
  let longest = 0;
  for (let write = 0; write < 3_000; write++) {
    const content = { write, load: "x".repeat(5_000 + (write % 2)) };
    journal.keep({ kind: "leg", id: `leg-${write % 10}` }, () => content);
    journal.use(`permit-${write}` as PermitId, "ann" as LegId);
    assert.ok(journal.settle());
    longest = Math.max(longest, statSync(path).size);
  }
  journal.close();
  assert.ok(longest < 5 * 1024 * 1024, `${longest} octets at most of 15 MB that were written`);
  const next = open(folder);
  assert.deepEqual(
    next.found("leg").map(({ content }) => (content as { write: number }).write),
    Array.from({ length: 10 }, (_, at) => 2_990 + at),
  );
  for (let used = 0; used < 3_000; used++) assert.equal(next.legOf(`permit-${used}` as PermitId), "ann");
  next.close();
});

test("what the disk would not take is written when it does", (t) => {
  const folder = folderOf(t);
  const journal = open(folder);
  journal.keep(leg, () => "here");
  assert.ok(journal.settle());
  // A log that is due to be begun anew, and cannot be: a folder is in its place.
  const next = join(folder, "unit-journal.log.next");
  mkdirSync(next);
  const load = "x".repeat(5 * 1024 * 1024);
  journal.keep({ kind: "leg", id: "bob" }, () => load);
  assert.ok(journal.settle());
  journal.keep(leg, () => "there");
  journal.use("permit-1" as PermitId, "ann" as LegId);
  assert.equal(journal.settle(), false);
  assert.equal(journal.settle(), false);
  rmSync(next, { recursive: true });
  assert.ok(journal.settle());
  journal.close();
  const found = open(folder);
  assert.deepEqual(found.found("leg")[0], { id: "ann", content: "there" });
  assert.equal(found.legOf("permit-1" as PermitId), "ann");
  found.close();
});

test("a table of permits that cannot be written stops nobody, and the log knows them", async (t) => {
  const folder = folderOf(t);
  const clock = new VirtualClock();
  const { log, said } = listening();
  const journal = openJournal({ folder, clock, random: secureRandom, log });
  const table = new Sqlite(join(folder, "unit-permits.sqlite"));
  table.exec("create trigger full before insert on permit begin select raise(abort, 'no room'); end");
  journal.use("permit-1" as PermitId, "ann" as LegId);
  assert.ok(journal.settle());
  await clock.advance(2_500);
  assert.equal(said.length, 2, "it was tried twice");
  assert.equal(journal.legOf("permit-1" as PermitId), "ann");
  table.exec("drop trigger full");
  await clock.advance(1_000);
  assert.deepEqual(table.prepare("select permit from permit").pluck().all(), ["permit-1"]);
  assert.equal(said.length, 2);
  table.close();
  journal.close();
});

test("who was replaced does not come back into the file's place", (t) => {
  const folder = folderOf(t);
  const first = open(folder);
  const second = open(folder);
  second.keep(leg, () => "the second's");
  assert.ok(second.settle());
  const load = "x".repeat(5 * 1024 * 1024);
  first.keep(leg, () => load);
  assert.ok(first.settle(), "into a file that has no name any more");
  first.keep(leg, () => "the first's");
  for (const _ of [1, 2]) assert.equal(first.settle(), false);
  const third = open(folder);
  assert.deepEqual(third.found("leg"), [{ id: "ann", content: "the second's" }]);
  for (const journal of [first, second, third]) journal.close();
});

interface Paths {
  readonly log: string;
  readonly key: string;
  readonly permits: string;
}

function withOctets(path: string, change: (octets: Buffer) => void): void {
  const octets = readFileSync(path);
  change(octets);
  writeFileSync(path, octets);
}

function withPermits(path: string, pragma: string): void {
  const file = new Sqlite(path);
  file.pragma(pragma);
  file.close();
}

function listening() {
  const said: string[] = [];
  const log: Log = { ...silentLog, error: (_facts, message) => void said.push(message) };
  return { log, said };
}
