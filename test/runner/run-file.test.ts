import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "#rig/processes.ts";
import { type FileResult, runFile } from "./run-file.ts";

/** Runs a file that holds these tests. */
async function ran(tests: string): Promise<FileResult> {
  using folder = temporaryFolder("runner");
  const file = join(folder.path, "told.test.mjs");
  writeFileSync(file, `import { after, before, describe, test } from "node:test";\n${tests}\n`);
  return await runFile(file, 20_000);
}

const fails = (why: string): string => `() => { throw new Error("${why}"); }`;

test("what passes, fails and is skipped is told by its whole name", async () => {
  const { passed, failures, skipped } = await ran(`
    describe("outer", () => {
      test("passes", () => {});
      test("fails", ${fails("as it must")});
      test("skips", (t) => t.skip("no peer"));
      test("is skipped", { skip: true }, ${fails("never run")});
    });`);
  assert.equal(passed, 1);
  assert.deepEqual(
    failures.map(({ name }) => name),
    ["outer > fails"],
  );
  assert.match(failures[0]?.error ?? "", /as it must/);
  assert.deepEqual(skipped, ["outer > skips (no peer)", "outer > is skipped (no reason given)"]);
});

test("a skipped suite is told as skipped, though none of its tests is", async () => {
  const { passed, failures, skipped } = await ran(`
    test("passes", () => {});
    describe("on PostgreSQL", { skip: "not installed" }, () => {
      test("one", ${fails("never run")});
      describe("inner", () => void test("other", ${fails("never run")}));
    });`);
  assert.deepEqual(
    { passed, failures, skipped },
    {
      passed: 1,
      failures: [],
      skipped: ["on PostgreSQL (not installed)"],
    },
  );
});

test("a file whose only suite is skipped holds a test all the same", async () => {
  const { failures, skipped } = await ran(
    `describe("telephones", { skip: "no sipp" }, () => void test("one", () => {}));`,
  );
  assert.deepEqual({ failures, skipped }, { failures: [], skipped: ["telephones (no sipp)"] });
});

test("a suite fails by what is its own: a hook, its body", async () => {
  const { passed, failures } = await ran(`
    describe("after", () => { after(${fails("at the end")}); test("passes", () => {}); });
    describe("before", () => { before(${fails("at the beginning")}); test("is not reached", () => {}); });
    describe("body", ${fails("while it is read")});
    describe("inside", () => void test("fails", ${fails("by itself")}));`);
  assert.equal(passed, 1);
  assert.deepEqual(
    failures.map(({ name, error }) => [name, /^Error: (.*)$/m.exec(error)?.[1]]),
    [
      ["after", "at the end"],
      ["before > is not reached", undefined],
      ["before", "at the beginning"],
      ["body", "while it is read"],
      ["inside > fails", "by itself"],
    ],
  );
});

test("a file without a suite fails by its own hook", async () => {
  const { passed, failures } = await ran(`after(${fails("at the end")}); test("passes", () => {});`);
  assert.equal(passed, 1);
  assert.match(failures[0]?.error ?? "", /at the end/);
});

test("of a failure its causes are told, too", async () => {
  const { failures } = await ran(`
    test("fails", () => { throw new Error("outer", { cause: new Error("middle", { cause: new Error("inner") }) }); });`);
  assert.match(
    failures[0]?.error ?? "",
    /^Error: outer\n[^]*^caused by Error: middle\n[^]*^caused by Error: inner\n/m,
  );
});

test("what is to do and fails has not passed", async () => {
  const { passed, failures, skipped } = await ran(`
    test("fails", { todo: "in spring" }, ${fails("not yet")});
    test("fails too", { todo: true }, ${fails("not yet")});
    test("passes", { todo: "in spring" }, () => {});`);
  assert.equal(passed, 1);
  assert.deepEqual(failures, []);
  assert.deepEqual(skipped, ["fails (to do, and fails: in spring)", "fails too (to do, and fails)"]);
});

test("what a test notes is kept, and nothing of the reporter's own sums", async () => {
  const { notes } = await ran(`
    test("weighs", (t) => t.diagnostic("welcome: 9000 octets"));
    describe("deep", () => void test("draws", (t) => t.diagnostic("seed 7")));`);
  assert.deepEqual(notes, ["welcome: 9000 octets", "seed 7"]);
});

test("a file fails that holds no test, that leaves a timer, that cannot be read", async () => {
  assert.match((await ran("")).failures[0]?.error ?? "", /ran no test/);
  const left = await ran(`test("passes", () => void setInterval(() => {}, 1000));`);
  assert.match(left.failures[0]?.error ?? "", /was left open/);
  assert.equal((await ran("this is no program")).failures.length, 1);
});
