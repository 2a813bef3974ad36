import type { Page } from "playwright-core";
import type { Browser } from "#rig/chromium.ts";
import { linkTo } from "./pushing-calls.ts";

/** What a real page did with the pushes of its call, in ms since 1970. */
export interface PageInChromium {
  readonly call: string;
  /** The pushes that it was allowed to show, by their number, and when it heard so. */
  readonly allowed: readonly { readonly push: number; readonly atMs: number }[];
  /** Each time that the pushed page was put in its place. */
  showings(): Promise<readonly number[]>;
}

/** A visitor clicks and confirms in a page of Chromium, and follows the call there. */
export async function clicksInChromium(
  browser: Browser,
  of: { readonly url: string; readonly subject: string },
  rig: AsyncDisposableStack,
): Promise<PageInChromium> {
  const context = await browser.visitor();
  rig.defer(() => context.close());
  await context.addInitScript(watcher);
  const page = await context.newPage();
  const allowed: { push: number; atMs: number }[] = [];
  page.on("response", (answer) => {
    const push = /\/shown\/(\d+)$/.exec(answer.url())?.[1];
    if (push !== undefined && answer.status() === 204) allowed.push({ push: Number(push), atMs: Date.now() });
  });
  await page.goto(of.url + (await linkTo(of.subject)));
  await page.locator("main button[type=submit]").first().click();
  await page.waitForURL("**/call/**");
  const call = new URL(page.url()).pathname.replace("/call/", "");
  return { call, allowed, showings: () => showingsOf(page) };
}

async function showingsOf(page: Page): Promise<readonly number[]> {
  return await page.evaluate<number[]>("globalThis.showings");
}

/** What is put in the place of the page before has its headline in it. */
const watcher = `
  globalThis.showings = [];
  addEventListener("DOMContentLoaded", () => {
    const main = document.getElementById("main");
    new MutationObserver((changes) => {
      const added = changes.flatMap((change) => [...change.addedNodes]);
      const headline = added.map((node) => node.querySelector?.("#headline")).find(Boolean);
      if (headline?.textContent === "Our rates today") showings.push(Date.now());
    }).observe(main, { childList: true });
  });
`;
