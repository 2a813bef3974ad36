/** The first run's page: what it shows, who may drive it, and each of its scenarios done in Chromium. */
import assert from "node:assert/strict";
import test from "node:test";
import { assertGoodLooks, openBrowser } from "#rig/chromium.ts";
import { demoServes, startDemo } from "#rig/demo.ts";
import { installed } from "#rig/processes.ts";
import { isSetUp } from "../runner/tree.ts";
import { proveScenarios } from "./scenarios.ts";

test("every scenario of the first run", { timeout: 600_000 }, async (t) => {
  if (!installed("chromium")) return t.skip("no chromium");
  if (!isSetUp()) return t.skip("bin/setup has not run since the lock file changed");
  let done = 0;
  for await (const { name, passed, detail } of proveScenarios()) {
    done += 1;
    await t.test(name, () => assert.ok(passed, detail));
  }
  assert.ok(done > 15);
});

test("the page is accessible in both themes, fits a narrow screen, and is driven from itself alone", async (t) => {
  if (!installed("chromium")) return t.skip("no chromium");
  if (!isSetUp()) return t.skip("bin/setup has not run since the lock file changed");
  await using demo = await startDemo();
  await demoServes(demo);
  const url = `http://127.0.0.1:${demo.ports.firstRun}`;
  await using browser = await openBrowser();
  const visitor = await browser.visitor();
  const page = await visitor.newPage();
  await page.goto(`${url}/`);
  await page.getByText("The web process is there.").waitFor();
  await page.locator("#scenario-kill summary").click();
  await assertGoodLooks(page, "the first run");
  await visitor.close();
  const kill = (headers: Readonly<Record<string, string>>): Promise<number> =>
    fetch(`${url}/kill-web`, { method: "POST", headers }).then(({ status }) => status);
  assert.equal(await kill({ origin: "http://evil.example" }), 403);
  const moved = await fetch(`http://localhost:${demo.ports.firstRun}/`, { redirect: "manual" });
  assert.equal(moved.headers.get("location"), `${url}/`);
});
