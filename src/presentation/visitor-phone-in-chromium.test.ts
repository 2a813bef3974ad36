/** The visitor's small telephone, with a real browser's sound; what the platform says to it, the test says. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { assertGoodLooks, type Browser, openBrowser } from "#rig/chromium.ts";
import { presentationOnLoopback } from "#rig/open-test-presentation.ts";
import { tourOfVisitorPhone } from "#rig/visitor-phone-tour.ts";

const options = existsSync("/usr/bin/chromium") ? {} : { skip: "no /usr/bin/chromium" };

let browser: Browser | undefined;
before(async () => {
  if (existsSync("/usr/bin/chromium")) browser = await openBrowser({ microphone: "beep" });
});
after(async () => await browser?.[Symbol.asyncDispose]());

for (const language of ["en", "es"] as const)
  test(
    `in ${language} a call from the browser is accessible from the offer to the goodbye`,
    options,
    async () => {
      assert.ok(browser);
      const seen: string[] = [];
      await tourOfVisitorPhone(browser, language, async ({ page, kind, which }) => {
        seen.push(`${kind} ${which}`.trim());
        assert.equal(await page.locator("html").getAttribute("lang"), language);
        await assertGoodLooks(page, `${kind} ${which}`);
      });
      assert.equal(seen.length, 8);
    },
  );

test(
  "nothing but a small script comes before the click, and the microphone's check with it",
  options,
  async () => {
    assert.ok(browser);
    await using scene = await presentationOnLoopback({
      browserPhones: { socketUrl: "ws://127.0.0.1:1", iceServers: [] },
    });
    scene.callManager.subscriberFace = { ...scene.callManager.subscriberFace, browserCalls: true };
    const context = await browser.visitor();
    const ann = await context.newPage();
    const came: string[] = [];
    ann.on("response", (response) => came.push(new URL(response.url()).pathname));
    await ann.goto(`${scene.url}/talk/bank/mortgages`, { waitUntil: "networkidle" });
    assert.deepEqual(
      came.filter((path) => path.endsWith(".js")),
      ["/assets/load-talk-here.js"],
    );
    await ann.getByRole("button", { name: "Talk from this browser" }).click();
    await ann.getByText("This page may not use the microphone.").waitFor();
    assert.ok(came.includes("/assets/talk-here.js") && !came.includes("/assets/browser-phone.js"));
    // The other way stays open, and says what it always said.
    await ann.locator("#phone").fill("415 555 0100");
    await ann.getByRole("button", { name: "Call me now" }).click();
    await ann.waitForURL("**/call/**");
    assert.equal(scene.callManager.wishes.at(-1)?.fromBrowser, undefined);
    assert.equal(await ann.locator("[data-phone]").count(), 0);
    await context.close();
  },
);

test("with scripts off the telephone alone is offered", options, async () => {
  assert.ok(browser);
  await using scene = await presentationOnLoopback({
    browserPhones: { socketUrl: "ws://127.0.0.1:1", iceServers: [] },
  });
  scene.callManager.subscriberFace = { ...scene.callManager.subscriberFace, browserCalls: true };
  const context = await browser.visitor({ javaScriptEnabled: false });
  const ann = await context.newPage();
  await ann.goto(`${scene.url}/talk/bank/mortgages`);
  assert.deepEqual(await ann.getByRole("button").allInnerTexts(), ["Call me now"]);
  await context.close();
});
