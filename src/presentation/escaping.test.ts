import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import test from "node:test";
import type { PageId, SubjectId } from "#base/ids.ts";
import type { SubscriberFace } from "#call-manager/visitor-desk.ts";
import { hostileStrings } from "#rig/hostile-strings.ts";
import { exampleBank } from "#rig/virtual-call-manager.ts";
import fc from "fast-check";
import { html } from "./html.ts";
import { connectPage } from "./pages/connect-page.ts";
import { disconnectPage } from "./pages/disconnect-page.ts";
import { document, type PageContent } from "./pages/document.ts";
import { noticePage } from "./pages/notice-page.ts";
import { pushedPage } from "./pages/pushed-page.ts";
import { refusedPage } from "./pages/refused-page.ts";
import { welcomePage } from "./pages/welcome-page.ts";

/** Every page, with one text in every place that a subscriber or a visitor can fill. */
function everyPage(text: string): string {
  const subscriber: SubscriberFace = { ...exampleBank, name: text, connectContent: { en: text } };
  const subject = { id: "x" as SubjectId, name: { en: text } };
  const page = {
    id: "p" as PageId,
    title: { en: text },
    content: { type: "text", text: { en: text } },
  } as const;
  const framed = {
    ...page,
    content: { type: "url", url: `https://www.bank.example/${encodeURIComponent(text)}` },
  } as const;
  const common = { language: "en", subscriber } as const;
  const welcome = { ...common, subject, action: "/talk/bank/x", sealedTicket: "t", pageTitle: text };
  const contents: PageContent[] = [
    welcomePage({ ...welcome, typedPhone: text, problem: text, problemWithNumber: true, note: text }),
    welcomePage({ ...welcome, signedPhone: "+14155550123" }),
    refusedPage({
      ...common,
      subject,
      refusal: { type: "closed", timeZone: "UTC" },
      otherSubjects: [subject],
    }),
    connectPage({
      ...common,
      stage: "connected",
      way: { legOrder: "user-first", confirms: true, visitorNumber: "+14155550100" },
      callUrl: "/call/c",
    }),
    pushedPage({ ...common, page, callUrl: "/call/c", ownOrigins: [] }),
    pushedPage({ ...common, page: framed, callUrl: "/call/c", ownOrigins: [] }),
    disconnectPage({ ...common, outcome: "completed", fromBrowser: false, againUrl: "/call/c/again" }),
    noticePage({ type: "bad-link", fault: { field: text, why: "repeated" } }, "en"),
    noticePage({ type: "unknown-subject", subscriberName: text }, "en", {
      subscriber,
      otherSubjects: [subject],
    }),
  ];
  const frame = { ...common, nonce: "n", development: false, inLanguage: undefined };
  return contents.map((content) => document(frame, content)).join("\n");
}

/** The elements and attributes of a page, without their texts and values. */
function skeleton(markup: string): string {
  return (markup.match(/<[^>]*>/g) ?? []).map((tag) => tag.replaceAll(/="[^"]*"/g, "")).join("");
}

// Letters alone, in one paragraph: what the pages look like when nothing needs escaping.
const harmless = skeleton(everyPage("harmless"));

test("no hostile text changes the structure of any page", (t) => {
  const strings = hostileStrings();
  if (strings.length === 0) return t.skip("no ../shared");
  for (const text of strings) {
    // Empty texts leave their place out, and an empty line makes a paragraph: neither is markup from the text.
    if (text.trim() === "" || /\n\s*\n/.test(text)) continue;
    assert.equal(skeleton(everyPage(text)), harmless, JSON.stringify(text));
  }
});

test("no text at all changes the structure of any page", () => {
  const nasty = fc.string({
    unit: fc.constantFrom(...`<>"'&=/! \`\${}()-\u0000aé`),
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(nasty, (text) => {
      fc.pre(text.trim() !== "");
      assert.equal(skeleton(everyPage(text)), harmless);
    }),
    { numRuns: 300 },
  );
});

test("an exclamation mark before a value does not let it through raw", () => {
  assert.equal(html`<p>Hello!${"<b>"}</p>`.markup, "<p>Hello!&#60;b&#62;</p>");
});

test("markup is made by the tagged template alone, and attributes stand in double quotes", () => {
  const sources = globSync("**/*.ts", { cwd: import.meta.dirname }).filter(
    (file) => !file.endsWith(".test.ts"),
  );
  assert.ok(sources.length > 20 && existsSync(new URL("html.ts", import.meta.url)));
  for (const file of sources) {
    const source = readFileSync(new URL(file, import.meta.url), "utf8");
    if (file !== "html.ts") assert.ok(!/new Html\(|from "ghtml"/.test(source), file);
    assert.ok(!/<[^>`]*\s[a-z-]+=(\$\{|')/.test(source), file);
  }
});
