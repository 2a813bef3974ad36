import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { PageId } from "#base/ids.ts";
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

/** Side by side: the browser works while the test looks. */
describe("every page is accessible, light and dark, fits 320 pixels, and weighs under 15 kB", {
  ...options,
  concurrency: true,
}, () => {
  for (const language of ["en", "es"] as const)
    test(`in ${language}`, async (t) => {
      await using tour = await openTour(language);
      await tour.beforeTheCall();
      await tour.noticesInItsStead();
      await tour.duringTheCall();
      await tour.afterTheCall();
      for (const [kind, octets] of tour.heaviest)
        t.diagnostic(`${language}: ${kind} at most ${octets} octets, uncompressed`);
    });
});

/** A walk through all that a visitor may ever see. */
async function openTour(language: "en" | "es") {
  await using opened = new AsyncDisposableStack();
  const scene = opened.use(await openScene());
  const { callManager } = scene;
  const ann = await visitor({ locale: language === "en" ? "en-US" : "es-ES" });
  opened.defer(() => ann.context().close());
  const words = messages(language);
  const talk = `${scene.url}/talk/bank/mortgages`;
  const octetsOf = async (path: string): Promise<number> =>
    (await (await fetch(scene.url + path)).bytes()).length;
  const heaviest = new Map<string, number>();

  /** `kind` has its own layout; `which` differs from its like by its words alone. */
  const looks = async (kind: string, which = ""): Promise<void> => {
    const name = `${kind}${which === "" ? "" : `-${which}`}`;
    assert.equal(await ann.locator("html").getAttribute("lang"), language);
    const page = await ann.content();
    const assets = page.match(/(?<=")\/assets\/[^"]+/g) ?? [];
    const sizes = await Promise.all(assets.map(octetsOf));
    const octets = sizes.reduce((sum, each) => sum + each, Buffer.byteLength(page));
    assert.ok(octets > 2000 && octets < 15_000, `${name}: ${octets} octets`);
    heaviest.set(kind, Math.max(octets, heaviest.get(kind) ?? 0));
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
  const submits = (): Promise<void> => ann.locator("main button[type=submit]").click();

  const tour = {
    heaviest,

    /** 201-204, and every reason for which none is begun. */
    async beforeTheCall(): Promise<void> {
      await ann.goto(`${talk}?title=Rates&page=https%3A%2F%2Fwww.bank.example%2Frates&phone=4155550177`);
      await looks("welcome");
      await ann.goto(`${talk}?token=${virtualToken({ phone: "+14155550123" })}`);
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
        await heading(ann, words.refused.title).waitFor();
        await looks("refused", "opensAtMs" in available ? "opens-again" : available.type);
      }
      callManager.available = { type: "open" };
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
        await heading(ann, title).waitFor();
        await looks("notice", name);
      }
      await ann.goto(talk);
      await ann.context().clearCookies();
      await ann.locator("#phone").fill("415 555 0100");
      await submits();
      await heading(ann, foreignTitle).waitFor();
      await looks("notice", "foreign-form");
      await using impatient = await openScene({ limits: { pagesPerMinute: 0 } });
      await ann.goto(`${impatient.url}/talk/bank/mortgages`);
      await heading(ann, slowDownTitle).waitFor();
      await looks("notice", "slow-down");
      const read = callManager.readClick.bind(callManager);
      callManager.readClick = () => Promise.reject(new Error("the story wants it so"));
      await ann.goto(talk);
      await heading(ann, brokenTitle).waitFor();
      await looks("notice", "broken");
      callManager.readClick = read;
    },

    /** 205-217 */
    async duringTheCall(): Promise<void> {
      callManager.subscriberFace = { ...callManager.subscriberFace, origins: ["http://localhost:1"] };
      await ann.context().route("http://localhost:1/**", async (route) => {
        await route.fulfill({
          contentType: "text/html",
          body: "<title>Rates</title><h1>Rates of the bank</h1>",
        });
      });
      await begins(ann, scene.url);
      for (const stage of typedKeys(words.connect.stages)) {
        callManager.moves(stage);
        await heading(ann, words.connect.stages[stage].headline).waitFor();
        await looks("connect", stage);
      }
      const other = await ann.context().newPage();
      await other.goto(talk);
      assert.equal(await other.locator("p.note a").innerText(), words.welcome.liveCallLink);
      await assertAccessible(other, "welcome with a live call");
      await other.close();

      callManager.pushes(rates);
      await heading(ann, rates.title[language]).waitFor();
      await looks("pushed", "text");
      await ann.setViewportSize({ width: 320, height: 640 });
      const close = await ann.locator("form[action$=close-page]").boundingBox();
      const text = await ann.locator(".reading").boundingBox();
      assert.ok(
        close !== null && text !== null && text.y - (close.y + close.height) >= 12,
        "the text is too near",
      );
      await ann.setViewportSize({ width: 1100, height: 760 });
      const url = "http://localhost:1/rates";
      callManager.pushes({ ...rates, id: "framed" as PageId, content: { type: "url", url } });
      await ann.frameLocator("iframe").getByRole("heading", { name: "Rates of the bank" }).waitFor();
      await looks("pushed", "framed");
      callManager.library = [];
      await ann.reload();
      await ann.getByText(words.pushed.missing).waitFor();
      await looks("pushed", "missing");
      callManager.ends("completed");
    },

    /** 219, happy or not: a call for each. */
    async afterTheCall(): Promise<void> {
      for (const outcome of typedKeys(words.outcomes)) {
        await begins(ann, scene.url);
        callManager.ends(outcome);
        await heading(ann, words.outcomes[outcome].title).waitFor();
        await looks("disconnect", outcome);
      }
    },
  };
  const owned = opened.move();
  return { ...tour, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A table of messages has an entry for each, or does not compile. */
function typedKeys<Key extends string>(table: Readonly<Record<Key, unknown>>): readonly Key[] {
  return Object.keys(table) as Key[];
}

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
