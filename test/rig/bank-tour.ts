import type { AddressInfo } from "node:net";
import { openBankSite } from "../../examples/bank-site/server.ts";
import type { Browser } from "./chromium.ts";
import type { Look } from "./visitor-tour.ts";

/** Every page of the example bank, in one language: a reader's, and those that an agent pushes. */
export async function tourOfBank(browser: Browser, language: "en" | "es", look: Look): Promise<void> {
  const site = openBankSite("http://127.0.0.1:1");
  await site.listen({ host: "127.0.0.1", port: 0 });
  const { port } = site.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const context = await browser.visitor();
  try {
    const page = await context.newPage();
    // Tandem itself is not there: the bank's pages do not need it to be read.
    await page.route("http://127.0.0.1:1/**", (route) => route.abort());
    const prefix = language === "es" ? "/es" : "";
    for (const [kind, path] of [
      ["home", prefix || "/"],
      ["mortgages", `${prefix}/mortgages`],
      ["savings", `${prefix}/savings`],
      ["cards", `${prefix}/cards`],
      ["rates", `${prefix}/pages/rates`],
      ["calculator", `${prefix}/pages/calculator`],
      ["not-found", `${prefix}/loans`],
    ] as const) {
      await page.goto(url + path);
      await look({ page, url, kind, which: "" });
    }
  } finally {
    await context.close();
    await site.close();
  }
}
