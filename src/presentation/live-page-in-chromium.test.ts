import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import type { PageId } from "#base/ids.ts";
import { type Browser, openBrowser } from "#rig/chromium.ts";
import { openMoodyProxy } from "#rig/moody-proxy.ts";
import { presentationOnLoopback } from "#rig/open-test-presentation.ts";
import { openRelay } from "#rig/relay.ts";
import type { Page } from "playwright-core";

const chromiumIsThere = existsSync("/usr/bin/chromium");
const options = chromiumIsThere ? {} : { skip: "no /usr/bin/chromium" };

let browser: Browser | undefined;
before(async () => {
  if (chromiumIsThere) browser = await openBrowser();
});
after(async () => await browser?.[Symbol.asyncDispose]());

async function visitor(): Promise<Page> {
  assert.ok(browser);
  return await (await browser.visitor()).newPage();
}

async function begins(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/talk/bank/mortgages`);
  await page.locator("#phone").fill("415 555 0100");
  await page.locator("main button[type=submit]").click();
  await page.waitForURL("**/call/**");
}

const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });
const said = async (page: Page) => await page.locator("#said").textContent();
const focused = (page: Page) => page.locator(":focus");
const rates = {
  id: "rates" as PageId,
  title: { en: "Table of rates" },
  content: { type: "text", text: { en: "Ten years: 3.1 %" } },
} as const;

test(
  "a visitor on a button stays on it while the call goes on, and hears each change once",
  options,
  async () => {
    await using scene = await presentationOnLoopback();
    const ann = await visitor();
    await begins(ann, scene.url);
    await ann.getByRole("button", { name: "Cancel the call" }).focus();
    scene.callManager.moves("calling-you");
    await heading(ann, "Your telephone is ringing").waitFor();
    assert.equal(await focused(ann).innerText(), "Cancel the call");
    assert.equal(await said(ann), "Your telephone is ringing");
    scene.callManager.moves("connected");
    await heading(ann, "You are connected").waitFor();
    assert.equal(await focused(ann).innerText(), "Hang up");
    assert.equal(await said(ann), "You are connected");
    // A page of another kind takes the focus to its headline, where it is read: it is not said as well.
    scene.callManager.pushes(rates);
    await heading(ann, "Table of rates").waitFor();
    assert.equal(await focused(ann).getAttribute("id"), "headline");
    assert.equal(await said(ann), "");
    await ann.context().close();
  },
);

test("a visitor who stands elsewhere stays there, and is told", options, async () => {
  await using scene = await presentationOnLoopback();
  const ann = await visitor();
  await begins(ann, scene.url);
  scene.callManager.moves("calling-you");
  await heading(ann, "Your telephone is ringing").waitFor();
  assert.equal(await focused(ann).count(), 0);
  assert.equal(await said(ann), "Your telephone is ringing");
  await ann.getByRole("link", { name: "Español" }).focus();
  scene.callManager.pushes(rates);
  await heading(ann, "Table of rates").waitFor();
  assert.equal(await focused(ann).innerText(), "Español");
  assert.equal(await said(ann), "Table of rates");
  await ann.context().close();
});

test("a call that is over stays over when the network goes and comes back", options, async () => {
  let port = 0;
  await using relay = await openRelay(() => port);
  const publicUrl = `http://127.0.0.1:${relay.port}`;
  await using scene = await presentationOnLoopback({ publicUrl });
  port = scene.presentation.port;
  const ann = await visitor();
  await begins(ann, publicUrl);
  // The connection was mended once before.
  relay.cut();
  await ann.getByText("The connection to this page was lost.").first().waitFor();
  relay.mend();
  scene.callManager.ends("completed");
  await heading(ann, "Goodbye").waitFor();
  const asked: string[] = [];
  ann.on("request", (request) => void asked.push(new URL(request.url()).pathname));
  const online = ann.evaluate("new Promise((resolve) => addEventListener('online', () => resolve()))");
  await ann.context().setOffline(true);
  await ann.context().setOffline(false);
  await online;
  await ann.evaluate("fetch('/healthz')");
  assert.deepEqual(asked, ["/healthz"]);
  await ann.context().close();
});

for (const mood of ["hold", "refuse", "break"] as const) {
  test(
    `a page follows the call also where event streams do not come through (${mood})`,
    options,
    async () => {
      let port = 0;
      const asked: string[] = [];
      await using proxy = await openMoodyProxy(
        () => port,
        ({ url = "" }) => {
          if (url.includes("/events")) asked.push(url.replace(/^.*\/events/, ""));
          return url.includes("/events") && !url.endsWith("&poll") ? mood : "pass";
        },
      );
      await using scene = await presentationOnLoopback({ publicUrl: proxy.url });
      port = scene.presentation.port;
      const ann = await visitor();
      await begins(ann, proxy.url);
      scene.callManager.moves("calling-you");
      await heading(ann, "Your telephone is ringing").waitFor();
      scene.callManager.moves("connected");
      await heading(ann, "You are connected").waitFor();
      scene.callManager.pushes(rates);
      await heading(ann, "Table of rates").waitFor();
      assert.equal(await ann.locator(".lost").count(), 0);
      scene.callManager.ends("completed");
      await heading(ann, "Goodbye").waitFor();
      // A browser by itself asks a second time where a connection breaks before the answer's first octet.
      const inTurn = asked.filter((query, at) => query !== asked[at - 1]);
      assert.deepEqual(inTurn, [
        "?after=1",
        "?after=1&poll",
        "?after=2&poll",
        "?after=3&poll",
        "?after=4&poll",
      ]);
      await ann.context().close();
    },
  );
}

test(
  "a page whose script is blocked follows the call by itself; where it runs, nothing is fetched again",
  options,
  async () => {
    await using scene = await presentationOnLoopback();
    const ann = await visitor();
    await ann.route("**/live.js*", (route) => route.abort());
    await begins(ann, scene.url);
    scene.callManager.moves("connected");
    await heading(ann, "You are connected").waitFor();
    assert.equal(await ann.locator("meta[http-equiv=refresh]").count(), 1);
    await ann.unrouteAll();
    await ann.reload();
    assert.equal(await ann.locator("meta[http-equiv=refresh]").count(), 0);
    await ann.context().close();
  },
);
