import assert from "node:assert/strict";
import { test } from "node:test";
import { digitByDigit, spelled, vocabulary } from "./spelling.ts";

const words = (parts: ReturnType<typeof spelled>): string =>
  parts.map((part) => (part.type === "gap" ? "|" : part.words)).join(" ");

test("a code is spelled by letters' and digits' names", () => {
  assert.equal(words(spelled("a4-7b", "en", "plain")), "ay four | seven bee");
  assert.equal(words(spelled("añ4", "es", "plain")), "a eñe cuatro");
  assert.equal(words(spelled("AX9", "en", "nato")), "alpha x ray nine");
});

test("what has no name is one gap, and an accent does not hide its letter", () => {
  assert.equal(words(spelled("é--- %Z", "en", "plain")), "ee | zee");
  assert.deepEqual(spelled("☃", "en", "plain"), []);
});

test("digits are read one by one, in groups as people read numbers", () => {
  assert.equal(words(digitByDigit("4711", "en")), "four seven one one");
  assert.equal(words(digitByDigit("123456", "es")), "uno dos tres | cuatro cinco seis");
  assert.equal(words(digitByDigit("2025550123", "en")), "two zero two | five five five | zero one two three");
});

test("every letter and digit has a name in the vocabulary", () => {
  for (const language of ["en", "es"] as const) {
    const names = vocabulary(language);
    for (const alphabet of ["plain", "nato"] as const) {
      const parts = spelled("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", language, alphabet);
      assert.equal(parts.length, 36);
      for (const part of parts) assert.ok(part.type === "name" && names.has(part.words));
    }
  }
});
