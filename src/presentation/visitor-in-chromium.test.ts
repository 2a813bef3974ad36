import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import type { PageId } from "#base/ids.ts";
import type { CallOutcome, ConnectStage } from "#call-manager/pages.ts";
import { assertAccessible, type Browser, openBrowser, picture } from "#rig/chromium.ts";
import { hostileStrings } from "#rig/hostile-strings.ts";
import { presentationOnLoopback } from "#rig/open-test-presentation.ts";
import { openRelay } from "#rig/relay.ts";
import { virtualToken } from "#rig/virtual-call-manager.ts";
import type { BrowserContextOptions, Page } from "playwright-core";
import { messages } from "./messages/messages.ts";

const chromiumIsThere = existsSync("/usr/bin/chromium");
const options = chromiumIsThere ? {} : { skip: "no /usr/bin/chromium" };

let browser: Browser | undefined;
before(async () => {
  if (chromiumIsThere) browser = await openBrowser();
});
after(async () => await browser?.[Symbol.asyncDispose]());

async function openScene(settings: Parameters<typeof presentationOnLoopback>[0] = {}) {
  return await presentationOnLoopback({
    limits: { beginsPerMinute: 1000, pagesPerMinute: 10_000 },
    ...settings,
  });
}

async function visitor(options: BrowserContextOptions = {}): Promise<Page> {
  assert.ok(browser);
  const context = await browser.visitor(options);
  return await context.newPage();
}

async function begins(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/talk/bank/mortgages`);
  await page.locator("#phone").fill("415 555 0100");
  await page.locator("main button[type=submit]").click();
  await page.waitForURL("**/call/**");
}

const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });
const rates = {
  id: "rates" as PageId,
  title: { en: "Table of rates", es: "Tabla de tipos" },
  content: { type: "text", text: { en: "Ten years: 3.1 %", es: "Diez años: 3,1 %" } },
} as const;

test(
  "Ann's two tabs follow her call, through reload and the back button, to the goodbye",
  options,
  async () => {
    await using scene = await openScene();
    const ann = await visitor();
    await begins(ann, scene.url);
    const second = await ann.context().newPage();
    await second.goto(ann.url());
    for (const stage of ["calling-you", "confirm-on-phone", "calling-center", "connected"] as const) {
      scene.callManager.moves(stage);
      for (const tab of [ann, second])
        await heading(tab, messages("en").connect.stages[stage].headline).waitFor();
    }
    scene.callManager.pushes(rates);
    for (const tab of [ann, second]) await tab.getByText("Ten years: 3.1 %").waitFor();
    await ann.reload();
    await heading(ann, "Table of rates").waitFor();
    await second.getByRole("button", { name: "Close this page" }).click();
    for (const tab of [ann, second]) await heading(tab, "You are connected").waitFor();
    await ann.goBack();
    await heading(ann, "Mortgages: talk to us").waitFor();
    await ann.goForward();
    await heading(ann, "You are connected").waitFor();
    scene.callManager.ends("completed");
    for (const tab of [ann, second]) await heading(tab, "Goodbye").waitFor();
    await ann.getByRole("link", { name: "Call again" }).click();
    await heading(ann, "Mortgages: talk to us").waitFor();
    assert.equal(scene.callManager.sizes.calls, 1);
    await ann.context().close();
  },
);

test("with the keyboard alone, and each change is said to a screen reader", options, async () => {
  await using scene = await openScene();
  const ann = await visitor();
  await ann.goto(`${scene.url}/talk/bank/mortgages`);
  await ann.keyboard.press("Tab");
  assert.equal(await ann.locator(":focus").innerText(), "Skip to content");
  await ann.keyboard.press("Enter");
  await ann.keyboard.press("Tab");
  await ann.keyboard.type("4155550100");
  await ann.keyboard.press("Enter");
  await ann.waitForURL("**/call/**");
  scene.callManager.moves("connected");
  await heading(ann, "You are connected").waitFor();
  assert.equal(await ann.locator("#said[role=status]").textContent(), "You are connected");
  // Past the skip link and the other language.
  for (let tabs = 0; tabs < 3; tabs++) await ann.keyboard.press("Tab");
  assert.equal(await ann.locator(":focus").innerText(), "Hang up");
  await ann.keyboard.press("Enter");
  await heading(ann, "The call was cancelled").waitFor();
  await ann.context().close();
});

test("with scripts off the page follows by itself, and every button works", options, async () => {
  await using scene = await openScene();
  const ann = await visitor({ javaScriptEnabled: false });
  await begins(ann, scene.url);
  scene.callManager.moves("connected");
  await heading(ann, "You are connected").waitFor();
  scene.callManager.pushes(rates);
  await heading(ann, "Table of rates").waitFor();
  await ann.getByRole("button", { name: "Close this page" }).click();
  await heading(ann, "You are connected").waitFor();
  await ann.getByRole("button", { name: "Hang up" }).click();
  await heading(ann, "The call was cancelled").waitFor();
  await ann.context().close();
});

test(
  "a lost connection is told, mends by itself, and nothing pushed meanwhile is lost",
  options,
  async () => {
    let port = 0;
    await using relay = await openRelay(() => port);
    const publicUrl = `http://127.0.0.1:${relay.port}`;
    await using scene = await openScene({ publicUrl });
    port = scene.presentation.port;
    const ann = await visitor();
    await begins(ann, publicUrl);
    scene.callManager.moves("calling-you");
    await heading(ann, "Your telephone is ringing").waitFor();
    relay.cut();
    await ann.getByText("The connection to this page was lost.").first().waitFor();
    scene.callManager.moves("connected");
    scene.callManager.pushes(rates);
    relay.mend();
    await heading(ann, "Table of rates").waitFor();
    assert.equal(await ann.locator(".lost").count(), 0);
    scene.callManager.ends("completed");
    await heading(ann, "Goodbye").waitFor();
    await ann.context().close();
  },
);

