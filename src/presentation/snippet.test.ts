import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
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
    const title = `Rates\n${"of the bank ".repeat(20)}`;
    const link = (attributes: string) => `<a ${attributes}>talk</a>`;
    // A real server: a browser lets no page but loopback's own load a script from loopback.
    await using bank = await openSite(
      () => `<!doctype html><title>${title}</title>
    <script src="${scene.url}/snippet.js" defer></script>
    ${link(`id="plain" href="${scene.url}/talk/bank/mortgages?code=A47&page=mine"`)}
    ${link(`id="marked" data-tandem href="/ask"`)} ${link(`id="other" href="/other"`)}
    ${link(`id="script" data-tandem href="javascript:void 0"`)} ${link(`id="broken" data-tandem href="https://"`)}`,
    );
    const context = await browser.visitor();
    const page = await context.newPage();
    const errors: Error[] = [];
    page.on("pageerror", (error) => errors.push(error));
    const clicked = async (id: string): Promise<URL> => {
      await page.goto(`${bank.url}/?secret=2`);
      await page.evaluate("location.href = '/rates?secret=1#top'");
      await page.waitForURL("**/rates?secret=1#top");
      await page.locator(`#${id}`).click();
      await page.waitForLoadState();
      return new URL(page.url());
    };

    const plain = await clicked("plain");
    assert.equal(plain.searchParams.get("page"), "mine");
    assert.equal(plain.searchParams.get("code"), "A47");
    assert.equal(plain.searchParams.get("ref"), `${bank.url}/`);
    assert.equal(plain.searchParams.get("title"), title.replace("\n", " ").slice(0, 120).trim());
    // The platform takes it as it is.
    assert.equal(await page.locator("h1").innerText(), "Mortgages: talk to us");
    assert.equal(scene.callManager.clicks[0]?.bare.page, "mine");

    const marked = await clicked("marked");
    assert.equal(marked.searchParams.get("page"), `${bank.url}/rates`);
    assert.equal((await clicked("other")).href, `${bank.url}/other`);
    for (const id of ["script", "broken"]) await clicked(id);
    assert.deepEqual(errors, []);
  },
);

async function openSite(
  page: () => string,
): Promise<{ url: string; [Symbol.asyncDispose](): Promise<void> }> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html").end(page());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
