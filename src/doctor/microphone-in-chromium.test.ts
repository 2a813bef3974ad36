/** The doctor's microphone page, with a real browser that hears, is silent, is refused or has nothing to hear with. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { secureRandom } from "#base/random.ts";
import { assertGoodLooks, openBrowser } from "#rig/chromium.ts";
import { temporaryFolder } from "#rig/processes.ts";
import type { Finding } from "./finding.ts";
import { checkMicrophone } from "./microphone-check.ts";
import { toneFile } from "./tone.ts";

const options = {
  timeout: 100_000,
  ...(existsSync("/usr/bin/chromium") ? {} : { skip: "no /usr/bin/chromium" }),
};

interface Scene {
  readonly microphone?: string;
  readonly allowed: boolean;
  readonly host?: string;
}

/** What the terminal says, once the page has said it too. */
async function examined({ microphone, allowed, host = "127.0.0.1" }: Scene): Promise<Finding> {
  const opened = Promise.withResolvers<string>();
  const findings = checkMicrophone({ clock: systemClock, random: secureRandom, invite: opened.resolve });
  await using browser = await openBrowser(microphone === undefined ? {} : { microphone });
  const url = (await opened.promise).replace("127.0.0.1", host);
  const context = await browser.visitor();
  if (allowed) await context.grantPermissions(["microphone"], { origin: new URL(url).origin });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(url);
  await assertGoodLooks(page, "the doctor's page");
  await page.getByRole("button", { name: "Try the microphone" }).click();
  const [finding] = await findings;
  assert.ok(finding !== undefined);
  await page.getByText(finding.says).waitFor();
  if (finding.mend !== undefined) await page.getByText(finding.mend).waitFor();
  await assertGoodLooks(page, `the doctor's page with its answer, ${finding.verdict}`);
  assert.deepEqual(complaints, []);
  return finding;
}

test("a microphone that hears is well, with its name, level and rate", options, async () => {
  const finding = await examined({ microphone: "beep", allowed: true });
  assert.equal(finding.verdict, "ok", finding.says);
  const { microphone, sampleRate, loudestDb } = finding.figures ?? {};
  assert.ok(String(microphone).length > 0);
  assert.ok(Number(sampleRate) >= 8_000 && Number(loudestDb) > -50, JSON.stringify(finding.figures));
});

test("a microphone that hears nothing is silent", options, async () => {
  using folder = temporaryFolder("silence");
  const file = join(folder.path, "silence.wav");
  writeFileSync(file, toneFile({ hertz: 1000, seconds: 2, levelDbm0: -160 }));
  const finding = await examined({ microphone: file, allowed: true });
  assert.match(finding.says, /open, and silent/);
});

test("a browser that refuses, and one that has no microphone, are told apart", options, async () => {
  const refused = await examined({ microphone: "beep", allowed: false });
  assert.match(refused.says, /refuses the microphone to this page|closed without an answer/);
  assert.equal(refused.figures?.["error"], "NotAllowedError");
  const none = await examined({ allowed: true });
  assert.match(none.says, /finds no microphone/);
});

test("a page by an address that is no loopback's is told that it is not secure", options, async () => {
  const finding = await examined({ microphone: "beep", allowed: false, host: "0.0.0.0" });
  assert.match(finding.says, /not a secure context/);
});
