import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { assertGoodLooks, type Browser, openBrowser } from "#rig/chromium.ts";
import { tourOfPhone } from "#rig/phone-tour.ts";

const chromiumIsThere = existsSync("/usr/bin/chromium");
const options = chromiumIsThere ? {} : { skip: "no /usr/bin/chromium" };

let browser: Browser | undefined;
before(async () => {
  if (chromiumIsThere) browser = await openBrowser();
});
after(async () => await browser?.[Symbol.asyncDispose]());

test(
  "a telephone is accessible in each of its states, in both themes, and fits 320 pixels",
  options,
  async () => {
    assert.ok(browser);
    await tourOfPhone(
      browser,
      async ({ page, kind }) => await assertGoodLooks(page, `a phone that is ${kind}`),
    );
  },
);

test("the keyboard presses keys where the telephone has the focus, and nowhere else", options, async () => {
  assert.ok(browser);
  const seen: string[] = [];
  await tourOfPhone(browser, async ({ page, kind }) => {
    seen.push(kind);
    // The button that ended the call had the focus, and can no longer be pressed.
    if (kind === "over") assert.equal(await page.locator(":focus").getAttribute("id"), "phone");
    if (kind !== "talking") return;
    const keyed = page.locator("#keyed");
    assert.equal(await keyed.textContent(), "12#");
    await page.getByRole("button", { name: "5", exact: true }).focus();
    await page.keyboard.press("0");
    await page.getByText("pressed 0").waitFor();
    assert.equal(await page.locator(":focus").getAttribute("data-key"), "0");
    await page.getByRole("link").focus();
    await page.keyboard.press("9");
    assert.equal(await keyed.textContent(), "12#0");
  });
  assert.deepEqual(seen, ["idle", "ringing", "talking", "over", "gone"]);
});
