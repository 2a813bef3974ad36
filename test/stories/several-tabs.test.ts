/**
 * The visitor's browser is Chromium, on the real platform: a pushed page stands in every tab, through a reload, until one of them
 * closes it; its live connections outlive the web process; and who asked in Spanish reads Spanish and is spoken to in Spanish.
 * Bob's telephone and Ann's are baresip.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { openVoiceResponse } from "#telecom/voice-response/voice-response.ts";
import { bankConfig } from "#rig/bank.ts";
import { type Phone, startBaresip } from "#rig/baresip.ts";
import { mayCapture } from "#rig/capture.ts";
import { type Browser, openBrowser } from "#rig/chromium.ts";
import { span } from "#rig/ear.ts";
import { openMeasuredCall, takesSeconds } from "#rig/measured-call.ts";
import { installed } from "#rig/processes.ts";
import { likeness } from "#rig/sound.ts";
import { annsNumber, signedToken } from "#rig/story.ts";
import { fromMuLaw, type Sound } from "#rig/wav.ts";
import type { Page } from "playwright-core";

const missing =
  !installed("chromium", "baresip", "tcpdump") || !mayCapture()
    ? "needs chromium, baresip, tcpdump and the right to capture: bin/test --setup, as root"
    : false;

/** Unlike each other from the first word on. */
const callingCenter = {
  en: "Thank you. We are calling an agent for you now.",
  es: "Gracias. Ahora llamamos a un agente para usted.",
};
const embeddedVoice = { TANDEM_SPEECH_COMMAND: "" };

