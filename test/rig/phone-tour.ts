import { openPhonePage } from "../../examples/softphones/phone-page.ts";
import { openSoftphone } from "../../examples/softphones/softphone.ts";
import type { Browser } from "./chromium.ts";
import { openCaller } from "./phone-caller.ts";
import type { Look } from "./visitor-tour.ts";

/** The softphones' page, from one idle moment through a call to the next, and when its phone is gone. */
export async function tourOfPhone(browser: Browser, look: Look): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const bob = await openSoftphone({ name: "Bob", sipPort: 0 });
  opened.defer(() => bob.close());
  const served = await openPhonePage(bob, 0);
  opened.defer(() => served.close());
  const context = await browser.visitor();
  opened.defer(() => context.close());
  const page = await context.newPage();
  const url = `http://127.0.0.1:${served.port}`;
  const looks = (kind: string) => look({ page, url, kind, which: "" });

  await page.goto(url);
  await page.getByText("Nobody calls.").waitFor();
  await looks("idle");

  await using caller = await openCaller(bob.sipPort);
  await caller.invites();
  await page.getByText("It rings!").waitFor();
  await looks("ringing");

  await page.getByRole("button", { name: "Answer" }).click();
  await page.getByText("In a call.").waitFor();
  await caller.agrees();
  for (const key of ["1", "2", "pound"]) await page.getByRole("button", { name: key, exact: true }).click();
  caller.voice.press(["4", "2"]);
  await page.getByText("heard key 2").waitFor();
  await page.getByText("heard tone confirm").waitFor();
  await looks("talking");

  await page.getByRole("button", { name: "Hang up" }).click();
  await page.getByText("Nobody calls.").waitFor();
  await looks("over");

  await served.close();
  await page.getByText("The phone does not answer.").waitFor();
  await looks("gone");
}
