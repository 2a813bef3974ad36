import assert from "node:assert/strict";
import { test } from "node:test";
import { TandemError } from "./errors.ts";
import { makeLog, maskedNumber } from "./log.ts";

/** What a person finds in the log, line by line. */
function openLog() {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  return { lines, log: makeLog({ process: "test", level: "debug", destination }) };
}

test("an error of ours is told with its code, its details and what caused it", () => {
  const { lines, log } = openLog();
  const error = new TandemError("WIRE_INVALID", { why: "not JSON" }, new TypeError("a brace is missing"));
  log.with({ call: "call_1" }).error({ error }, "A line could not be read.");
  const [line] = lines;
  assert.deepEqual([line?.["code"], line?.["call"]], ["WIRE_INVALID", "call_1"]);
  const told = line?.["error"] as { details: unknown; stack: string; cause: { message: string } };
  assert.deepEqual(told.details, { why: "not JSON" });
  assert.match(told.stack, /log\.test\.ts/);
  assert.equal(told.cause.message, "a brace is missing");
});

test("an error that nobody foresaw is a bug, and says where it happened", () => {
  const { lines, log } = openLog();
  log.error({ error: new TypeError("undefined is no function") }, "A step failed.");
  const told = lines[0]?.["error"] as { message: string; stack: string };
  assert.deepEqual([lines[0]?.["code"], told.message], ["BUG", "undefined is no function"]);
  assert.match(told.stack, /log\.test\.ts/);
});

test("what hangs on a foreign error stays out, for a database quotes its rows there", () => {
  const { lines, log } = openLog();
  const error = Object.assign(new Error("duplicate key"), { detail: "Key (number)=(+12025550123) exists." });
  log.error({ error: new Error("The row was not written.", { cause: error }) }, "A step failed.");
  log.warn({ error }, "A step failed.");
  assert.ok(lines.length === 2 && !JSON.stringify(lines).includes("2025550123"));
});

test("a chain of causes that leads back to itself comes to an end", () => {
  const { lines, log } = openLog();
  const error = new Error("first");
  error.cause = new Error("second", { cause: error });
  log.error({ error }, "A step failed.");
  assert.equal(lines.length, 1);
});

test("a masked number can be recognised, not called", () => {
  assert.equal(maskedNumber("+14155550100"), "+1415*****00");
  assert.equal(maskedNumber("7042"), "****");
});
