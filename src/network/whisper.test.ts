import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { prompt } from "#contract/telecom.ts";
import fc from "fast-check";
import { Value } from "typebox/value";
import { whisperSegments } from "./whisper.ts";

const naughty = new URL("../../../shared/corpora/web/blns.json", import.meta.url);
const template = "{subject}. {page}. {pause} Customer code {code}. Reference {reference}.";

function isPlayable(segments: readonly unknown[]): boolean {
  return Value.Check(prompt, { language: "en", segments, private: true });
}

test("the template is filled in its order", () => {
  const segments = whisperSegments(template, {
    subject: "Mortgages",
    page: "Our rates",
    code: "A47",
    reference: "482913",
  });
  assert.deepEqual(segments, [
    { type: "text", text: "Mortgages. Our rates." },
    { type: "pause", ms: 400 },
    { type: "text", text: "Customer code", common: true },
    { type: "spell", text: "A47", alphabet: "plain" },
    { type: "text", text: "Reference", common: true },
    { type: "digits", digits: "482913" },
  ]);
});

test("a field that is not there leaves no marks behind", () => {
  const segments = whisperSegments("{subject}. {page}. {code}", {
    subject: "Mortgages",
    reference: "482913",
  });
  assert.deepEqual(segments, [{ type: "text", text: "Mortgages.", common: true }]);
});

test("a code that is not there leaves one text, and no silence at the end", () => {
  const fields = { subject: "Mortgages", page: "Our rates", reference: "482913" };
  assert.deepEqual(whisperSegments("{subject}. {page}. {code} Thank you.", fields), [
    { type: "text", text: "Mortgages. Our rates. Thank you." },
  ]);
  assert.deepEqual(whisperSegments("{subject}. {page}. {pause} {code}", fields), [
    { type: "text", text: "Mortgages. Our rates." },
  ]);
});

test("a field cannot hold a placeholder", () => {
  const segments = whisperSegments("{subject} {page}", {
    subject: "Cards",
    page: "{reference} {code}",
    code: "SECRET",
    reference: "482913",
  });
  assert.deepEqual(segments, [{ type: "text", text: "Cards {reference} {code}" }]);
});

test("a whisper of nothing is a pause, so that the step hears an end", () => {
  assert.deepEqual(whisperSegments("{code}", { subject: "", reference: "x" }), [{ type: "pause", ms: 400 }]);
});

function check(text: string): void {
  const code = text.slice(0, 64);
  const segments = whisperSegments(template, { subject: text, page: text, code, reference: text });
  assert.ok(isPlayable(segments), JSON.stringify(segments));
  for (const segment of segments) {
    if ("text" in segment) {
      assert.doesNotMatch(segment.text, /\p{C}/u);
      assert.notEqual(segment.text.trim(), "");
    }
  }
  assert.ok(
    isPlayable(whisperSegments(text, { subject: "Cards", reference: "482913" })),
    JSON.stringify(text),
  );
}

test("the naughty strings of the field are spoken or left out, never passed on raw", (t) => {
  if (!existsSync(naughty)) return t.skip("no ../shared");
  const strings = JSON.parse(readFileSync(naughty, "utf8")) as readonly string[];
  for (const text of strings) check(text);
  t.diagnostic(`${strings.length} strings`);
});

test("any text at all becomes a prompt that the unit takes", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 6000 }), check), { numRuns: 1000 });
  fc.assert(fc.property(fc.stringMatching(/^[a-c{}. ,]{0,900}$/), check), { numRuns: 500 });
});

test("a long text is cut between words", () => {
  const words = "mortgage ".repeat(60).trim();
  const segments = whisperSegments("{subject}", { subject: words, reference: "482913" });
  assert.equal(segments.map((segment) => ("text" in segment ? segment.text : "")).join(" "), words);
});
