import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { BridgeId, LegId, PermitId, PhoneName } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { type Command, type LegState, phoneRealm, type TelecomEvent } from "#contract/telecom.ts";
import { type Phone, startBaresip } from "#rig/baresip.ts";
import { openPagePhones, type PagePhone, type PagePhones } from "#rig/browser-phone.ts";
import { mayCapture, soundOf, startCapture } from "#rig/capture.ts";
import { childPid, installed } from "#rig/processes.ts";
import { heard, heardTone, lengthOf, sequence } from "#rig/sound.ts";
import { type EmbeddedEngine, openEmbeddedEngine } from "../media/embedded-engine.ts";
import { openUserAgent, type UserAgent } from "../sip/user-agent.ts";
import { openWebRtcGateway, type WebRtcGateway } from "../webrtc/webrtc-gateway.ts";
import { forgetful } from "./forgetful.ts";
import { Switch } from "./switch.ts";

/** Ann sits before Chromium with JsSIP, Bob has baresip: two makes of telephone that nobody here wrote, and the switch between them. */
const annsTone = 700;
const bobsTone = 1000;

const browserPorts = { first: 30_000, last: 30_099 };

let media: EmbeddedEngine;
let agent: UserAgent;
let gateway: WebRtcGateway;
let lines: Switch;
let pages: PagePhones;
const events: TelecomEvent[] = [];
let look = (): void => {};
const missing = ["chromium", "baresip"].filter((program) => !installed(program));
const limit = { timeout: 60_000, skip: missing.length === 0 ? false : `no ${missing.join(", no ")}` };

before(async () => {
  if (missing.length > 0) return;
  const parts = { clock: systemClock, random: secureRandom, log: silentLog };
  pages = await openPagePhones(annsTone);
  media = await openEmbeddedEngine({ portRange: { first: 36_700, last: 36_799 }, log: silentLog });
  agent = await openUserAgent({
    ...{ address: "127.0.0.1", port: 0, closeWithinMs: 500, ...parts },
    webSocket: { port: 0, origins: [pages.origin], trustedProxies: [] },
    // What baresip knows.
    phoneHashes: ["MD5"],
  });
  gateway = openWebRtcGateway({
    settings: { address: "127.0.0.1", ports: browserPorts, iceServers: [] },
    ...parts,
  });
  lines = new Switch({
    ...{ ...parts, ...forgetful(media), media, agent, gateway, address: "127.0.0.1", maxLegs: 100 },
    voice: {
      render: async () => ({ audio: new Uint8Array(800).fill(0xff), fallback: "none" }),
      close: async () => {},
    },
    tell: (event) => {
      events.push(event);
      look();
    },
  });
  lines.watchedBy(1);
  const phones = ["ann", "carol", "liar"].map(admitted);
  say({ type: "admit-phones", edition: "1", part: 1, parts: 1, phones });
});

after(async () => {
  if (missing.length > 0) return;
  await lines.close();
  const left = await media.audit();
  await agent.close();
  await gateway.close();
  await media.close();
  await pages[Symbol.asyncDispose]();
  assert.deepEqual(left, { terminations: [], bridges: [], plays: [] });
});

function admitted(name: string) {
  return { phone: name as PhoneName, digest: digestOf(name) };
}

function digestOf(name: string) {
  return { md5: createHash("md5").update(`${name}:${phoneRealm}:secret-of-${name}`).digest("hex") };
}

function say(command: Command): void {
  lines.command(command, (why) => assert.fail(`${command.type} was refused: ${why}`));
}

let legs = 0;

function dial(target: Target, ringsMs = 20_000): LegId {
  const leg = `leg-${++legs}` as LegId;
  say({
    type: "dial",
    leg,
    permit: `permit-${legs}` as PermitId,
    target,
    identity: { callingNumber: "+14155550100" },
    ringUntilMs: Date.now() + ringsMs,
    endAtMs: Date.now() + 60_000,
  });
  return leg;
}

type Target = Extract<Command, { type: "dial" }>["target"];

const browser = (name: string): Extract<Target, { type: "phone" }> => ({
  ...{ type: "phone", phone: name as PhoneName, user: "7001" },
  codecs: ["PCMU"],
});

