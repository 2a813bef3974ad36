/**
 * Two makes of browser telephones, JsSIP's and SIP.js's, come over WebSocket and over secure WebSocket: each registers, is asked and is
 * ready, registers again with another Contact, is rung there and talks, and goes.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BridgeId, LegId, PhoneName } from "#base/ids.ts";
import type { PageMake } from "#rig/browser-phone.ts";
import { openBrowserUnit, phonePassword as password } from "#rig/browser-unit.ts";
import { installed } from "#rig/processes.ts";
import type { PhonePlace } from "../sip/registrar/registrar.ts";
import type { UserAgent } from "../sip/user-agent.ts";

const missing = ["chromium", "openssl"].filter((program) => !installed(program));
const limit = { timeout: 90_000, skip: missing.length === 0 ? false : `no ${missing.join(", no ")}` };
/** One browser has one microphone: each hears the other's. */
const hum = 700;
const makes: readonly PageMake[] = ["jssip", "sip.js"];

for (const transport of ["ws", "wss"] as const) {
  test(
    `JsSIP and SIP.js register over ${transport}, are rung where they are now, and talk`,
    limit,
    async (t) => {
      const { agent, pages, socket, dial, say, until } = await openBrowserUnit(t, {
        ...{ transport, hum, phones: makes.map(phoneOf) },
        // Of several challenges both read the last alone.
        phoneHashes: ["SHA-256", "MD5"],
        ports: { rtp: { first: 36_800, last: 36_899 }, browsers: { first: 30_200, last: 30_299 } },
      });
      const phones = await Promise.all(
        makes.map(async (make) => {
          const name = phoneOf(make);
          const page = await pages.openOf(make, { socket, name, password });
          await page.registered();
          const place = await readyPlace(agent, name, undefined);
          assert.equal(place.flow.transport, transport);
          await page.registersElsewhere();
          assert.notEqual((await readyPlace(agent, name, place)).uri, place.uri);
          return { page, name, leg: dial(name) };
        }),
      );
      for (const { leg } of phones) await until(leg, "answered");
      say({ type: "bridge", bridge: "both" as BridgeId, legs: pair(phones), blockDigitsFrom: [] });
      await Promise.all(phones.map(({ page }) => page.hears(hum)));
      for (const { page, leg } of phones) {
        await page.hangsUp();
        assert.equal((await until(leg, "ended")).endCause, "hung-up-by-far-end");
      }
      for (const { page, name } of phones) {
        await page.unregisters();
        assert.deepEqual(agent.phones.places(name), []);
        await page.close();
      }
    },
  );
}

function phoneOf(make: PageMake): PhoneName {
  return `${make.replace(".", "")}.bank` as PhoneName;
}

/** Resolves with the one place where the phone is ready, once it is not `before` any more. */
function readyPlace(
  { phones }: Pick<UserAgent, "phones">,
  name: PhoneName,
  before: PhonePlace | undefined,
): Promise<PhonePlace> {
  return new Promise((resolve) => {
    const look = (): void => {
      const [place, ...others] = phones.places(name);
      if (place === undefined || others.length > 0 || place.uri === before?.uri) return;
      unwatch();
      resolve(place);
    };
    const unwatch = phones.watch(name, look);
    look();
  });
}

function pair([one, other]: readonly { readonly leg: LegId }[]): [LegId, LegId] {
  assert.ok(one !== undefined && other !== undefined);
  return [one.leg, other.leg];
}
