import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { openBrowser } from "#rig/chromium.ts";
import { installed } from "#rig/processes.ts";
import { openUnit, options } from "./test-unit.ts";

test("Chromium speaks SIP with us from a page of ours, and may not from another's", async (t) => {
  if (!installed("chromium")) return t.skip("no chromium");
  const site = createServer((_request, response) => {
    response.setHeader("content-type", "text/html").end("<title>a page</title>");
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  t.after(() => site.close());
  t.after(() => site.closeAllConnections());
  const address = site.address();
  assert.ok(typeof address === "object" && address !== null);
  const ours = `http://127.0.0.1:${address.port}`;
  const { unit, seen } = await openUnit(t, {
    webSocket: { port: 0, origins: [ours], trustedProxies: [] },
  });
  const told = {
    url: `ws://127.0.0.1:${unit.sentByOver("ws").port}`,
    register: options("SIP/2.0/WS page.invalid;branch=z9hG4bK1").replaceAll("OPTIONS", "REGISTER"),
  };

  await using browser = await openBrowser();
  const context = await browser.visitor();
  const page = await context.newPage();
  const says = async (origin: string): Promise<string> => {
    await page.goto(origin);
    return await page.evaluate(async ({ url, register }) => {
      const socket = new WebSocket(url, "sip");
      return await new Promise<string>((resolve) => {
        socket.addEventListener("close", () => resolve("closed"));
        socket.addEventListener("open", () => socket.send(register));
        socket.addEventListener("message", ({ data }) =>
          resolve(`${typeof data}: ${String(data).split("\r\n")[0]}`),
        );
      });
    }, told);
  };
  assert.equal(await says(ours), "string: SIP/2.0 200 OK");
  assert.equal(await says(`http://localhost:${address.port}`), "closed");
  assert.deepEqual(
    seen.map(({ flow }) => flow.transport),
    ["ws"],
  );
  await context.close();
});
