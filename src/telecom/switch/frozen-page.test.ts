/** A telephone in a page (JsSIP in Chromium, neither of which is ours) that stands still for a while: nobody is sent to it meanwhile. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { test } from "node:test";
import { build } from "rolldown";
import { systemClock } from "#base/clock.ts";
import type { LegId, PermitId, PhoneName } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import type { Command } from "#contract/telecom.ts";
import { openBrowser } from "#rig/chromium.ts";
import { installed } from "#rig/processes.ts";
import { openUserAgent } from "../sip/user-agent.ts";
import { leadsNowhere, wayFor } from "./invite.ts";

const bob = "bob.bank" as PhoneName;
const password = "correct horse";

test("a page that stands still is rung no longer, and is again when it goes on", {
  timeout: 90_000,
}, async (t) => {
  if (!installed("chromium")) return t.skip("no chromium");
  const script = await bundled("jssip", "JsSIP");
  const site = createServer((_request, response) => {
    response.setHeader("content-type", "text/html").end("<!doctype html><title>a telephone</title>");
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  t.after(() => site.close());
  t.after(() => site.closeAllConnections());
  const address = site.address();
  assert.ok(typeof address === "object" && address !== null);
  const origin = `http://127.0.0.1:${address.port}`;

  const news = newsLog();
  const agent = await openUserAgent({
    ...{ address: "127.0.0.1", port: 0, clock: systemClock, random: secureRandom, log: news.log },
    webSocket: { port: 0, origins: [origin], trustedProxies: [] },
    // JsSIP reads one challenge, by MD5.
    phoneHashes: ["MD5"],
    closeWithinMs: 200,
  });
  t.after(() => agent.close());
  const md5 = createHash("md5").update(`${bob}:tandem:${password}`).digest("hex");
  agent.phones.admit({
    ...{ type: "admit-phones", edition: "one", part: 1, parts: 1 },
    phones: [{ phone: bob, digest: { md5 } }],
  });
  const isReached = async (): Promise<boolean> => !leadsNowhere(await wayFor(dial, agent));
  assert.equal(await isReached(), false, "not registered");

  await using browser = await openBrowser();
  const page = await (await browser.visitor()).newPage();
  await page.goto(origin);
  await page.addScriptTag({ content: script });
  const registered = news.next("A phone registered.");
  const ready = news.next("A phone is ready.");
  await page.evaluate(
    ({ url, uri, authorization_user, password: secret }) => {
      const { JsSIP } = globalThis as unknown as { JsSIP: JsSip };
      const sockets = [new JsSIP.WebSocketInterface(url)];
      new JsSIP.UA({ sockets, uri, authorization_user, password: secret }).start();
    },
    {
      ...{ url: `ws://127.0.0.1:${agent.addressOver("ws").port}`, uri: `sip:${bob}@127.0.0.1` },
      ...{ authorization_user: bob, password },
    },
  );
  await registered;
  // Asked in between, the call waits for the page's first word.
  assert.equal(await isReached(), true);
  await ready;

  const unready = news.next("A phone is not ready; it is not rung.");
  const readyAgain = news.next("A phone is ready.");
  const frozenAtMs = systemClock.now();
  const stoodStill = page.evaluate((untilMs) => {
    while (Date.now() < untilMs);
  }, frozenAtMs + 14_000);
  await unready;
  t.diagnostic(`not ready ${systemClock.now() - frozenAtMs} ms after the page stood still`);
  assert.equal(await isReached(), false, "frozen");
  await stoodStill;
  await readyAgain;
  t.diagnostic(`ready ${systemClock.now() - frozenAtMs} ms after the page stood still for 14,000 ms`);
  assert.equal(await isReached(), true);
});

/** As much of JsSIP as is used here. */
interface JsSip {
  readonly WebSocketInterface: new (url: string) => object;
  readonly UA: new (options: object) => { start(): void };
}

const dial: Extract<Command, { type: "dial" }> = {
  type: "dial",
  leg: "leg" as LegId,
  permit: "permit" as PermitId,
  target: { type: "phone", phone: bob, user: "7001", codecs: ["PCMU"] },
  identity: {},
  ringUntilMs: Number.MAX_SAFE_INTEGER,
  endAtMs: Number.MAX_SAFE_INTEGER,
};

async function bundled(name: string, as: string): Promise<string> {
  const input = createRequire(import.meta.url).resolve(name);
  const { output } = await build({
    ...{ input, platform: "browser", write: false, logLevel: "silent" },
    output: { format: "iife", name: as },
  });
  return output[0].code;
}

/** A log whose next line of some words can be waited for. */
function newsLog() {
  const waiting = new Map<string, (() => void)[]>();
  const info = (_facts: object, message: string): void => {
    waiting.get(message)?.shift()?.();
  };
  const log: Log = { debug() {}, info, warn() {}, error() {}, with: () => log };
  return {
    log,
    next: (message: string): Promise<void> =>
      new Promise((resolve) => {
        waiting.set(message, [...(waiting.get(message) ?? []), resolve]);
      }),
  };
}
