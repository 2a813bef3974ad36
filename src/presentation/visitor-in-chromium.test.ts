import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { PageId } from "#base/ids.ts";
import { assertGoodLooks, type Browser, openBrowser } from "#rig/chromium.ts";
import { hostileStrings } from "#rig/hostile-strings.ts";
import { presentationOnLoopback } from "#rig/open-test-presentation.ts";
import { openRelay } from "#rig/relay.ts";
import { openVisitorTour, type Sight } from "#rig/visitor-tour.ts";
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

test(
  "the page says what it shows of the agent's, and shows nothing that was taken back",
  options,
  async () => {
    await using scene = await openScene();
    const { callManager } = scene;
    const ann = await visitor();
    await begins(ann, scene.url);
    callManager.moves("connected");
    await heading(ann, "You are connected").waitFor();
    callManager.pushes(rates);
    await heading(ann, "Table of rates").waitFor();
    assert.deepEqual(callManager.pushResults(), ["shown"]);
    // Its word is lost on the way; when it says so again the page was taken back.
    let asked = 0;
    await ann.route("**/shown/2", async (route) => {
      asked += 1;
      if (asked > 1) return await route.continue();
      callManager.takesBack(2);
      await route.abort();
    });
    const refused = ann.waitForResponse((answer) => answer.url().endsWith("/shown/2"));
    await ann.evaluate(`new MutationObserver(() => (globalThis.titles ??= []).push(document.title))
    .observe(document.querySelector("title"), { childList: true })`);
    callManager.pushes({ ...rates, id: "late" as PageId, title: { en: "Too late" } });
    assert.equal((await refused).status(), 409);
    callManager.ends("completed");
    await heading(ann, "Goodbye").waitFor();
    assert.deepEqual(await ann.evaluate("titles"), ["Goodbye – Example Bank"]);
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

/** Side by side: the browser works while the test looks. */
describe("every page is accessible, light and dark, wide and 320 pixels narrow, and weighs under 15 kB", {
  ...options,
  concurrency: true,
}, () => {
  for (const language of ["en", "es"] as const)
    test(`in ${language}`, async (t) => {
      assert.ok(browser);
      const heaviest = new Map<string, number>();
      await using tour = await openVisitorTour(browser, language, async (sight) => {
        const { page, kind, which } = sight;
        const name = `${kind} ${which}`;
        assert.equal(await page.locator("html").getAttribute("lang"), language);
        const octets = await weight(sight);
        assert.ok(octets > 2000 && octets < 15_000, `${name}: ${octets} octets`);
        heaviest.set(kind, Math.max(octets, heaviest.get(kind) ?? 0));
        await assertGoodLooks(page, name);
      });
      await tour.everything();
      for (const [kind, octets] of heaviest)
        t.diagnostic(`${language}: ${kind} at most ${octets} octets, uncompressed`);
    });
});

/** Of a page with its style, script and icon. */
async function weight({ page, url }: Sight): Promise<number> {
  const markup = await page.content();
  const assets = markup.match(/(?<=")\/assets\/[^"]+/g) ?? [];
  const sizes = await Promise.all(
    assets.map(async (path) => (await (await fetch(url + path)).bytes()).length),
  );
  return sizes.reduce((sum, each) => sum + each, Buffer.byteLength(markup));
}

test("on a narrow page the text that an agent shows keeps away from the buttons", options, async () => {
  await using scene = await openScene();
  const ann = await visitor({ viewport: { width: 320, height: 640 } });
  await begins(ann, scene.url);
  scene.callManager.pushes(rates);
  await heading(ann, "Table of rates").waitFor();
  const close = await ann.locator("form[action$=close-page]").boundingBox();
  const text = await ann.locator(".reading").boundingBox();
  assert.ok(close !== null && text !== null && text.y - (close.y + close.height) >= 12);
  await ann.context().close();
});

test("the call's page breathes, and holds still where no motion is wanted", options, async () => {
  await using scene = await openScene();
  const ann = await visitor();
  await begins(ann, scene.url);
  scene.callManager.moves("calling-you");
  await heading(ann, "Your telephone is ringing").waitFor();
  const moving = () =>
    ann.evaluate("document.getAnimations().filter((each) => each.playState === 'running').length");
  assert.equal(await moving(), 2);
  await ann.emulateMedia({ reducedMotion: "reduce" });
  assert.equal(await moving(), 0);
  await ann.context().close();
});

test("the welcome page brings nothing along but its style and icon", options, async () => {
  await using scene = await openScene();
  const ann = await visitor();
  const came: string[] = [];
  ann.on("response", (response) => came.push(new URL(response.url()).pathname));
  await ann.goto(`${scene.url}/talk/bank/mortgages`, { waitUntil: "networkidle" });
  assert.deepEqual(came.toSorted(), ["/assets/icon.svg", "/assets/tandem.css", "/talk/bank/mortgages"]);
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
