import assert from "node:assert/strict";
import { test } from "node:test";
import type { PhoneName } from "#base/ids.ts";
import { AdmittedPhones } from "./admitted-phones.ts";

const [bob, carol] = ["bob.bank" as PhoneName, "carol.bank" as PhoneName];
const digest = { md5: "a".repeat(32) };
const set = (edition: string, part: number, parts: number, ...phones: PhoneName[]) => ({
  type: "admit-phones" as const,
  edition,
  part,
  parts,
  phones: phones.map((phone) => ({ phone, digest })),
});

test("a set holds when all its parts have come, in any order", () => {
  const phones = new AdmittedPhones();
  phones.take(set("one", 2, 2, carol));
  assert.equal(phones.areKnown, false);
  phones.take(set("one", 1, 2, bob));
  assert.deepEqual([phones.digestOf(bob), phones.digestOf(carol)], [digest, digest]);
  // Until the next one is whole, this one holds.
  phones.take(set("two", 1, 2, bob));
  assert.deepEqual(phones.digestOf(carol), digest);
  assert.deepEqual(phones.take(set("two", 2, 2)), [carol]);
  assert.equal(phones.digestOf(carol), undefined);
});

test("said again it changes nothing, and parts of two sets are never mixed", () => {
  const phones = new AdmittedPhones();
  assert.deepEqual(phones.take(set("one", 1, 1, bob)), []);
  assert.deepEqual(phones.take(set("one", 1, 1, bob)), []);
  phones.take(set("two", 1, 2, carol));
  phones.take(set("three", 2, 2));
  assert.deepEqual(phones.digestOf(bob), digest);
  phones.take(set("one", 1, 1, bob));
  phones.take(set("three", 1, 2));
  assert.deepEqual(phones.digestOf(bob), digest);
});

test("another password takes the phone's registrations away, the same one does not", () => {
  const phones = new AdmittedPhones();
  phones.take(set("one", 1, 1, bob, carol));
  const other = { phone: bob, digest: { sha256: "b".repeat(64) } };
  const next = { ...set("two", 1, 1, carol), phones: [{ phone: carol, digest }, other] };
  assert.deepEqual(phones.take(next), [bob]);
});
