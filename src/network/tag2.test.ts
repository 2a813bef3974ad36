import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SubjectId, SubscriberId } from "#base/ids.ts";
import { type ContextFields, contextFields, type InteractionContext } from "#contract/interaction-context.ts";
import { legIdentity } from "#contract/telecom.ts";
import { Value } from "typebox/value";
import type { Subject } from "./records.ts";
import { toTag2 } from "./tag2.ts";

const mortgages: Subject = {
  subscriber: "bank" as SubscriberId,
  id: "mortgages" as SubjectId,
  name: { en: "Mortgages" },
  whisper: { en: "{subject}" },
};
const route = { dnis: "4001", showAni: true };

const context = (verified: ContextFields, unverified: ContextFields = {}): InteractionContext => ({
  version: 1,
  subscriber: mortgages.subscriber,
  subject: mortgages.id,
  verified,
  unverified,
});

const tag2 = (verified: ContextFields, unverified: ContextFields = {}) =>
  toTag2({
    context: context(verified, unverified),
    subject: mortgages,
    route,
    visitorNumber: "+14155552671",
    reference: "482913",
  });
const payload = (verified: ContextFields): string => new TextDecoder().decode(tag2(verified).userToUser);

test("a context of the bank's becomes DNIS, ANI, User-to-User and X-Tandem-Context", () => {
  const made = tag2({
    whisperCode: "A47",
    pageTitle: "Our rates; today 5%",
    page: "https://bank.example/rates",
    extra: { branch: "12" },
  });
  assert.deepEqual(
    { ...made, userToUser: new TextDecoder().decode(made.userToUser) },
    {
      dnis: "4001",
      ani: "+14155552671",
      userToUser: "1;r=482913;s=mortgages;c=A47;x.branch=12;p=Our rates%3B today 5%25",
      xContext: "r=482913;u=bank;s=mortgages",
      reference: "482913",
    },
  );
});

test("the number is withheld where the route says so", () => {
  const from = {
    context: context({}),
    subject: mortgages,
    visitorNumber: "+14155552671",
    reference: "000000",
  };
  assert.equal(toTag2({ ...from, route: { dnis: "4001", showAni: false } }).ani, undefined);
  assert.equal(toTag2({ ...from, route, visitorNumber: "7123" }).ani, "7123");
});

test("a title is cut between characters, a code never", () => {
  const title = "\u{1F600}é".repeat(40);
  const cut = payload({ pageTitle: title });
  assert.ok(Buffer.byteLength(cut) <= 128 && Buffer.byteLength(cut) > 120);
  assert.ok(title.startsWith(cut.split(";p=")[1] ?? "none"));
  assert.doesNotMatch(cut, /\ufffd/);
  // 64 characters of three octets: there is no room, and half a code is another customer's.
  assert.equal(payload({ whisperCode: "\u20ac".repeat(64) }), "1;r=482913;s=mortgages");
});

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 500 }),
  fc.string({ unit: "grapheme", maxLength: 500 }),
  fc.constantFrom("\r\nVia: x", "a;r=1", "%0d%0a", "\0", "\ud800", ";;;==", "A47;s=cards", "\u202e"),
);
const anyFields: fc.Arbitrary<ContextFields> = fc.record(
  {
    whisperCode: anyText,
    phone: anyText,
    page: anyText,
    pageTitle: anyText,
    referrer: anyText,
    extra: fc.dictionary(fc.oneof(fc.stringMatching(/^[a-z][a-z0-9-]{0,19}$/), anyText), anyText, {
      maxKeys: 10,
    }),
  },
  { requiredKeys: [] },
);

test("whatever a context holds, TAG2 is safe in headers and bounded", () => {
  fc.assert(
    fc.property(anyFields, anyText, anyText, (verified, subjectId, visitorNumber) => {
      const subject = { ...mortgages, id: subjectId as SubjectId };
      const made = toTag2({ context: context(verified), subject, route, visitorNumber, reference: "482913" });
      const userToUserHex = Buffer.from(made.userToUser).toString("hex");
      const identity = {
        ...(made.ani !== undefined && { callingNumber: made.ani }),
        userToUserHex,
        xContext: made.xContext,
      };
      assert.ok(Value.Check(legIdentity, identity), JSON.stringify(identity));
      const text = new TextDecoder("utf-8", { fatal: true }).decode(made.userToUser);
      assert.doesNotMatch(text, /\p{C}/u);
      assert.match(text, /^1;r=482913(;|$)/);
    }),
    { numRuns: 2000 },
  );
});

test("nothing unverified is in TAG2", () => {
  fc.assert(
    fc.property(anyFields, anyFields, (verified, unverified) => {
      assert.deepEqual(tag2(verified, unverified), tag2(verified));
    }),
    { numRuns: 500 },
  );
});

test("fields are read back from the payload as they were, and no value makes a field of its own", () => {
  const plain = fc
    .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 20 })
    .filter((text) => text.trim() === text && !/ {2}/.test(text));
  fc.assert(
    fc.property(plain, plain, (whisperCode, branch) => {
      assert.ok(Value.Check(contextFields, { whisperCode, extra: { branch } }));
      const read = payload({ whisperCode, extra: { branch } })
        .split(";")
        .slice(1)
        .map((field) => field.split(/=(.*)/s).slice(0, 2))
        .map(([name, value = ""]) => [name, value.replaceAll("%3B", ";").replaceAll("%25", "%")]);
      assert.deepEqual(read, [
        ["r", "482913"],
        ["s", "mortgages"],
        ["c", whisperCode],
        ["x.branch", branch],
      ]);
    }),
    { numRuns: 1000 },
  );
});
