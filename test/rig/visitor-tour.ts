import assert from "node:assert/strict";
import type { PageId } from "#base/ids.ts";
import { type Language, messages } from "#presentation/messages/messages.ts";
import type { Page } from "playwright-core";
import type { Browser } from "./chromium.ts";
import { presentationOnLoopback } from "./open-test-presentation.ts";
import { virtualToken } from "./virtual-call-manager.ts";

/** A page of the tour, as it stands in the browser when `look` is called. */
export interface Sight {
  readonly page: Page;
  /** Where its server is. */
  readonly url: string;
  /** What has its own layout. */
  readonly kind: string;
  /** What differs from its like by its words alone; empty for the first of its kind. */
  readonly which: string;
}

/** Called at every page; the visitor goes on when it is done. */
export type Look = (sight: Sight) => Promise<void>;

/** A walk through all that a visitor may ever see, in one language. */
export async function openVisitorTour(browser: Browser, language: Language, look: Look) {
  await using opened = new AsyncDisposableStack();
  const scene = opened.use(await openScene());
  const { callManager } = scene;
  const context = await browser.visitor({ locale: language === "en" ? "en-US" : "es-ES" });
  opened.defer(() => context.close());
  const ann = await context.newPage();
  const words = messages(language);
  const talk = `${scene.url}/talk/bank/mortgages`;
  const heading = (name: string, level = 1) => ann.getByRole("heading", { level, name });
  const submits = (): Promise<void> => ann.locator("main button[type=submit]").click();

  const looks = async (kind: string, which = "", url = scene.url): Promise<void> => {
    await look({ page: ann, url, kind, which });
  };
  const begins = async (): Promise<void> => {
    await ann.goto(talk);
    await ann.locator("#phone").fill("415 555 0100");
    await submits();
    await ann.waitForURL("**/call/**");
  };

  const tour = {
    /** 201-204, and every reason for which none is begun. */
    async beforeTheCall(): Promise<void> {
      await ann.goto(`${talk}?title=Rates&page=https%3A%2F%2Fwww.bank.example%2Frates&phone=4155550177`);
      await looks("welcome");
      const signed = { phone: "+14155550123", pageTitle: "Fixed-rate mortgages" };
      await ann.goto(`${talk}?token=${virtualToken(signed)}`);
      await looks("welcome", "signed");
      await ann.goto(`${talk}?token=${virtualToken({ expired: true })}`);
      await looks("welcome", "token-expired");
      for (const why of typedKeys(words.refusals)) {
        callManager.refuses = why;
        await ann.goto(talk);
        await ann.locator("#phone").fill("12");
        await submits();
        await ann.locator("[role=alert]").getByText(words.refusals[why]).waitFor();
        await looks("welcome", why);
      }
      callManager.refuses = undefined;
      const closed = { type: "closed", timeZone: "America/New_York" } as const;
      for (const available of [
        { ...closed, opensAtMs: Date.UTC(2026, 0, 5, 14) },
        closed,
        { type: "outside-region" },
        { type: "platform-stopped" },
      ] as const) {
        callManager.available = available;
        await ann.goto(talk);
        await heading(words.refused.title).waitFor();
        await looks("refused", "opensAtMs" in available ? "opens-again" : available.type);
      }
      callManager.available = { type: "open" };
      callManager.availableFor.set("mortgages", closed);
      await ann.goto(talk);
      await heading(words.refused.otherSubjects, 2).waitFor();
      await looks("refused", "other-subjects");
      callManager.availableFor.clear();
    },

    /** The subscriber's colour at its worst, and the banner of development keys. */
    async inOtherDress(): Promise<void> {
      const { subscriberFace } = callManager;
      for (const accentColor of ["#ffffff", "#000000", "#ffd400"]) {
        callManager.subscriberFace = { ...subscriberFace, accentColor };
        await begins();
        callManager.moves("calling-you");
        await heading(words.connect.stages["calling-you"].headline).waitFor();
        await looks("connect", `accent-${accentColor.slice(1)}`);
        callManager.ends("completed");
        await heading(words.outcomes.completed.title).waitFor();
        await looks("disconnect", `accent-${accentColor.slice(1)}`);
      }
      callManager.subscriberFace = subscriberFace;
      await using demonstration = await openScene({ development: true });
      await ann.goto(`${demonstration.url}/talk/bank/mortgages`);
      await looks("welcome", "development", demonstration.url);
    },

    async noticesInItsStead(): Promise<void> {
      const { notFoundTitle, badLinkTitle, foreignTitle, slowDownTitle, brokenTitle } = words.notice;
      for (const [name, path, title] of [
        ["unknown-subscriber", "/talk/nobody/x", notFoundTitle],
        ["unknown-subject", "/talk/bank/x", notFoundTitle],
        ["bad-link", "/talk/bank/mortgages?title=%00", badLinkTitle],
        ["unknown-call", "/call/call_00000000000000000000000000", notFoundTitle],
        ["unknown-page", "/nothing", notFoundTitle],
      ] as const) {
        await ann.goto(scene.url + path);
        await heading(title).waitFor();
        await looks("notice", name);
      }
      await ann.goto(talk);
      await ann.context().clearCookies();
      await ann.locator("#phone").fill("415 555 0100");
      await submits();
      await heading(foreignTitle).waitFor();
      await looks("notice", "foreign-form");
      await using impatient = await openScene({ limits: { pagesPerMinute: 1 } });
      for (const _visit of ["first", "second"]) await ann.goto(`${impatient.url}/talk/bank/mortgages`);
      await heading(slowDownTitle).waitFor();
      await looks("notice", "slow-down");
      const read = callManager.readClick.bind(callManager);
      callManager.readClick = () => Promise.reject(new Error("the story wants it so"));
      await ann.goto(talk);
      await heading(brokenTitle).waitFor();
      await looks("notice", "broken");
      callManager.readClick = read;
    },

    /** 205-217 */
    async duringTheCall(): Promise<void> {
      await begins();
      for (const stage of typedKeys(words.connect.stages)) {
        callManager.moves(stage);
        await heading(words.connect.stages[stage].headline).waitFor();
        await looks("connect", stage);
      }
      const other = await context.newPage();
      await other.goto(talk);
      assert.equal(await other.locator("p.note a").innerText(), words.welcome.liveCallLink);
      await look({ page: other, url: scene.url, kind: "welcome", which: "live-call" });
      await other.close();

      callManager.moves("connected");
      await ann.route("**/events*", (route) => route.abort());
      await ann.reload();
      await ann.locator(".lost").waitFor();
      await looks("connect", "connection-lost");
      await ann.unrouteAll();
      await ann.reload();
      callManager.ends("completed");
    },

    /** 216-217: what an agent pushes, and the call that goes on below it. */
    async pushedPages(): Promise<void> {
      const { subscriberFace } = callManager;
      callManager.subscriberFace = { ...subscriberFace, origins: ["http://localhost:1"] };
      await context.route("http://localhost:1/**", async (route) => {
        await route.fulfill({
          contentType: "text/html",
          body: "<title>Rates</title><h1>Rates of the bank</h1>",
        });
      });
      await begins();
      callManager.moves("connected");
      callManager.pushes(rates);
      await heading(rates.title[language]).waitFor();
      await looks("pushed", "text");
      const url = "http://localhost:1/rates";
      callManager.pushes({ ...rates, id: "framed" as PageId, content: { type: "url", url } });
      await ann.frameLocator("iframe").getByRole("heading", { name: "Rates of the bank" }).waitFor();
      await looks("pushed", "framed");
      callManager.library = [];
      await ann.reload();
      await ann.getByText(words.pushed.missing).waitFor();
      await looks("pushed", "missing");
      callManager.ends("completed");
      callManager.subscriberFace = subscriberFace;
    },

    /** 206: where the center is called first. */
    async centerFirst(): Promise<void> {
      const { subscriberFace } = callManager;
      callManager.subscriberFace = { ...subscriberFace, legOrder: "center-first", confirmation: "never" };
      await ann.goto(talk);
      await looks("welcome", "center-first");
      await begins();
      for (const stage of typedKeys(words.connect.stagesCenterFirst)) {
        callManager.moves(stage);
        await heading(words.connect.stagesCenterFirst[stage]?.headline ?? "").waitFor();
        await looks("connect", `center-first-${stage}`);
      }
      callManager.ends("completed");
      callManager.subscriberFace = subscriberFace;
    },

    /** 219, happy or not: a call for each. */
    async afterTheCall(): Promise<void> {
      for (const outcome of typedKeys(words.outcomes)) {
        await begins();
        callManager.ends(outcome);
        await heading(words.outcomes[outcome].title).waitFor();
        await looks("disconnect", outcome);
      }
    },
  };
  const owned = opened.move();
  const everything = async (): Promise<void> => {
    for (const part of Object.values(tour)) await part();
  };
  return { everything, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A presentation that no visitor of a test can wear out. */
async function openScene(settings: Parameters<typeof presentationOnLoopback>[0] = {}) {
  return await presentationOnLoopback({
    limits: { beginsPerMinute: 1000, pagesPerMinute: 10_000 },
    ...settings,
  });
}

const rates = {
  id: "rates" as PageId,
  title: { en: "Table of rates", es: "Tabla de tipos" },
  content: {
    type: "text",
    text: {
      en: "Ten years: 3.1 %\n\nFifteen years: 3.4 %. The rate is fixed on the day on which we say yes, and stays what it is for the whole term, whatever the markets do.",
      es: "Diez años: 3,1 %\n\nQuince años: 3,4 %. El tipo se fija el día en que decimos que sí, y no cambia durante todo el plazo, hagan lo que hagan los mercados.",
    },
  },
} as const;

/** A table of messages has an entry for each, or does not compile. */
function typedKeys<Key extends string>(table: Readonly<Partial<Record<Key, unknown>>>): readonly Key[] {
  return Object.keys(table) as Key[];
}