describe("Chromium on the real platform", { skip: missing, timeout: 200_000 }, () => {
  let browser: Browser | undefined;
  before(async () => {
    if (missing === false) browser = await openBrowser();
  });
  after(() => browser?.[Symbol.asyncDispose]());

  async function firstTab(options: { locale?: string } = {}): Promise<Page> {
    assert.ok(browser !== undefined);
    return await (await browser.visitor(options)).newPage();
  }

  test("a pushed page stands in both tabs, through a reload, until one of them closes it", async () => {
    await using ann = await startBaresip({ user: annsNumber, answers: "by-itself" });
    await using bob = await startBaresip({ user: "7001", answers: "by-itself" });
    const config = bankConfig({ user: ann.port, center: bob.port });
    await using call = await openMeasuredCall({ config, ann, bob });
    const one = await firstTab();
    await begins(one, `${call.platform.url}/talk/bank/mortgages?token=${await annsToken()}`);
    const other = await one.context().newPage();
    await other.goto(one.url());
    await signsOn(bob);
    for (const tab of [one, other]) await shows(tab, "You are connected");

    await bob.presses("12#");
    for (const tab of [one, other]) await shows(tab, "Our rates today");
    await one.reload();
    await shows(one, "Our rates today");
    const late = await one.context().newPage();
    await late.goto(one.url());
    await shows(late, "Our rates today");
    await other.getByRole("button", { name: "Close this page" }).click();
    for (const tab of [one, other, late]) await shows(tab, "You are connected");
    await bob.presses("12#");
    for (const tab of [one, other, late]) await shows(tab, "Our rates today");
    await bob.hangsUp();
    await ann.event("CALL_CLOSED");
    for (const tab of [one, other, late]) await shows(tab, "Goodbye");
    await one.context().close();

    const { record } = await call.measures();
    assert.equal(record.outcome, "completed");
    assert.deepEqual(
      record.pagesPushed.map(({ page }) => page),
      ["rates", "rates"],
    );
  });

  test("each tab's live connection outlives a killed web process: the right page in every tab afterwards", async () => {
    await using ann = await startBaresip({ user: annsNumber, answers: "by-itself" });
    await using bob = await startBaresip({ user: "7001", answers: "by-itself" });
    const config = bankConfig({ user: ann.port, center: bob.port });
    await using call = await openMeasuredCall({ config, ann, bob });
    const { platform } = call;
    const one = await firstTab();
    await begins(one, `${platform.url}/talk/bank/mortgages?token=${await annsToken()}`);
    const other = await one.context().newPage();
    await other.goto(one.url());
    const tabs = [one, other];
    await one.evaluate("document.body.dataset.kept = 'yes'");
    const webDiesWhile = async (act: () => Promise<void>): Promise<void> => {
      await platform.killWeb();
      await act();
      for (const tab of tabs) await tab.locator(".lost").waitFor();
      await platform.startWeb();
    };

    await bob.event("CALL_ESTABLISHED", { withinMs: 20_000 });
    await webDiesWhile(() => signsOn(bob));
    for (const tab of tabs) await shows(tab, "You are connected");
    await webDiesWhile(() => bob.presses("12#"));
    for (const tab of tabs) await shows(tab, "Our rates today");
    await other.getByRole("button", { name: "Close this page" }).click();
    for (const tab of tabs) await shows(tab, "You are connected");
    await bob.presses("12#");
    for (const tab of tabs) await shows(tab, "Our rates today");
    // Nothing happens meanwhile: nothing old may come again.
    await webDiesWhile(async () => {});
    for (const tab of tabs) {
      await tab.locator(".lost").waitFor({ state: "detached" });
      await shows(tab, "Our rates today");
    }
    await webDiesWhile(() => bob.hangsUp());
    for (const tab of tabs) await shows(tab, "Goodbye");
    assert.equal(
      await one.locator("body").getAttribute("data-kept"),
      "yes",
      "it is the document that it was",
    );
    await one.context().close();

    const { record } = await call.measures();
    assert.equal(record.outcome, "completed");
    assert.deepEqual(
      record.pagesPushed.map(({ page }) => page),
      ["rates", "rates"],
    );
  });

  test("lang=es: Spanish pages from the click to the goodbye, and a Spanish announcement", async () => {
    const { asked, heard } = await hearsAnnouncement("es");
    assert.equal(asked, "Hipotecas: hable con nosotros");
    const [spanish, english] = [await spoken("es"), await spoken("en")];
    const alike = { spanish: likeness(heard, spanish).likeness, english: likeness(heard, english).likeness };
    // Two voiced sounds of one voice are somewhat alike wherever they come from.
    assert.ok(alike.spanish > 0.95 && alike.english < 0.7, JSON.stringify(alike));
  });

  async function hearsAnnouncement(language: "es"): Promise<{ asked: string; heard: Sound }> {
    await using ann = await startBaresip({ user: annsNumber, answers: "by-itself" });
    await using bob = await startBaresip({ user: "7001", answers: "by-itself" });
    const config = bankConfig({ user: ann.port, center: bob.port }, { announcements: { callingCenter } });
    await using call = await openMeasuredCall({ config, ann, bob, environment: embeddedVoice });
    const page = await firstTab({ locale: "en-US" });
    const url = `${call.platform.url}/talk/bank/mortgages?lang=${language}&token=${await annsToken()}`;
    await page.goto(url);
    const asked = await page.locator("h1").innerText();
    await page.locator("main button[type=submit]").click();
    await page.waitForURL("**/call/**");
    await signsOn(bob);
    await shows(page, "Está en contacto");
    await bob.presses("12#");
    await shows(page, "Tipos de hoy");
    await page.getByText("30 años fijo: 6,1 %").waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "es");
    await bob.hangsUp();
    await shows(page, "Hasta pronto");
    await page.context().close();
    const { record, toAnn } = await call.measures();
    return { asked, heard: toAnn.between(span(record, "announce")) };
  }
});

async function annsToken(): Promise<string> {
  return await signedToken({ context: { phone: annsNumber, whisperCode: "A47" } });
}

async function begins(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator("main button[type=submit]").click();
  await page.waitForURL("**/call/**");
}

async function signsOn(bob: Phone): Promise<void> {
  await bob.event("CALL_ESTABLISHED", { withinMs: 20_000 });
  await takesSeconds(1.5);
  await bob.presses("#");
}

async function shows(page: Page, headline: string): Promise<void> {
  await page.getByRole("heading", { level: 1, name: headline }).waitFor();
}

/** 1 s from the middle of the announcement, as the platform's own voice says it. */
async function spoken(language: "en" | "es"): Promise<Sound> {
  const voice = await openVoiceResponse({ clock: systemClock, log: silentLog, promptFolder: "." });
  try {
    const segments = [{ type: "text" as const, text: callingCenter[language] }];
    const { audio, fallback } = await voice.render({ language, private: false, segments });
    assert.equal(fallback, "none");
    const middle = Math.floor(audio.length / 2) - 4000;
    return { sampleRate: 8000, samples: Float64Array.from(audio.subarray(middle, middle + 8000), fromMuLaw) };
  } finally {
    await voice.close();
  }
}
