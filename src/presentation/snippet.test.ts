import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import test from "node:test";
import { openBrowser } from "#rig/chromium.ts";
import { presentationOnLoopback } from "#rig/open-test-presentation.ts";

const options = existsSync("/usr/bin/chromium") ? {} : { skip: "no /usr/bin/chromium" };

test(
  "the snippet tells the platform which page a link stood on, and leaves other links alone",
  options,
  async () => {
    await using scene = await presentationOnLoopback();
    await using browser = await openBrowser();
    const context = await browser.visitor();
    const title = `Rates\n${"of the bank ".repeat(20)}`;
    const link = (attributes: string) => `<a ${attributes}>talk</a>`;
    await context.route("https://www.bank.example/**", async (route) => {
      const body = `<!doctype html><title>${title}</title><script src="${scene.url}/snippet.js" defer></script>
      ${link(`id="plain" href="${scene.url}/talk/bank/mortgages?code=A47&page=mine"`)}
      ${link(`id="marked" data-tandem href="https://talk.bank.example/ask"`)}
      ${link(`id="other" href="https://www.bank.example/other"`)}
      ${link(`id="script" data-tandem href="javascript:void 0"`)}
      ${link(`id="broken" data-tandem href="https://"`)}`;
      await route.fulfill({ contentType: "text/html", body });
    });
    await context.route(
      "https://talk.bank.example/**",
      async (route) => await route.fulfill({ body: "asked" }),
    );
    const page = await context.newPage();
    const errors: Error[] = [];
    page.on("pageerror", (error) => errors.push(error));
    const clicked = async (id: string): Promise<URL> => {
      await page.goto("https://www.bank.example/rates?secret=1#top", {
        referer: "https://www.bank.example/?secret=2",
      });
      await page.locator(`#${id}`).click();
      await page.waitForLoadState();
      return new URL(page.url());
    };

    const plain = await clicked("plain");
    assert.equal(plain.searchParams.get("page"), "mine");
    assert.equal(plain.searchParams.get("code"), "A47");
    assert.equal(plain.searchParams.get("ref"), "https://www.bank.example/");
    assert.equal(plain.searchParams.get("title"), title.replace("\n", " ").slice(0, 120).trim());
    // The platform takes it as it is.
    assert.equal(await page.locator("h1").innerText(), "Talk to us about Mortgages");
    assert.equal(scene.callManager.clicks[0]?.bare.page, "mine");

    const marked = await clicked("marked");
    assert.equal(marked.searchParams.get("page"), "https://www.bank.example/rates");
    assert.equal((await clicked("other")).href, "https://www.bank.example/other");
    for (const id of ["script", "broken"]) await clicked(id);
    assert.deepEqual(errors, []);
  },
);
