import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { readClick } from "./click.ts";

const path = { subscriber: "bank", subject: "mortgages" };
const read = (query: string) => readClick({ ...path, query });

test("a bare link is a click without context", () => {
  assert.deepEqual(read(""), { type: "click", click: { ...path, bare: {} }, language: undefined });
});

test("every parameter of docs/wire.md reaches its field of TAG1", () => {
  const query = new URLSearchParams({
    token: "e30.e30.c2ln",
    page: "https://www.bank.example/rates?x=1",
    title: "Rates – ¿hoy?",
    ref: "https://search.example/",
    code: "A47",
    phone: "+1 415 555 0100",
    lang: "es-MX",
    "x-cart": "3 items",
    "x-tier": "gold",
  }).toString();
  assert.deepEqual(read(query), {
    type: "click",
    language: "es",
    click: {
      ...path,
      token: "e30.e30.c2ln",
      bare: {
        whisperCode: "A47",
        phone: "+1 415 555 0100",
        page: "https://www.bank.example/rates?x=1",
        pageTitle: "Rates – ¿hoy?",
        referrer: "https://search.example/",
        extra: { cart: "3 items", tier: "gold" },
      },
    },
  });
});

test("empty parameters and those of campaign tools do no harm", () => {
  assert.deepEqual(read("utm_source=mail&gclid=%21&title=&code="), read(""));
});

for (const [query, field, why] of [
  ["title=a&title=b", "title", "repeated"],
  ["x-a=1&x-a=2", "x-a", "repeated"],
  [`title=${"t".repeat(121)}`, "title", "too-long"],
  [`page=${"p".repeat(501)}`, "page", "too-long"],
  [`token=${"t".repeat(4097)}`, "token", "too-long"],
  [`x-a=${"t".repeat(101)}`, "x-a", "too-long"],
  ["title=a%0d%0aSet-Cookie:x", "title", "not-readable"],
  ["phone=%00", "phone", "not-readable"],
  ["code=%ff", "code", "not-readable"],
  ["code=%c0%80", "code", "not-readable"],
  ["code=%ed%a0%80", "code", "not-readable"],
  ["code=%e2%80%a8", "code", "not-readable"],
  ["code=%4", "code", "not-readable"],
  ["token=not-a-token", "token", "not-readable"],
  ["lang=12", "lang", "not-readable"],
  ["x-Cart=1", "x-Cart", "not-readable"],
  ["x-=1", "x-", "not-readable"],
  ["%ff=1", "", "not-readable"],
  [Array.from({ length: 60 }, (_, at) => `a${at}=1`).join("&"), "", "too-many"],
] as const) {
  test(`malformed: ${query.slice(0, 40)}`, () => {
    assert.deepEqual(read(query), { type: "malformed", fault: { field, why } });
  });
}

test("more than ten extra fields are too much", () => {
  const query = Array.from({ length: 11 }, (_, at) => `x-f${at}=1`).join("&");
  assert.equal(read(query).type, "malformed");
});

test("what cannot be a name is nobody's", () => {
  for (const subscriber of ["Bank", "b_nk", "", "-bank", "b\u0000nk", "..", "b".repeat(64), "__proto__"]) {
    assert.deepEqual(readClick({ subscriber, subject: "mortgages", query: "" }), { type: "unknown" });
  }
});

test("no query makes the reader throw, and no click holds a control character or an overlong field", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "token=",
      "title=",
      "x-a=",
      "&",
      "=",
      "%",
      "%0a",
      "%00",
      "+",
      "%c3%b1",
      "__proto__=",
      "x-",
    ),
    fc.string({ unit: "binary", maxLength: 30 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const reading = read(pieces.join(""));
      if (reading.type !== "click") return;
      const { page, pageTitle, phone, referrer, whisperCode, extra } = reading.click.bare;
      const values = [page, pageTitle, phone, referrer, whisperCode, ...Object.values(extra ?? {})];
      for (const value of values) {
        assert.ok(
          value === undefined || (value.length <= 500 && !/[\u0000-\u001f\u007f-\u009f]/.test(value)),
        );
      }
    }),
  );
});
