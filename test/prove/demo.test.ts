/** `bin/start`, followed as the README tells a reader to: the demonstration runs the whole flow with no telephone. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { join } from "node:path";
import test from "node:test";
import { openBrowser } from "#rig/chromium.ts";
import { installed, startPeer } from "#rig/processes.ts";
import { isSetUp, root } from "../runner/tree.ts";

test("bin/start: a click, two telephones made of web pages, a pushed page, a goodbye", async (t) => {
  if (!installed("chromium")) return t.skip("no chromium");
  if (!isSetUp()) return t.skip("bin/setup has not run since the lock file changed");
  if ((await Promise.all([8080, 8090, 8070, 8071].map(isTaken))).includes(true)) {
    return t.skip("the demonstration's ports are taken on this machine");
  }
  await using demo = await startPeer({ program: join(root, "bin/start"), words: [], folder: root });
  await demo.line(/Ctrl-C ends the demonstration/, 60_000);
  assert.match(demo.output(), /Development keys are in use/);

  await using browser = await openBrowser();
  const visitor = await browser.visitor();
  const [site, ann, bob] = [await visitor.newPage(), await visitor.newPage(), await visitor.newPage()];
  await ann.goto("http://127.0.0.1:8070/");
  await bob.goto("http://127.0.0.1:8071/");
  await site.goto("http://127.0.0.1:8090/");
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
  await demo.stop("SIGINT", 15_000);
  assert.equal(await demo.ended, 0);
});

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
