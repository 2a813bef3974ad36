import assert from "node:assert/strict";
import { test } from "node:test";
import { secureRandom } from "./random.ts";

test("no draw comes twice, whatever was drawn before it", () => {
  const drawn = new Set<string>();
  const lengths = [16, 26, 33, 64, 65, 5000];
  for (let n = 0; n < 3000; n += 1)
    drawn.add(Buffer.from(secureRandom.bytes(lengths[n % lengths.length] ?? 16)).toString("hex"));
  assert.equal(drawn.size, 3000);
});

test("what was drawn is the drawer's: later draws leave it as it is", () => {
  const first = secureRandom.bytes(20);
  const kept = Buffer.from(first).toString("hex");
  for (let n = 0; n < 1000; n += 1) secureRandom.bytes(20).fill(0);
  assert.equal(Buffer.from(first).toString("hex"), kept);
});

test("every octet is as likely", () => {
  const seen = new Uint32Array(256);
  for (let n = 0; n < 4000; n += 1)
    for (const octet of secureRandom.bytes(32)) seen[octet] = (seen[octet] ?? 0) + 1;
  // 500 each are expected: eight standard deviations.
  assert.ok(
    seen.every((times) => Math.abs(times - 500) < 180),
    seen.join(" "),
  );
});

test("as many octets as were asked for, and whole numbers below the bound", () => {
  for (const count of [0, 1, 6, 64, 65, 10_000]) assert.equal(secureRandom.bytes(count).length, count);
  const seen = new Set(Array.from({ length: 500 }, () => secureRandom.integer(4)));
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3]);
});