test("a subscriber's own page is framed, and cannot reach ours", options, async () => {
  await using scene = await openScene();
  scene.callManager.subscriberFace = { ...scene.callManager.subscriberFace, origins: ["http://localhost:1"] };
  const ann = await visitor();
  const asked: string[] = [];
  await ann.context().route("http://localhost:1/**", async (route) => {
    asked.push(`${route.request().url()} ${route.request().headers()["referer"] ?? "no referrer"}`);
    const body = "<h1>Rates of the bank</h1><script>try { top.location = 'about:blank' } catch {}</script>";
    await route.fulfill({ contentType: "text/html", body });
  });
  await begins(ann, scene.url);
  scene.callManager.pushes({ ...rates, content: { type: "url", url: "http://localhost:1/rates" } });
  await ann.frameLocator("iframe").getByRole("heading", { name: "Rates of the bank" }).waitFor();
  assert.equal(await ann.locator("iframe").getAttribute("title"), "Page from your agent: Table of rates");
  assert.ok(ann.url().startsWith(`${scene.url}/call/`));
  assert.deepEqual(new Set(asked), new Set(["http://localhost:1/rates no referrer"]));
  await ann.context().close();
});

for (const language of ["en", "es"] as const) {
  test(`every page in ${language} is accessible, light and dark, and fits 320 pixels`, options, async () => {
    await using scene = await openScene();
    const { callManager } = scene;
    const ann = await visitor({ locale: language === "en" ? "en-US" : "es-ES" });
    const check = async (name: string): Promise<void> => {
      assert.equal(await ann.locator("html").getAttribute("lang"), language);
      for (const colorScheme of ["light", "dark"] as const) {
        await ann.emulateMedia({ colorScheme });
        await assertAccessible(ann, `${name}, ${colorScheme}`);
        await picture(ann, `${language}/${name}-${colorScheme}`);
      }
      await ann.setViewportSize({ width: 320, height: 640 });
      const overflow = Number(await ann.evaluate("document.documentElement.scrollWidth - innerWidth"));
      assert.ok(overflow <= 0, `${name} is ${overflow} pixels wider than 320`);
      await picture(ann, `${language}/${name}-320`);
      await ann.setViewportSize({ width: 1100, height: 760 });
    };
    const talk = `${scene.url}/talk/bank/mortgages`;
    await ann.goto(`${talk}?title=Rates`);
    await check("welcome");
    await ann.goto(`${talk}?token=${virtualToken({ phone: "+14155550123" })}`);
    await check("welcome-signed");
    callManager.refuses = "number-impossible";
    await ann.locator("summary").click();
    await ann.locator("#phone").fill("12");
    await ann.locator("main button[type=submit]").click();
    await ann.locator("[role=alert]").waitFor();
    await check("welcome-problem");
    callManager.refuses = undefined;
    callManager.available = {
      type: "closed",
      opensAtMs: Date.UTC(2026, 0, 5, 14),
      timeZone: "America/New_York",
    };
    await ann.goto(talk);
    await check("refused");
    callManager.available = { type: "open" };
    for (const path of ["/talk/nobody/x", "/talk/bank/x", "/talk/bank/mortgages?title=%00"]) {
      await ann.goto(scene.url + path);
      await check(`notice-${path.replaceAll(/[^a-z]/g, "")}`);
    }
    await begins(ann, scene.url);
    for (const stage of [
      "placing",
      "calling-center",
      "connected",
      "ending",
    ] as const satisfies ConnectStage[]) {
      callManager.moves(stage);
      await heading(ann, messages(language).connect.stages[stage].headline).waitFor();
      await check(`connect-${stage}`);
    }
    callManager.pushes(rates);
    await heading(ann, rates.title[language]).waitFor();
    await check("pushed");
    await ann.setViewportSize({ width: 320, height: 640 });
    const close = await ann.locator("form[action$=close-page]").boundingBox();
    const text = await ann.locator(".reading").boundingBox();
    assert.ok(
      close !== null && text !== null && text.y - (close.y + close.height) >= 12,
      "the text is too near",
    );
    const outcomes: CallOutcome[] = ["user-busy"];
    for (const outcome of outcomes) {
      callManager.ends(outcome);
      await heading(ann, messages(language).outcomes[outcome].title).waitFor();
      await check(`disconnect-${outcome}`);
    }
    await ann.context().close();
  });
}

