import assert from "node:assert/strict";
import { test } from "node:test";
import { spanishLexicon, spanishPhones } from "./spanish-lexicon.ts";
import { spanishNumber } from "./spanish-numbers.ts";

const phones = (word: string): string => spanishPhones(word).join(" ");

test("spelling says the sounds", () => {
  assert.equal(phones("hipotecas"), "iy0 p ow0 t eh1 k aa0 s");
  assert.equal(phones("gente"), "hh eh1 n t ey0");
  assert.equal(phones("guerra"), "g eh1 r aa0");
  assert.equal(phones("quince"), "k iy1 n s ey0");
  assert.equal(phones("señor"), "s eh0 n y ow1 r");
  assert.equal(phones("llamada"), "y aa0 m aa1 d aa0");
  assert.equal(phones("cuenta"), "k w eh1 n t aa0");
  assert.equal(phones("seis"), "s ey1 s");
});

test("an accent stresses its own syllable; without one, the ending decides", () => {
  assert.equal(phones("almohadilla"), "aa0 l m ow0 aa0 d iy1 y aa0");
  assert.equal(phones("página"), "p aa1 hh iy0 n aa0");
  assert.equal(phones("hablar"), "aa0 b l aa1 r");
  assert.equal(phones("llamaron"), "y aa0 m aa1 r ow0 n");
  assert.equal(phones("dos"), "d ow1 s");
});

test("numbers are read as numbers", () => {
  assert.equal(spanishNumber("0"), "cero");
  assert.equal(spanishNumber("21"), "veintiuno");
  assert.equal(spanishNumber("100"), "cien");
  assert.equal(spanishNumber("131"), "ciento treinta y uno");
  assert.equal(spanishNumber("2026"), "dos mil veintiséis");
  assert.equal(spanishNumber("21000"), "veintiún mil");
  assert.equal(spanishNumber("007"), "cero cero siete");
});

test("each word becomes one placeholder with one entry, punctuation stays", () => {
  const { text, lexicon } = spanishLexicon("Sí, sí. ¿No?");
  assert.match(text, /^(za\w+), \1\. za\w+\?$/u);
  assert.equal(lexicon.trim().split("\n").length, 2);
});
