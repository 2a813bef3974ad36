import assert from "node:assert/strict";
import { createHmac, hkdfSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { seededRandom } from "#base/random.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { rowFormat } from "../row-format.ts";
import { recordsIn, SealedLog } from "./sealed-log.ts";

const key = new Uint8Array(32).fill(7);

function written(folder: string, records: readonly string[]) {
  const kind = { path: join(folder, "log"), key, format: rowFormat };
  const [first = "", ...others] = records;
  const log = new SealedLog(kind, first, seededRandom("salt"));
  for (const record of others) log.append(record);
  log.close();
  return kind;
}

test("records come back in order, whatever they hold", () => {
  using folder = temporaryFolder("log");
  const records = ["", "a", "\u{1f514} señal\0\n", "x".repeat(100_000), ""];
  const kind = written(folder.path, records);
  assert.deepEqual(recordsIn(kind), { records, torn: false, written: 1 });
});

test("a record that was moved, left out or taken from another file is found out", () => {
  using folder = temporaryFolder("log");
  using other = temporaryFolder("log");
  const records = ["aaaa", "bbbb", "cccc"];
  const kind = written(folder.path, records);
  const whole = readFileSync(kind.path);
  const size = 4 + 16 + 4;
  const [head, a, b, c] = [0, 40, 40 + size, 40 + 2 * size].map((at, which) =>
    whole.subarray(at, which === 0 ? 40 : at + size),
  ) as [Buffer, Buffer, Buffer, Buffer];
  const stranger = new SealedLog({ ...kind, path: join(other.path, "log") }, "aaaa", seededRandom("other"));
  stranger.close();
  const strangers = readFileSync(join(other.path, "log")).subarray(40);
  for (const spoiled of [
    [head, a, c, b],
    [head, a, c],
    [head, b, a, c],
    [head, strangers, b, c],
  ]) {
    writeFileSync(kind.path, Buffer.concat(spoiled));
    assert.throws(() => recordsIn(kind), { code: "SETTINGS_INVALID" });
  }
  writeFileSync(kind.path, Buffer.concat([head, a, b]));
  assert.deepEqual(
    recordsIn(kind).records,
    ["aaaa", "bbbb"],
    "the last ones are lost together, or not at all",
  );
});

test("a tag is the HMAC that its standard says (RFC 2104)", () => {
  using folder = temporaryFolder("log");
  const { path } = written(folder.path, ["a record"]);
  const file = readFileSync(path);
  const keys = Buffer.from(hkdfSync("sha256", key, file.subarray(8, 40), file.subarray(0, 8), 64));
  const place = Buffer.alloc(8);
  place.writeBigUInt64BE(40n);
  const expected = createHmac("sha256", keys.subarray(32)).update(place).update(file.subarray(60)).digest();
  assert.deepEqual(file.subarray(44, 60), expected.subarray(0, 16));
});