test("each page weighs under 15 kB with its style and script", options, async (t) => {
  await using scene = await openScene();
  const ann = await visitor();
  let octets = 0;
  ann.on("response", (response) => {
    if (response.url().includes("/events")) return;
    response.body().then(
      (body) => (octets += body.length),
      // A redirect has no body.
      () => {},
    );
  });
  const weigh = async (name: string, act: () => Promise<void>): Promise<void> => {
    octets = 0;
    await act();
    t.diagnostic(`${name}: ${octets} octets, uncompressed`);
    assert.ok(octets > 2000 && octets < 15_000, `${name}: ${octets}`);
  };
  const talk = `${scene.url}/talk/bank/mortgages?title=Rates&page=https%3A%2F%2Fwww.bank.example%2Frates`;
  await weigh("welcome", async () => void (await ann.goto(talk, { waitUntil: "networkidle" })));
  await begins(ann, scene.url);
  const fresh = await ann.context().newPage();
  await fresh.goto(ann.url());
  const parts = [await fresh.content()];
  for (const asset of ["tandem.css", "live.js", "icon.svg"]) {
    parts.push(await (await fetch(`${scene.url}/assets/${asset}`)).text());
  }
  const connect = Buffer.byteLength(parts.join(""));
  t.diagnostic(`connect: ${connect} octets, uncompressed`);
  assert.ok(connect < 15_000, `connect: ${connect}`);
  await ann.context().close();
});

test("no hostile text runs a script, with the Content-Security-Policy taken away", options, async (t) => {
  const strings = hostileStrings();
  if (strings.length === 0) return t.skip("no ../shared");
  await using scene = await openScene();
  const ann = await visitor({ bypassCSP: true });
  const ran: string[] = [];
  await ann.exposeFunction("scriptRan", (what: string) => void ran.push(what));
  await ann.addInitScript({
    content: `
      for (const name of ["alert", "confirm", "prompt", "print"]) globalThis[name] = () => scriptRan(name);
      addEventListener("error", (event) => scriptRan("error " + event.message));`,
  });
  await begins(ann, scene.url);
  const perPage = 150;
  for (let at = 0; at < strings.length; at += perPage) {
    const some = strings.slice(at, at + perPage);
    const title = some.at(-1)?.trim() || "title";
    const id = `hostile-${at}` as PageId;
    const end = `end-of-${at}.`;
    const text = [...some, end].join("\n\n");
    // Through the live connection (innerHTML), then through the parser of a whole page.
    scene.callManager.pushes({ id, title: { en: title }, content: { type: "text", text: { en: text } } });
    for (const load of ["live", "reload"] as const) {
      if (load === "reload") await ann.reload();
      await ann.getByText(end, { exact: true }).waitFor();
      const foreign = await ann.locator("main :not(div,h1,p,bdi,form,button)").count();
      assert.equal(foreign, 0, `${load} from ${at}`);
    }
  }
  assert.deepEqual(ran, []);
  // The detector itself: the same page with one raw payload.
  await ann.evaluate("document.body.innerHTML = '<img src=x onerror=alert(1)>'");
  await ann.waitForFunction("document.querySelector('img').complete");
  assert.deepEqual(ran, ["alert"]);
  await ann.context().close();
});
