/** A page comes by a TURN server alone: Chromium through coturn, neither of which is ours, with the login that its INVITE told it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { BridgeId, PhoneName } from "#base/ids.ts";
import { openBrowserUnit, phonePassword as password } from "#rig/browser-unit.ts";
import { openBrowser } from "#rig/chromium.ts";
import { startCoturn } from "#rig/coturn.ts";
import { installed } from "#rig/processes.ts";
import { relayLogin } from "../webrtc/relay-login.ts";

const missing = ["chromium", "turnserver"].filter((program) => !installed(program));
const limit = { timeout: 40_000, skip: missing.length === 0 ? false : `no ${missing.join(", no ")}` };
const hum = 700;
const [ann, bob] = ["ann.bank" as PhoneName, "bob.bank" as PhoneName];
const secret = "what coturn and we know";
const unit = {
  ...{ transport: "ws", hum, phones: [ann, bob], phoneHashes: ["MD5"] },
  ports: { rtp: { first: 36_500, last: 36_599 }, browsers: { first: 30_400, last: 30_499 } },
} satisfies Parameters<typeof openBrowserUnit>[1];

test("two pages talk through a TURN server and by no other way", limit, async (t) => {
  await using turn = await startCoturn({ secret });
  const relays = { urls: [`turn:${turn.address}?transport=udp`], secret, only: true };
  const { pages, socket, dial, say, until, media } = await openBrowserUnit(t, { ...unit, relays });
  const phones = await Promise.all(
    [ann, bob].map(async (name) => {
      const page = await pages.open({ socket, name, password });
      await page.registered();
      return { page, leg: dial(name) };
    }),
  );
  for (const { leg } of phones) await until(leg, "answered");
  const [one, other] = phones;
  assert.ok(one !== undefined && other !== undefined);
  say({
    type: "bridge",
    bridge: "both" as BridgeId,
    legs: [one.leg, other.leg],
    blockDigitsFrom: [],
  });
  for (const { page } of phones) await page.hears(hum);
  for (const { page, leg } of phones) {
    assert.equal(await page.wayOfSound(), "relay");
    assert.ok(((await media.stats(leg))?.packetsIn ?? 0) > 0);
  }
  // Each by a login of its own leg, which ends with it.
  const [, untilSeconds = "", user = ""] = /^(\d+):(.*)$/.exec(await turn.allocated()) ?? [];
  assert.ok(
    phones.some(({ leg }) => leg === user),
    user,
  );
  assert.ok(Number(untilSeconds) <= systemClock.now() / 1000 + 61);
  assert.ok(turn.allocations >= 2);
  for (const { page } of phones) await page.close();
});

test("by a secret that is not the server's nobody comes, and the log says why", limit, async (t) => {
  await using turn = await startCoturn({ secret });
  const relays = { urls: [`turn:${turn.address}?transport=udp`], secret: "another secret", only: true };
  const { pages, socket, dial, until, logged } = await openBrowserUnit(t, { ...unit, relays });
  const page = await pages.open({ socket, name: ann, password });
  await page.registered();
  const leg = dial(ann);
  const { endCause, answeredAtMs } = await until(leg, "ended");
  assert.deepEqual([endCause, answeredAtMs], ["failed", undefined]);
  assert.match(logged(), /WEBRTC_NO_RELAY/);
  assert.equal(turn.allocations, 0);
  await page.close();
});

test("coturn takes a login until its last second, over UDP and TCP, and not after it", limit, async () => {
  await using turn = await startCoturn({ secret });
  await using browser = await openBrowser();
  const page = await (await browser.visitor()).newPage();
  const gathered = (untilMs: number, transport: string): Promise<readonly string[]> => {
    const { username, password: credential } = relayLogin(secret, { user: "leg", untilMs });
    const server = { urls: `turn:${turn.address}?transport=${transport}`, username, credential };
    // As a string: these names are the browser's.
    return page.evaluate<string[]>(`new Promise((resolve) => {
      const seen = [];
      const connection = new RTCPeerConnection({ iceServers: [${JSON.stringify(server)}], iceTransportPolicy: "relay" });
      connection.addEventListener("icecandidateerror", ({ errorCode }) => seen.push(String(errorCode)));
      connection.addEventListener("icecandidate", ({ candidate }) => candidate && seen.push(candidate.type));
      connection.addEventListener("icegatheringstatechange", () => {
        if (connection.iceGatheringState === "complete") resolve(seen);
      });
      connection.addTransceiver("audio");
      void connection.setLocalDescription();
    })`);
  };
  const now = systemClock.now();
  for (const transport of ["udp", "tcp"]) {
    assert.deepEqual([...new Set(await gathered(now + 60_000, transport))], ["relay"], transport);
    assert.deepEqual([...new Set(await gathered(now - 60_000, transport))], ["401"], transport);
  }
});