const desk = (phone: Phone): Target => ({
  ...{ type: "trunk", host: "127.0.0.1", port: phone.port, transport: "udp", user: "bob" },
  codecs: ["PCMU"],
});

const socketUrl = (): string => `ws://127.0.0.1:${agent.addressOver("ws").port}`;

function openPage(name: string, more: Partial<Parameters<PagePhones["open"]>[0]> = {}) {
  return pages.open({ socket: socketUrl(), name, password: `secret-of-${name}`, ...more });
}

/** Resolves once the leg is so; the test's own time-out is the limit. */
function until(leg: LegId, is: (state: LegState) => boolean): Promise<LegState> {
  return new Promise((resolve) => {
    look = (): void => {
      const state = lines.legs().find((candidate) => candidate.leg === leg);
      if (state !== undefined && is(state)) resolve(state);
    };
    look();
  });
}

const isAnswered = (state: LegState): boolean => state.state === "answered";
const isEnded = (state: LegState): boolean => state.state === "ended";

/** Resolves when so many more packets have come from the leg's telephone. */
async function heardMore(leg: LegId, packets: number): Promise<void> {
  const before = (await media.stats(leg))?.packetsIn ?? 0;
  while (((await media.stats(leg))?.packetsIn ?? 0) < before + packets);
}

async function bridged(annsLeg: LegId, bobsLeg: LegId): Promise<void> {
  await until(annsLeg, isAnswered);
  await until(bobsLeg, isAnswered);
  say({
    ...{ type: "bridge", bridge: `${annsLeg}+${bobsLeg}` as BridgeId },
    ...{ legs: [annsLeg, bobsLeg], blockDigitsFrom: [annsLeg] },
  });
}

async function bobsPhone(): Promise<Phone> {
  return await startBaresip({ user: "bob", says: sequence([{ hz: [bobsTone], seconds: 1 }]) });
}

/** Ann in her browser and Bob at his desk talk. */
async function talking(bob: Phone, ann: PagePhone, target = browser("ann")) {
  await ann.registered();
  const annsLeg = dial(target);
  const bobsLeg = dial(desk(bob));
  await bridged(annsLeg, bobsLeg);
  await ann.hears(bobsTone);
  return { annsLeg, bobsLeg };
}

/** What Bob heard of Ann, in seconds, once his call is over. */
async function secondsOfAnn(bob: Phone, bobsLeg: LegId): Promise<number> {
  say({ type: "hang-up", leg: bobsLeg, reason: "normal" });
  await bob.event("CALL_CLOSED");
  const [sound] = bob.recordings("heard");
  assert.ok(sound !== undefined);
  return lengthOf(heardTone(sound, annsTone));
}

test("a browser is rung, answers, hears and is heard, and its keys arrive", limit, async () => {
  await using bob = await bobsPhone();
  const ann = await openPage("ann");
  const { annsLeg, bobsLeg } = await talking(bob, ann);
  await ann.presses("5");
  await until(annsLeg, ({ digits }) => digits.length > 0);
  await ann.presses("#");
  const { digits } = await until(annsLeg, (state) => state.digits.length > 1);
  assert.deepEqual(
    digits.map(({ digit, via }) => `${digit} ${via}`),
    ["5 rfc4733", "# rfc4733"],
  );
  await heardMore(annsLeg, 60);
  await ann.isReportedTo();
  await ann.hangsUp();
  const { endCause } = await until(annsLeg, isEnded);
  assert.equal(endCause, "hung-up-by-far-end");
  assert.ok((await secondsOfAnn(bob, bobsLeg)) > 0.8, "Bob hears Ann");
  await ann.close();
});

