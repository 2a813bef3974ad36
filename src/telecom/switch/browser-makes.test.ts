/**
 * Two makes of browser telephones, JsSIP's and SIP.js's, come over WebSocket and over secure WebSocket: each registers, is asked and is
 * ready, registers again with another Contact, is rung there and talks, and goes.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test, type TestContext } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { BridgeId, LegId, PermitId, PhoneName } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { type Command, type LegState, phoneRealm } from "#contract/telecom.ts";
import { openPagePhones, type PageMake } from "#rig/browser-phone.ts";
import { makeAuthority } from "#rig/certificate.ts";
import { installed } from "#rig/processes.ts";
import { openEmbeddedEngine } from "../media/embedded-engine.ts";
import type { PhonePlace } from "../sip/registrar/registrar.ts";
import { openUserAgent } from "../sip/user-agent.ts";
import { openWebRtcGateway } from "../webrtc/webrtc-gateway.ts";
import { forgetful } from "./forgetful.ts";
import { Switch } from "./switch.ts";

const missing = ["chromium", "openssl"].filter((program) => !installed(program));
const limit = { timeout: 90_000, skip: missing.length === 0 ? false : `no ${missing.join(", no ")}` };
/** One browser has one microphone: each hears the other's. */
const hum = 700;
const password = "correct horse";
const makes: readonly PageMake[] = ["jssip", "sip.js"];

for (const transport of ["ws", "wss"] as const) {
  test(
    `JsSIP and SIP.js register over ${transport}, are rung where they are now, and talk`,
    limit,
    async (t) => {
      const { agent, pages, socket, dial, say, until } = await openUnit(t, transport);
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

async function openUnit(t: TestContext, transport: "ws" | "wss") {
  const opened = new AsyncDisposableStack();
  t.after(() => opened.disposeAsync());
  const files = transport === "wss" ? opened.use(makeAuthority()).issue("IP:127.0.0.1") : undefined;
  const pages = opened.use(
    await openPagePhones(hum, files === undefined ? {} : { believes: files.certificateFile }),
  );
  const parts = { clock: systemClock, random: secureRandom, log: silentLog };
  const media = await openEmbeddedEngine({ portRange: { first: 36_800, last: 36_899 }, log: silentLog });
  opened.defer(() => media.close());
  const agent = await openUserAgent({
    ...{ address: "127.0.0.1", port: 0, closeWithinMs: 500, ...parts },
    webSocket: { port: 0, origins: [pages.origin], trustedProxies: [] },
    // Of several challenges both read the last alone.
    phoneHashes: ["SHA-256", "MD5"],
    ...(files === undefined ? {} : { tls: files }),
  });
  opened.defer(() => agent.close());
  const gateway = openWebRtcGateway({
    settings: { address: "127.0.0.1", ports: { first: 30_200, last: 30_299 }, iceServers: [] },
    ...parts,
  });
  opened.defer(() => gateway.close());
  let look = (): void => {};
  const lines = new Switch({
    ...{ ...parts, media, agent, gateway, address: "127.0.0.1", maxLegs: 10 },
    ...forgetful(media),
    voice: {
      render: async () => ({ audio: new Uint8Array(800).fill(0xff), fallback: "none" }),
      close: async () => {},
    },
    tell: () => look(),
  });
  opened.defer(() => lines.close());
  lines.watchedBy(1);
  const say = (command: Command): void => {
    lines.command(command, (why) => assert.fail(`${command.type} was refused: ${why}`));
  };
  say({ type: "admit-phones", edition: "1", part: 1, parts: 1, phones: makes.map(admitted) });
  return {
    ...{ agent, pages, say, socket: `${transport}://127.0.0.1:${agent.addressOver(transport).port}` },
    dial(phone: PhoneName): LegId {
      const leg = `${phone} of ${transport}` as LegId;
      say({
        ...{ type: "dial", leg, permit: leg as string as PermitId, identity: {} },
        target: { type: "phone", phone, user: "7001", codecs: ["PCMU"] },
        ...{ ringUntilMs: Date.now() + 20_000, endAtMs: Date.now() + 60_000 },
      });
      return leg;
    },
    until: (leg: LegId, state: LegState["state"]) =>
      new Promise<LegState>((resolve) => {
        look = (): void => {
          const shown = lines.legs().find((each) => each.leg === leg);
          if (shown?.state === state) resolve(shown);
        };
        look();
      }),
  };
}

function phoneOf(make: PageMake): PhoneName {
  return `${make.replace(".", "")}.bank` as PhoneName;
}

function admitted(make: PageMake) {
  const phone = phoneOf(make);
  const md5 = createHash("md5").update(`${phone}:${phoneRealm}:${password}`).digest("hex");
  return { phone, digest: { md5 } };
}

/** Resolves with the one place where the phone is ready, once it is not `before` any more. */
function readyPlace(
  { phones }: Pick<Awaited<ReturnType<typeof openUserAgent>>, "phones">,
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
