import { openBrowser } from "#rig/chromium.ts";
import type { DemoPorts } from "../../examples/demo-ports.ts";

/** The README's five points, done in Chromium: a click, two telephones made of web pages, a pushed page, a goodbye. */
export async function visitDemo({ bank, annPage, bobPage }: DemoPorts): Promise<void> {
  await using browser = await openBrowser();
  const visitor = await browser.visitor();
  const [site, ann, bob] = [await visitor.newPage(), await visitor.newPage(), await visitor.newPage()];
  await ann.goto(`http://127.0.0.1:${annPage}/`);
  await bob.goto(`http://127.0.0.1:${bobPage}/`);
  await site.goto(`http://127.0.0.1:${bank}/`);
  await site
    .getByRole("link", { name: /^Speak to an agent/ })
    .first()
    .click();
  await site.getByLabel("Your telephone number").fill("(202) 555-0123");
  await site.getByRole("button", { name: "Call me now" }).click();

  await ann.getByRole("button", { name: "Answer" }).click();
  await site.getByRole("heading", { name: "Press 1 on your telephone" }).waitFor();
  await ann.getByRole("button", { name: "1", exact: true }).click();
  await bob.getByRole("button", { name: "Answer" }).click();
  await bob.getByText("In a call.").waitFor();
  await bob.getByRole("button", { name: "pound" }).click();
  await site.getByRole("heading", { name: "You are connected" }).waitFor();
  const before = await site.locator("h1").innerText();
  for (const key of ["1", "2", "pound"]) await bob.getByRole("button", { name: key, exact: true }).click();
  await site.locator("h1").filter({ hasNotText: before }).waitFor();
  await bob.getByRole("button", { name: "Hang up" }).click();
  await site.getByRole("heading", { name: "Goodbye" }).waitFor();
  await ann.getByText("Nobody calls.").waitFor();
  await visitor.close();
}
