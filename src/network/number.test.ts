import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { getCountries } from "libphonenumber-js/max";
import { countryOfNumber, readNumber, writtenNumber } from "./number.ts";
import { readPrivateNumbers } from "./private-numbers.ts";

const bank = { defaultCountry: "US", allowedCountries: ["US"] };
const european = { defaultCountry: "GB", allowedCountries: ["GB", "DE", "IT", "ES"] };
const corpus = new URL("../../../shared/corpora/libphonenumber-example-numbers.tsv", import.meta.url);

test("a number is read however people write it", () => {
  const ways: readonly [string, string, string][] = [
    ["US", "(415) 555-2671", "+14155552671"],
    ["US", "415.555.2671", "+14155552671"],
    ["US", "1 415 555 2671", "+14155552671"],
    ["US", "+1-415-555-2671", "+14155552671"],
    ["US", "tel:+1-415-555-2671", "+14155552671"],
    ["US", "TEL: +14155552671", "+14155552671"],
    ["US", "\u202a+1 (415) 555\u20112671\u202c", "+14155552671"],
    ["US", "\uff0b\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff12\uff16\uff17\uff11", "+14155552671"],
    ["US", "\u0664\u0661\u0665 \u0665\u0665\u0665 \u0662\u0666\u0667\u0661", "+14155552671"],
    ["US", "415\u00a0555\u00a02671", "+14155552671"],
    ["US", "011 44 20 7946 0018", "+442079460018"],
    ["GB", "020 7946 0018", "+442079460018"],
    ["GB", "+44 (0)20 7946 0018", "+442079460018"],
    ["GB", "(+44) 20 7946 0018", "+442079460018"],
    ["GB", "0049 30 901820", "+4930901820"],
    ["US", "0049 30 901820", "+4930901820"],
    ["DE", "030/901820", "+4930901820"],
    ["IT", "06 555 12345", "+390655512345"],
    ["GB", "+39 (0)6 555 12345", "+390655512345"],
  ];
  for (const [defaultCountry, typed, number] of ways) {
    const rules = { defaultCountry, allowedCountries: ["US", "GB", "DE", "IT"] };
    const answer = readNumber(typed, rules);
    assert.equal(answer.type === "number" && answer.number, number, `${typed} in ${defaultCountry}`);
  }
});

test("what is no telephone number of a person is refused", () => {
  const impossible = [
    "",
    " ",
    "+",
    "abc",
    "1-800-FLOWERS",
    "415 555 2671 x12",
    "415 555 2671 ext. 5",
    "+14155552671;ext=5",
    "tel:+14155552671;phone-context=example.com",
    "+1 415 555 2671, +1 415 555 2672",
    "++14155552671",
    "+1415+5552671",
    "911",
    "112",
    "9911",
    "411",
    "12",
    "0".repeat(30),
    "+".repeat(40),
    "9".repeat(10_000),
    "+14155552671\r\nX: y",
    "sip:ann@example.com",
    "+1415555267\u0000",
    "415 555 267\ud83d\ude00",
    "<b>4155552671</b>",
  ];
  for (const typed of impossible) {
    assert.deepEqual(
      readNumber(typed, bank),
      { type: "refused", why: "number-impossible" },
      typed.slice(0, 50),
    );
  }
});

test("numbers that cost, or that nobody picks up, are refused whatever countries are allowed", () => {
  const costly: readonly [string, string][] = [
    ["US", "+1 900 234 5678"],
    ["US", "800 234 5678"],
    ["US", "212 976 1234"],
    ["CA", "+1 416 976 1234"],
    ["US", "+1 212 555 1212"],
    ["GB", "+44 909 879 0123"],
    ["GB", "+44 70 1234 5678"],
    ["ES", "+34 803 123 456"],
  ];
  for (const [country, typed] of costly) {
    const answer = readNumber(typed, { defaultCountry: country, allowedCountries: [country] });
    assert.deepEqual(answer, { type: "refused", why: "number-type-not-allowed" }, typed);
  }
  // Only where they stand for that: in an exchange of another number they are anybody's digits.
  for (const typed of ["+1 415 555 9761", "+1 415 555 1213"])
    assert.equal(readNumber(typed, bank).type, "number", typed);
});

test("a neighbour inside the same country code is another country", () => {
  // +1 876 is Jamaica, +1 604 Canada: the old way to make an American pay for a call abroad.
  for (const typed of ["+1 876 210 1234", "1 604 555 0199", "+44 20 7946 0018"]) {
    assert.deepEqual(readNumber(typed, bank), { type: "refused", why: "country-not-allowed" }, typed);
  }
  assert.equal(countryOfNumber("+18762101234"), "JM");
  assert.equal(countryOfNumber("7123"), undefined);
});

