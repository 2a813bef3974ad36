import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { longestText, plainText } from "./plain-text.ts";

test("words stay as they are, with the marks that make a pause", () => {
  assert.equal(plainText("Mortgages, page 3. Customer's code?", "en"), "Mortgages, page 3. Customer's code?");
  assert.equal(plainText("¿Quiere hablar? Sí, años después.", "es"), "¿Quiere hablar? Sí, años después.");
});

test("markup, options and control characters become nothing that an engine obeys", () => {
  assert.equal(
    plainText("<break time='9s'/>Hello\u0000\u202e [[inpt PHON]]", "en"),
    "break time 9s Hello inpt PHON",
  );
  assert.equal(plainText("--output passwd", "en"), "output passwd");
  assert.equal(plainText("Fees & rates", "es"), "Fees y rates");
});

test("what holds no letter and no digit is nothing", () => {
  for (const text of ["", "...", "\u200b", "☃☃", "-'-"]) assert.equal(plainText(text, "en"), "");
});

test("any text becomes at most 200 harmless characters, and is plain when it is made plain again", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 2000 }),
      fc.constantFrom("en" as const, "es" as const),
      (text, language) => {
        const plain = plainText(text, language);
        assert.ok(plain.length <= longestText);
        assert.doesNotMatch(plain, /[\p{Cc}\p{Cf}\p{Cs}<>&{}[\]|\\"$`]|^-/u);
        assert.equal(plainText(plain, language), plain);
      },
    ),
  );
});