test("nothing that is said can be read on the wire", limit, async (t) => {
  if (!mayCapture()) return t.skip("no right to capture");
  await using capture = await startCapture([agent.address.port], {
    rtpPorts: `${browserPorts.first}-${browserPorts.last}`,
  });
  await using bob = await bobsPhone();
  const ann = await openPage("ann");
  const { annsLeg, bobsLeg } = await talking(bob, ann);
  await heardMore(annsLeg, 100);
  say({ type: "hang-up", leg: annsLeg, reason: "normal" });
  say({ type: "hang-up", leg: bobsLeg, reason: "normal" });
  await ann.close();
  await capture.stop();
  const streams = capture.rtpAt(browserPorts).filter(({ packets }) => packets.length > 50);
  assert.equal(streams.length, 2, "one each way");
  for (const stream of streams) {
    const sound = soundOf(stream);
    assert.ok(lengthOf(heard(sound)) > 1, "there is something");
    for (const hz of [annsTone, bobsTone]) assert.deepEqual(heardTone(sound, hz), []);
  }
});

test("a browser that holds hears nothing, and hears again afterwards", limit, async () => {
  await using bob = await bobsPhone();
  const ann = await openPage("ann");
  const { annsLeg, bobsLeg } = await talking(bob, ann);
  await ann.holds();
  await until(annsLeg, ({ onHold }) => onHold);
  await ann.hears(0);
  await ann.resumes();
  await until(annsLeg, ({ onHold }) => !onHold);
  await ann.hears(bobsTone);
  await heardMore(annsLeg, 50);
  say({ type: "hang-up", leg: annsLeg, reason: "normal" });
  assert.ok((await secondsOfAnn(bob, bobsLeg)) > 0.8, "Bob hears Ann again");
  await ann.close();
});

for (const { lies, endCause, invites } of [
  // It is believed no better the second time.
  { lies: "fingerprint", endCause: "failed", invites: ["ring", "resume"] },
  { lies: "nonsense", endCause: "failed", invites: ["ring"] },
  // What is too long ends the connection, and that is the only way to a browser.
  { lies: "enormous", endCause: "unreachable", invites: ["ring"] },
] as const) {
  test(
    `a browser whose answer lies (${lies}) is never answered, and costs its leg alone`,
    limit,
    async () => {
      const [liar, ann] = [await openPage("liar", { lies }), await openPage("ann")];
      for (const page of [liar, ann]) await page.registered();
      const annsLeg = dial(browser("ann"));
      await until(annsLeg, isAnswered);
      const ended = await until(dial(browser("liar"), 8_000), isEnded);
      assert.deepEqual([ended.endCause, ended.answeredAtMs], [endCause, undefined]);
      assert.deepEqual(await liar.invites(), invites);
      await heardMore(annsLeg, 50);
      say({ type: "hang-up", leg: annsLeg, reason: "normal" });
      for (const page of [liar, ann]) await page.close();
    },
  );
}

test(
  "a guest is waited for, rung when it has registered, and nobody when the leg is over",
  limit,
  async () => {
    await using bob = await bobsPhone();
    const target: Target = { ...browser("visitor"), guest: { digest: digestOf("visitor") } };
    const annsLeg = dial(target);
    const bobsLeg = dial(desk(bob));
    await until(bobsLeg, isAnswered);
    assert.equal(lines.legs().find(({ leg }) => leg === annsLeg)?.state, "dialing");
    const ann = await openPage("visitor");
    await bridged(annsLeg, bobsLeg);
    await ann.hears(bobsTone);
    say({ type: "hang-up", leg: annsLeg, reason: "normal" });
    await until(annsLeg, isEnded);
    assert.deepEqual(agent.phones.places("visitor" as PhoneName), []);
    say({ type: "hang-up", leg: bobsLeg, reason: "normal" });
    await ann.close();
  },
);

test("a page that is loaded again takes its leg up again, and Bob's leg never ends", limit, async (t) => {
  await using bob = await bobsPhone();
  const ann = await openPage("ann");
  const { annsLeg, bobsLeg } = await talking(bob, ann);
  const beganAtMs = performance.now();
  await ann.reload();
  await ann.hears(bobsTone);
  t.diagnostic(`audio is back ${Math.round(performance.now() - beganAtMs)} ms after the reload began`);
  assert.deepEqual(await ann.invites(), ["resume"]);
  await heardMore(annsLeg, 50);
  assert.deepEqual(
    events.filter((event) => event.type === "leg-ended" && [annsLeg, bobsLeg].includes(event.leg)),
    [],
  );
  say({ type: "hang-up", leg: annsLeg, reason: "normal" });
  assert.ok((await secondsOfAnn(bob, bobsLeg)) > 0.8, "Bob hears Ann again");
  await ann.close();
});