test("of the field's example numbers no dangerous type passes, and ordinary ones only where allowed", (t) => {
  if (!existsSync(corpus)) return t.skip("no ../shared");
  const rows = readFileSync(corpus, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split("\t"));
  const ordinary = new Set(["FIXED_LINE", "MOBILE", "FIXED_LINE_OR_MOBILE", "VOIP"]);
  const everywhere = [...new Set(rows.map(([, region = ""]) => region))];
  let refused = 0;
  let accepted = 0;
  for (const [e164 = "", region = "", , detected = ""] of rows) {
    const open = readNumber(e164, { defaultCountry: "US", allowedCountries: everywhere });
    if (!ordinary.has(detected)) {
      assert.equal(open.type, "refused", `${e164} ${region} ${detected}`);
      refused++;
      continue;
    }
    const closed = readNumber(e164, { defaultCountry: "US", allowedCountries: ["AQ"] });
    assert.equal(closed.type, "refused", `${e164} ${region}`);
    if (open.type === "number") {
      assert.equal(open.number, e164);
      accepted++;
    }
  }
  t.diagnostic(`${refused} dangerous refused, ${accepted} ordinary accepted, of ${rows.length}`);
  assert.ok(refused > 500, String(refused));
  assert.ok(accepted > 750, String(accepted));
});

test("an accepted number is E.164 and is read as itself again", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.stringMatching(/^\+?[0-9 ().-]{7,18}$/),
        fc.string({ unit: "grapheme", maxLength: 45 }),
        fc.stringMatching(/^0[0-9]{9,10}$/),
      ),
      (typed) => {
        const answer = readNumber(typed, european);
        if (answer.type !== "number") return;
        assert.match(answer.number, /^\+[1-9][0-9]{6,14}$/);
        assert.ok(european.allowedCountries.includes(answer.country));
        assert.deepEqual(readNumber(answer.number, european), answer);
      },
    ),
    { numRuns: 3000 },
  );
});

test("a private plan lets its own numbers through as they stand, and no others", () => {
  const intranet = { ...bank, privateNumbers: { pattern: "2xx, 7x{3-5}" } };
  assert.deepEqual(readNumber(" 2-34 ", intranet), { type: "private-number", number: "234" });
  assert.deepEqual(readNumber("71234", intranet), { type: "private-number", number: "71234" });
  for (const typed of ["2345", "712", "7123456", "345"])
    assert.equal(readNumber(typed, intranet).type, "refused");
  assert.equal(readNumber("(415) 555-2671", intranet).type, "number");
});

test("no private plan reaches an emergency number, of the world or of its country", () => {
  const reached = (country: string, numbers: string): readonly string[] => {
    const plan = readPrivateNumbers("xx, xxx, xxxx, xxxxx", country);
    return numbers.split(" ").filter((digits) => plan?.(digits) === true);
  };
  for (const country of getCountries())
    assert.deepEqual(reached(country, "000 110 112 113 115 117 118 119 911 999"), [], country);
  const own: Readonly<Record<string, string>> = {
    AT: "122 133 144",
    AU: "106",
    BR: "190 192 193",
    CH: "144",
    CZ: "150 155 158",
    ES: "061 062 080 085 091 092",
    FR: "15 17 18 114",
    GA: "18 1300 1399",
    HU: "104 105 107",
    IL: "100 101 102",
    IN: "100 101 102 108",
    MX: "060 065 066",
    NZ: "111",
    PL: "997 998",
    RU: "01 02 03 101 102 103",
    TH: "191 1669",
    ZA: "10111 10177",
  };
  for (const [country, numbers] of Object.entries(own))
    assert.deepEqual(reached(country, numbers), [], country);
  // An extension elsewhere.
  assert.deepEqual(reached("US", "100 101 144 15 17 1234"), ["100", "101", "144", "15", "17", "1234"]);
  assert.equal(readNumber("144", { ...bank, privateNumbers: { pattern: "1xx" } }).type, "private-number");
  const austrian = { defaultCountry: "AT", allowedCountries: ["AT"], privateNumbers: { pattern: "1xx" } };
  for (const typed of ["144", "1 3 3", "tel:122", "112"])
    assert.equal(readNumber(typed, austrian).type, "refused", typed);
});

test("no country's emergency number is a number that may be called", () => {
  for (const defaultCountry of getCountries())
    for (const typed of ["112", "911", "999", "110", "119"])
      assert.equal(readNumber(typed, { defaultCountry, allowedCountries: getCountries() }).type, "refused");
});

test("a number is found again as it was written down, whether or not it may be called now", () => {
  const rules = { defaultCountry: "US", privateNumbers: { pattern: "2xx" } };
  for (const typed of ["+14155552671", "(415) 555-2671", "tel:+1-415-555-2671"])
    assert.equal(writtenNumber(typed, rules), "+14155552671", typed);
  assert.equal(writtenNumber("+44 (0)20 7946 0018"), "+442079460018");
  assert.equal(writtenNumber("+1 900 234 5678"), "+19002345678");
  assert.equal(writtenNumber("2 34", rules), "234");
  for (const typed of ["(415) 555-2671", "234", "", "ann"])
    assert.equal(writtenNumber(typed), undefined, typed);
  assert.equal(writtenNumber("345", rules), undefined);
});

test("what is no plan is refused, not half understood", () => {
  for (const pattern of [
    "",
    "x",
    "2",
    "(2+)+",
    "2xx,",
    ".*",
    "x{20}",
    "x{5-2}",
    "2x{",
    "2".repeat(300),
    "x{0-1}x",
  ]) {
    assert.equal(readPrivateNumbers(pattern, "US"), undefined, pattern);
  }
});
