import { existsSync } from "node:fs";
import { test } from "node:test";
import { tourOfBank } from "#rig/bank-tour.ts";
import { assertGoodLooks, openBrowser } from "#rig/chromium.ts";

const options = existsSync("/usr/bin/chromium") ? {} : { skip: "no /usr/bin/chromium" };

test("every page of the bank is accessible in both themes, and fits 320 pixels", options, async () => {
  await using browser = await openBrowser();
  for (const language of ["en", "es"] as const)
    await tourOfBank(browser, language, async ({ page, kind }) => {
      await assertGoodLooks(page, `${kind} in ${language}`);
    });
});
