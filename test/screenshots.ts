/**
 * Takes a picture of every page and state that Tandem, the example bank and the softphones show, in both themes and at three
 * widths, into a folder outside the repository: for the eye, which sees what no test does. With names given, those alone that
 * begin so.
 *
 *     bin/node test/screenshots.ts FOLDER [NAME ...]      e.g. /tmp/pictures visitor/en/connect phone/
 */
import { mkdir } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { tourOfAgentPhone } from "./rig/agent-phone-tour.ts";
import { tourOfBank } from "./rig/bank-tour.ts";
import { type Browser, colorSchemes, openBrowser, widths } from "./rig/chromium.ts";
import { tourOfPhone } from "./rig/phone-tour.ts";
import { tourOfVisitorPhone } from "./rig/visitor-phone-tour.ts";
import { type Look, openVisitorTour } from "./rig/visitor-tour.ts";
import { root } from "./runner/tree.ts";

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined || !relative(root, resolve(folder)).startsWith("..")) {
  console.error(
    "Where to? bin/node test/screenshots.ts FOLDER [NAME ...], with a folder outside the repository.",
  );
  process.exitCode = 2;
} else {
  await using browser = await openBrowser({ microphone: "beep" });
  await takeAll(browser, folder);
}

async function takeAll(browser: Browser, into: string): Promise<void> {
  let taken = 0;
  const album =
    (name: string): Look =>
    async ({ page, kind, which }) => {
      const picture = `${name}/${which === "" ? kind : `${kind}-${which}`}`;
      if (names.length > 0 && !names.some((wish) => picture.startsWith(wish))) return;
      // A picture holds still: what moves is shown as those see it who want no motion.
      await page.emulateMedia({ reducedMotion: "reduce" });
      for (const width of widths)
        for (const colorScheme of colorSchemes) {
          await page.setViewportSize({ width, height: width === 320 ? 640 : 800 });
          await page.emulateMedia({ colorScheme });
          const path = join(into, `${picture}-${colorScheme}-${width}.png`);
          await mkdir(dirname(path), { recursive: true });
          await page.screenshot({ path, fullPage: true });
          taken += 1;
        }
    };
  const wanted = (name: string): boolean =>
    names.length === 0 || names.some((wish) => wish.startsWith(name) || name.startsWith(wish));
  for (const language of ["en", "es"] as const) {
    if (wanted(`visitor/${language}`)) {
      await using tour = await openVisitorTour(browser, language, album(`visitor/${language}`));
      await tour.everything();
    }
    if (wanted(`bank/${language}`)) await tourOfBank(browser, language, album(`bank/${language}`));
  }
  for (const language of ["en", "es"] as const)
    if (wanted(`visitor-phone/${language}`))
      await tourOfVisitorPhone(browser, language, album(`visitor-phone/${language}`));
  for (const language of ["en", "es"] as const)
    if (wanted(`agent/${language}`)) await tourOfAgentPhone(browser, language, album(`agent/${language}`));
  if (wanted("phone")) await tourOfPhone(browser, album("phone"));
  console.log(`${taken} pictures in ${resolve(into)}`);
}
