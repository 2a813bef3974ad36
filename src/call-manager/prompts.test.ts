import assert from "node:assert/strict";
import { test } from "node:test";
import { prompt as promptSchema } from "#contract/telecom.ts";
import { storyBank } from "#rig/story-bank.ts";
import { promptWords } from "#rig/virtual-phone.ts";
import fc from "fast-check";
import { Value } from "typebox/value";
import { announcement, whisper } from "./prompts.ts";

const { subscriber, subject } = storyBank();

test("an announcement names the subscriber and the subject, in the language asked for", () => {
  const english = promptWords(announcement("userConfirm", subscriber, subject, "en"));
  assert.match(english, /between Example Bank and this number, about Mortgages\. .* press 9/);
  assert.match(promptWords(announcement("userConfirm", subscriber, subject, "es")), /pulse 9/);
});

test("everything that the platform says by itself, it says in Spanish too, as one sentence to the voice", () => {
  const said = [
    "userGreeting",
    "userConfirm",
    "callingCenter",
    "signOnPrompt",
    "callingUser",
    "centerUnavailable",
    "userUnavailable",
    "callsRefused",
    "goodbye",
  ] as const;
  for (const which of said) {
    const spanish = announcement(which, subscriber, subject, "es");
    assert.equal(spanish.language, "es");
    assert.notEqual(promptWords(spanish), promptWords(announcement(which, subscriber, subject, "en")));
    assert.deepEqual(
      spanish.segments.map(({ type }) => type),
      ["text"],
    );
  }
});

test("the subscriber's own words, or file, stand in place of ours", () => {
  const announcements = {
    goodbye: { text: { es: "Hasta luego de {subscriber}." } },
    callingCenter: { file: "hold.wav" },
  };
  const own = { ...subscriber, policy: { ...subscriber.policy, announcements } };
  assert.equal(promptWords(announcement("goodbye", own, subject, "en")), "Hasta luego de Example Bank.");
  assert.equal(promptWords(announcement("callingCenter", own, subject, "en")), "[hold.wav]");
});

test("behind a file stand our own words, in the visitor's language, for when it cannot be heard", () => {
  const signOn = { ...subscriber.policy.signOn, pin: "4711" };
  const announcements = { userConfirm: { file: "ask.wav" }, signOnPrompt: { file: "sign-on.wav" } };
  const own = { ...subscriber, policy: { ...subscriber.policy, signOn, announcements } };
  for (const which of ["userConfirm", "signOnPrompt"] as const) {
    const ours = announcement(which, { ...own, policy: { ...own.policy, announcements: {} } }, subject, "es");
    assert.deepEqual(announcement(which, own, subject, "es").segments, [
      { type: "file", path: announcements[which].file, instead: ours.segments },
    ]);
  }
});

test("the sign-on asks for the code where there is one, and names the key", () => {
  const signOn = { ...subscriber.policy.signOn, pin: "4711", key: "*" as const };
  const own = { ...subscriber, policy: { ...subscriber.policy, signOn } };
  assert.match(promptWords(announcement("signOnPrompt", own, subject, "en")), /key your code, then star/);
});

test("the whisper spells the code, and is private", () => {
  const said = whisper({
    subject,
    language: "en",
    page: "page 3",
    code: "A47",
    reference: "123456",
    signedOn: true,
  });
  assert.equal(said.private, true);
  assert.deepEqual(said.segments, [
    { type: "text", text: "Mortgages, page 3." },
    { type: "pause", ms: 400 },
    { type: "text", text: "Customer code", common: true },
    { type: "spell", text: "A47", alphabet: "plain" },
  ]);
});

test("a whisper's words are common where nothing of the visitor's is among them", () => {
  const said = whisper({
    subject: { ...subject, whisper: { en: "{subject}. {pause} Seen: {page}. {pause} Goodbye." } },
    language: "en",
    page: "page 3",
    code: undefined,
    reference: "123456",
    signedOn: true,
  });
  assert.equal(said.private, true);
  assert.deepEqual(
    said.segments.filter(({ type }) => type === "text"),
    [
      { type: "text", text: "Mortgages.", common: true },
      { type: "text", text: "Seen: page 3." },
      { type: "text", text: "Goodbye.", common: true },
    ],
  );
});

test("who did not sign on hears nothing but the subject", () => {
  const said = whisper({
    subject,
    language: "en",
    page: "page 3",
    code: "A47",
    reference: "123456",
    signedOn: false,
  });
  assert.equal(promptWords(said), "A call from the web: Mortgages.");
});

test("whatever a template, a name and a page hold, the prompt fits the wire", (t) => {
  const seed = Number(process.env["TANDEM_SEED"] ?? 20260105);
  t.diagnostic(`seed ${seed}`);
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 300 });
  const code = fc.string({ unit: "binary", minLength: 1, maxLength: 64 });
  fc.assert(
    fc.property(text, text, code, (template, page, whisperCode) => {
      const wish = { language: "en", page, code: whisperCode, reference: "123456", signedOn: true } as const;
      const own = { ...subject, whisper: { en: `${template}{page}{code}{nothing}{pause}` } };
      const whispered = whisper({ ...wish, subject: own });
      assert.ok(Value.Check(promptSchema, whispered), JSON.stringify(whispered));
      const announcements = {
        goodbye: { text: { en: `${template}{subscriber}{nothing}` } },
        userConfirm: { file: "ask.wav" },
      };
      const bank = { ...subscriber, name: page, policy: { ...subscriber.policy, announcements } };
      for (const which of ["goodbye", "userConfirm"] as const) {
        const announced = announcement(which, bank, subject, "en");
        assert.ok(Value.Check(promptSchema, announced), JSON.stringify(announced));
      }
    }),
    { seed },
  );
});