test(
  "when the gateway's process dies its legs are taken up again, and nobody's telephone rings",
  limit,
  async (t) => {
    await using bob = await bobsPhone();
    const ann = await openPage("ann");
    const { annsLeg, bobsLeg } = await talking(bob, ann);
    const beganAtMs = performance.now();
    process.kill(childPid("gateway-process"), "SIGKILL");
    await ann.page.waitForFunction("phone.state.invites.length > 1");
    await ann.hears(bobsTone);
    t.diagnostic(`audio is back ${Math.round(performance.now() - beganAtMs)} ms after the gateway's death`);
    assert.deepEqual(await ann.invites(), ["ring", "resume"]);
    await heardMore(annsLeg, 50);
    assert.ok(
      [annsLeg, bobsLeg].every((leg) => lines.legs().some((state) => state.leg === leg && isAnswered(state))),
    );
    say({ type: "hang-up", leg: annsLeg, reason: "normal" });
    say({ type: "hang-up", leg: bobsLeg, reason: "normal" });
    await ann.close();
  },
);

test(
  "a desk telephone beside a browser rings too; the one that answers has the call, and its own audio",
  limit,
  async () => {
    await using bob = await bobsPhone();
    await using desktop = await carolsDesk();
    const carol = await openPage("carol", { answers: "when-told" });
    await carol.registered();
    await registeredAt("carol", 2);
    const carolsLeg = dial(browser("carol"));
    const bobsLeg = dial(desk(bob));
    await bridged(carolsLeg, bobsLeg);
    await heardMore(carolsLeg, 60);
    say({ type: "hang-up", leg: carolsLeg, reason: "normal" });
    await desktop.event("CALL_CLOSED");
    assert.deepEqual(await carol.invites(), ["ring"]);
    const [sound] = desktop.recordings("heard");
    assert.ok(sound !== undefined && lengthOf(heardTone(sound, bobsTone)) > 0.8, "Carol's desk hears Bob");
    say({ type: "hang-up", leg: bobsLeg, reason: "normal" });
    await carol.close();
  },
);

test(
  "when the page does not come back in three seconds the desk telephone rings, and has the call",
  limit,
  async () => {
    await using bob = await bobsPhone();
    const carol = await openPage("carol");
    const { annsLeg: carolsLeg, bobsLeg } = await talking(bob, carol, browser("carol"));
    await using desktop = await carolsDesk();
    await registeredAt("carol", 2);
    await carol.close();
    await desktop.event("CALL_ESTABLISHED", { withinMs: 20_000 });
    await heardMore(carolsLeg, 60);
    assert.deepEqual(
      events.filter((event) => event.type === "leg-ended" && [carolsLeg, bobsLeg].includes(event.leg)),
      [],
    );
    say({ type: "hang-up", leg: carolsLeg, reason: "normal" });
    await desktop.event("CALL_CLOSED");
    const [sound] = desktop.recordings("heard");
    assert.ok(sound !== undefined && lengthOf(heardTone(sound, bobsTone)) > 0.8, "Carol's desk hears Bob");
    say({ type: "hang-up", leg: bobsLeg, reason: "normal" });
  },
);

test("a page that does not come back costs its leg, after a while", limit, async () => {
  const ann = await openPage("ann");
  await ann.registered();
  const leg = dial(browser("ann"));
  await until(leg, isAnswered);
  await ann.close();
  const { endCause } = await until(leg, isEnded);
  assert.equal(endCause, "media-lost");
});

/** Resolves when the phone is registered at so many places. */
function registeredAt(name: string, count: number): Promise<void> {
  const phone = name as PhoneName;
  return new Promise((resolve) => {
    const look = (): void => {
      if (agent.phones.places(phone).length < count) return;
      unwatch();
      resolve();
    };
    const unwatch = agent.phones.watch(phone, look);
    look();
  });
}

function carolsDesk(): Promise<Phone> {
  const registers = {
    sipPort: agent.address.port,
    ...{ user: "carol", password: "secret-of-carol", transport: "udp" as const },
  };
  return startBaresip({ user: "carol", registers });
}
