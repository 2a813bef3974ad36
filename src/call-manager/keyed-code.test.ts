import assert from "node:assert/strict";
import { test } from "node:test";
import type { Digit, KeyedDigit } from "#contract/telecom.ts";
import { keyedCode } from "./keyed-code.ts";

const how = { endKey: "#", pauseMs: 3000, nowMs: 10_000 } as const;

function keys(...pressed: readonly (readonly [Digit, number])[]): readonly KeyedDigit[] {
  return pressed.map(([digit, atMs], index) => ({
    seq: index + 5,
    digit,
    atMs,
    durationMs: 80,
    via: "rfc4733",
  }));
}

test("nothing keyed is no code", () => {
  assert.deepEqual(keyedCode([], how), { type: "nothing" });
});

test("the end key ends a code, and what follows belongs to the next", () => {
  assert.deepEqual(keyedCode(keys(["1", 9000], ["2", 9100], ["#", 9200], ["7", 9300]), how), {
    type: "code",
    digits: "12",
    throughSeq: 7,
  });
});

test("the end key alone is an empty code", () => {
  assert.deepEqual(keyedCode(keys(["#", 9000]), how), { type: "code", digits: "", throughSeq: 5 });
});

test("a code is unfinished until its pause has passed, to the millisecond", () => {
  assert.deepEqual(keyedCode(keys(["7", 7001]), how), { type: "unfinished", untilMs: 10_001 });
  assert.deepEqual(keyedCode(keys(["7", 7000]), how), { type: "code", digits: "7", throughSeq: 5 });
});

test("digits that waited while nobody listened are told apart by their own moments", () => {
  assert.deepEqual(keyedCode(keys(["1", 1000], ["2", 9000]), how), {
    type: "code",
    digits: "1",
    throughSeq: 5,
  });
});
