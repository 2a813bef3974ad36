import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { BridgeId, LegId, PermitId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import type { Command, LegState, TelecomEvent } from "#contract/telecom.ts";
import {
  asks,
  farEnd,
  hears,
  hearsResponse,
  pause,
  says,
  saysInDialog,
  saysToInvite,
} from "#rig/sipp/far-end.ts";
import { freePort } from "#rig/ports.ts";
import { isProofOf } from "#rig/digest-proof.ts";
import { installed } from "#rig/processes.ts";
import { type Sipp, type SippOptions, startSipp } from "#rig/sipp.ts";
import { type EmbeddedEngine, openEmbeddedEngine } from "../media/embedded-engine.ts";
import { openUserAgent, type UserAgent } from "../sip/user-agent.ts";
import { forgetful } from "./forgetful.ts";
import { Switch } from "./switch.ts";

/** The switch over real sockets and the real media engine; sipp, which nobody here wrote, is the far end. */
let media: EmbeddedEngine;
let agent: UserAgent;
let lines: Switch;
const events: TelecomEvent[] = [];
const refusals: string[] = [];
let wake = (): void => {};

before(async () => {
  const parts = { clock: systemClock, random: secureRandom, log: silentLog };
  media = await openEmbeddedEngine({ portRange: { first: 36_000, last: 36_400 }, log: silentLog });
  agent = await openUserAgent({ address: "127.0.0.1", port: 0, closeWithinMs: 500, ...parts });
  lines = new Switch({
    ...parts,
    media,
    agent,
    ...forgetful(media),
    voice: {
      render: async () => ({ audio: new Uint8Array(800).fill(0xff), fallback: "none" }),
      close: async () => {},
    },
    address: "127.0.0.1",
    maxLegs: 100,
    tell: (event) => {
      events.push(event);
      wake();
    },
  });
  lines.watchedBy(1);
});

after(async () => {
  await lines.close();
  const left = await media.audit();
  await agent.close();
  await media.close();
  assert.deepEqual(left, { terminations: [], bridges: [], plays: [] });
});

let legs = 0;
/** For a dial whose wish names its target. */
const nobody = { port: 0 };

function say(command: Command): void {
  lines.command(command, (why) => refusals.push(why));
}

function dial(sipp: Pick<Sipp, "port">, wish: Partial<Extract<Command, { type: "dial" }>> = {}): LegId {
  const leg = `leg-${++legs}` as LegId;
  say({
    type: "dial",
    leg,
    permit: `permit-${legs}` as PermitId,
    target: {
      type: "trunk",
      host: "127.0.0.1",
      port: sipp.port,
      transport: "udp",
      user: "18005550100",
      codecs: ["PCMU"],
    },
    identity: { callingNumber: "+14155550100", userToUserHex: "6162", xContext: "ref=123456" },
    ringUntilMs: Date.now() + 20_000,
    endAtMs: Date.now() + 60_000,
    ...wish,
  });
  return leg;
}

function stateOf(leg: LegId): LegState {
  const found = lines.legs().find((state) => state.leg === leg);
  assert.ok(found, `no ${leg}`);
  return found;
}

/** Resolves once the leg is so; the test's own time-out is the limit. */
function until(leg: LegId, is: (state: LegState) => boolean): Promise<LegState> {
  return new Promise((resolve) => {
    const look = (): void => {
      const state = lines.legs().find((candidate) => candidate.leg === leg);
      if (state !== undefined && is(state)) resolve(state);
    };
    wake = look;
    look();
  });
}

const answered = (state: LegState): boolean => state.state === "answered";
const ended = (state: LegState): boolean => state.state === "ended";

async function far(scenario: SippOptions["scenario"], words: readonly string[] = []): Promise<Sipp> {
  return startSipp({ scenario, calls: 1, words });
}

/** How often sipp received a request of that method. */
function received(sipp: Sipp, method: string): number {
  const messages = sipp.trace().split(/^-{20,}.*$/m);
  return messages.filter((text) => /message received/.test(text) && text.includes(`\n${method} sip:`)).length;
}

function distinctInvites(sipp: Sipp): number {
  const branches = sipp
    .trace()
    .split(/^-{20,}.*$/m)
    .filter((text) => /message received/.test(text) && /\nINVITE sip:/.test(text))
    .map((text) => /branch=(\S+)/.exec(text)?.[1]);
  return new Set(branches).size;
}

const hangUp = (leg: LegId): void => say({ type: "hang-up", leg, reason: "normal" });
const limit = { timeout: 60_000, skip: installed("sipp") ? false : "no sipp" };

test(
  "a call is answered, talked on and ended by us; the INVITE carries the whole context",
  limit,
  async () => {
    await using sipp = await far(
      farEnd(
        hears("INVITE"),
        says(180),
        says(200, { sdp: true }),
        hears("ACK"),
        hears("BYE"),
        saysInDialog(200),
      ),
    );
    const leg = dial(sipp);
    await until(leg, answered);
    hangUp(leg);
    assert.deepEqual(await sipp.result(), { exitCode: 0, successful: 1, failed: 0, unexpected: "" });
    assert.equal(stateOf(leg).endCause, "hung-up-by-us");
    assert.equal(received(sipp, "INVITE"), 1);
    const wire = sipp.trace();
    assert.match(wire, /^INVITE sip:18005550100@127\.0\.0\.1:\d+ SIP\/2\.0\r?$/m);
    assert.match(wire, /^To: <sip:18005550100@127\.0\.0\.1:\d+>\r?$/m);
    assert.match(wire, /^From: <sip:\+14155550100@127\.0\.0\.1>;tag=/m);
    assert.match(wire, /^P-Asserted-Identity: <sip:\+14155550100@127\.0\.0\.1>\r?$/m);
    assert.match(wire, /^User-to-User: 6162;encoding=hex\r?$/m);
    assert.match(wire, /^X-Tandem-Context: ref=123456\r?$/m);
  },
);

test("a caller who withholds the number is anonymous", limit, async () => {
  await using sipp = await far(farEnd(hears("INVITE"), says(486, { retransmitted: true }), hears("ACK")));
  const leg = dial(sipp, { identity: {} });
  const state = await until(leg, ended);
  assert.equal(state.endCause, "busy");
  assert.match(sipp.trace(), /^From: "Anonymous" <sip:anonymous@anonymous\.invalid>;tag=/m);
  assert.match(sipp.trace(), /^Privacy: id\r?$/m);
  assert.doesNotMatch(sipp.trace(), /P-Asserted-Identity/);
});

for (const [status, cause, rings] of [
  [486, "busy", false],
  [480, "no-answer", true],
  [603, "declined", true],
  [404, "unreachable", false],
  [503, "unreachable", false],
  [488, "failed", false],
] as const) {
  test(`${status}${rings ? " after ringing" : ""} is told as ${cause}`, limit, async () => {
    const acts = [...(rings ? [says(180)] : []), says(status, { retransmitted: true }), hears("ACK")];
    await using sipp = await far(farEnd(hears("INVITE"), ...acts));
    const leg = dial(sipp);
    const state = await until(leg, ended);
    assert.equal(state.endCause, cause);
    assert.equal(state.sipStatus, status);
    assert.equal(state.ringingAtMs !== undefined, rings);
    assert.equal((await sipp.result()).successful, 1);
    assert.equal(distinctInvites(sipp), 1);
  });
}

test("nobody answers: CANCEL at the ring deadline, told as no-answer", limit, async () => {
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      says(180),
      hears("CANCEL"),
      saysInDialog(200),
      saysToInvite(487, { retransmitted: true }),
      hears("ACK"),
    ),
  );
  const leg = dial(sipp, { ringUntilMs: Date.now() + 400 });
  const state = await until(leg, ended);
  assert.equal(state.endCause, "no-answer");
  assert.equal((await sipp.result()).successful, 1);
});

test("a call that the client takes back is cancelled", limit, async () => {
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      says(180),
      hears("CANCEL"),
      saysInDialog(200),
      saysToInvite(487, { retransmitted: true }),
      hears("ACK"),
    ),
  );
  const leg = dial(sipp);
  await until(leg, (state) => state.state === "ringing");
  hangUp(leg);
  assert.equal(stateOf(leg).endCause, "cancelled");
  assert.equal((await sipp.result()).successful, 1);
});

test("the answer crosses our CANCEL: acknowledged, then ended", limit, async () => {
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      says(180),
      hears("CANCEL"),
      // 481: too late, it was answered; the 200 had left already.
      saysInDialog(481),
      saysToInvite(200, { sdp: true, retransmitted: true }),
      hears("ACK"),
      hears("BYE"),
      saysInDialog(200),
    ),
  );
  const leg = dial(sipp);
  await until(leg, (state) => state.state === "ringing");
  hangUp(leg);
  assert.equal((await sipp.result()).successful, 1);
  assert.equal(stateOf(leg).endCause, "cancelled");
});

test("the far end hangs up", limit, async () => {
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      says(200, { sdp: true }),
      hears("ACK"),
      pause(50),
      asks("BYE"),
      hearsResponse(200),
    ),
  );
  const leg = dial(sipp);
  const state = await until(leg, ended);
  assert.equal(state.endCause, "hung-up-by-far-end");
  assert.equal((await sipp.result()).successful, 1);
});

test("a re-INVITE in mid-call holds the line, another takes it back", limit, async () => {
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      says(200, { sdp: true }),
      hears("ACK"),
      asks("INVITE", { sdp: "sendonly" }),
      hearsResponse(200),
      asks("ACK"),
      pause(100),
      asks("INVITE", { sdp: true }),
      hearsResponse(200),
      asks("ACK"),
      pause(100),
      asks("BYE"),
      hearsResponse(200),
    ),
  );
  const leg = dial(sipp);
  await until(leg, ended);
  assert.equal((await sipp.result()).successful, 1);
  const held = events.filter((event) => event.type === "leg-held" && event.leg === leg);
  assert.deepEqual(
    held.map((event) => event.type === "leg-held" && event.onHold),
    [true, false],
  );
});

test("UPDATE in mid-call is answered, with a description and without", limit, async () => {
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      says(200, { sdp: true }),
      hears("ACK"),
      asks("UPDATE", { sdp: true }),
      hearsResponse(200),
      asks("UPDATE"),
      hearsResponse(200),
      asks("BYE"),
      hearsResponse(200),
    ),
  );
  const leg = dial(sipp);
  await until(leg, ended);
  assert.equal((await sipp.result()).successful, 1);
});

test("early media comes with the 183, and is told", limit, async () => {
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      says(183, { sdp: true }),
      pause(100),
      says(200, { sdp: true }),
      hears("ACK"),
      asks("BYE"),
      hearsResponse(200),
    ),
  );
  const leg = dial(sipp);
  await until(leg, ended);
  assert.equal((await sipp.result()).successful, 1);
  const rang = events.find((event) => event.type === "leg-ringing" && event.leg === leg);
  assert.equal(rang?.type === "leg-ringing" && rang.earlyMedia, true);
  assert.ok(stateOf(leg).answeredAtMs);
});

test("a 200 that is lost is said again, and the call is one", limit, async () => {
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      says(180),
      says(200, { sdp: true, lost: true }),
      pause(500),
      says(200, { sdp: true, retransmitted: true }),
      hears("ACK"),
      asks("BYE"),
      hearsResponse(200),
    ),
  );
  const leg = dial(sipp);
  await until(leg, ended);
  assert.equal((await sipp.result()).successful, 1);
  assert.equal(distinctInvites(sipp), 1);
});

test("an ACK that is lost is said again for the 200 that comes again", limit, async () => {
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      says(200, { sdp: true }),
      // The first ACK is overheard: the 200 goes out again as if it had been lost.
      hears("ACK"),
      saysToInvite(200, { sdp: true }),
      hears("ACK"),
      asks("BYE"),
      hearsResponse(200),
    ),
  );
  const leg = dial(sipp);
  await until(leg, ended);
  assert.equal((await sipp.result()).successful, 1);
});

test("a 302 to another number of the trunk is followed, one elsewhere is not", limit, async () => {
  const contact = (uri: string) => ({ headers: [`Contact: <${uri}>`], retransmitted: true });
  await using followed = await far(
    farEnd(
      hears("INVITE"),
      says(302, contact("sip:18005550199@[local_ip]:[local_port]")).replace(/^Contact: <sip:far.*\n/m, ""),
      hears("ACK"),
      hears("INVITE"),
      says(200, { sdp: true }),
      hears("ACK"),
      asks("BYE"),
      hearsResponse(200),
    ),
  );
  const leg = dial(followed);
  await until(leg, ended);
  assert.equal((await followed.result()).successful, 1);
  assert.match(followed.trace(), /^INVITE sip:18005550199@/m);
  assert.equal(distinctInvites(followed), 2);

  await using elsewhere = await far(
    farEnd(
      hears("INVITE"),
      says(302, contact("sip:900@192.0.2.66")).replace(/^Contact: <sip:far.*\n/m, ""),
      hears("ACK"),
    ),
  );
  const other = dial(elsewhere);
  assert.equal((await until(other, ended)).endCause, "unreachable");
  assert.equal(distinctInvites(elsewhere), 1);
});

for (const [status, header] of [
  [401, "WWW-Authenticate"],
  [407, "Proxy-Authenticate"],
] as const) {
  const challenge = `${header}: Digest realm="trunk.example", nonce="abc${status}", algorithm=MD5, qop="auth"`;
  const login = { username: "tandem", password: "secret" };

  test(`a trunk that challenges by ${status} gets its digest, once`, limit, async () => {
    await using sipp = await far(
      farEnd(
        hears("INVITE"),
        says(status, { headers: [challenge], retransmitted: true }),
        hears("ACK"),
        hears("INVITE"),
        says(200, { sdp: true }),
        hears("ACK"),
        asks("BYE"),
        hearsResponse(200),
      ),
    );
    const target = {
      type: "trunk" as const,
      host: "127.0.0.1",
      port: sipp.port,
      transport: "udp" as const,
      user: "100",
      codecs: ["PCMU" as const],
      credentials: login,
    };
    const leg = dial(sipp, { target });
    await until(leg, ended);
    assert.equal((await sipp.result()).successful, 1);
    // Not by sipp's own verdict: it does not read Proxy-Authorization.
    const proof = new RegExp(
      `^${header.replace("Authenticate", "Authorization").replace("WWW-", "")}: (.*)$`,
      "m",
    ).exec(sipp.trace())?.[1];
    assert.ok(isProofOf(login, { method: "INVITE", proof: proof ?? "" }), `no proof: ${proof}`);
    assert.equal(distinctInvites(sipp), 2);
  });

  test(`a trunk that refuses our digest by ${status} is not asked a third time`, limit, async () => {
    const refuses = [says(status, { headers: [challenge], retransmitted: true }), hears("ACK")];
    await using sipp = await far(farEnd(hears("INVITE"), ...refuses, hears("INVITE"), ...refuses));
    const target = {
      type: "trunk" as const,
      host: "127.0.0.1",
      port: sipp.port,
      transport: "udp" as const,
      user: "100",
      codecs: ["PCMU" as const],
      credentials: { username: "tandem", password: "wrong" },
    };
    const leg = dial(sipp, { target });
    assert.equal((await until(leg, ended)).endCause, "failed");
    assert.equal(distinctInvites(sipp), 2);
  });
}

test("reliable provisional responses are acknowledged by PRACK", limit, async () => {
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      says(183, { sdp: true, headers: ["Require: 100rel", "RSeq: 4711"] }),
      hears("PRACK"),
      saysInDialog(200),
      saysToInvite(200, { sdp: true, retransmitted: true }),
      hears("ACK"),
      asks("BYE"),
      hearsResponse(200),
    ),
  );
  const leg = dial(sipp);
  await until(leg, ended);
  assert.equal((await sipp.result()).successful, 1);
  assert.match(sipp.trace(), /^RAck: 4711 1 INVITE\r?$/m);
});

test(
  "a far end that moves its media before it answers is followed, and heard when it has answered",
  limit,
  async () => {
    await using sipp = await far(
      farEnd(
        hears("INVITE"),
        says(183, { sdp: true, headers: ["Require: 100rel", "RSeq: 1"] }),
        hears("PRACK"),
        saysInDialog(200),
        asks("UPDATE", { sdp: "sendonly" }),
        hearsResponse(200),
        // Says again what it said in the 183, as many do; the UPDATE is what holds.
        saysToInvite(200, { sdp: true, retransmitted: true }),
        hears("ACK"),
        asks("BYE"),
        hearsResponse(200),
      ),
    );
    const leg = dial(sipp);
    const state = await until(leg, ended);
    assert.equal((await sipp.result()).successful, 1);
    assert.equal(state.endCause, "hung-up-by-far-end");
    assert.equal(state.onHold, true);
    assert.match(sipp.trace(), /^a=recvonly\r?$/m);
  },
);

test("two forks answer: the first is talked to, the second is acknowledged and ended", limit, async () => {
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      says(180, { tag: "one" }),
      says(180, { tag: "two" }),
      says(200, { tag: "one", sdp: true }),
      hears("ACK"),
      saysToInvite(200, { tag: "two", sdp: true }),
      hears("ACK"),
      hears("BYE"),
      saysInDialog(200),
      pause(100),
      asks("BYE", { tag: "one" }),
      hearsResponse(200),
    ),
  );
  const leg = dial(sipp);
  const state = await until(leg, ended);
  assert.equal(state.endCause, "hung-up-by-far-end");
  assert.equal((await sipp.result()).successful, 1);
  assert.match(sipp.trace(), /^BYE sip:far@[\s\S]*?^To: .*;tag=two-/m);
});

test("a route that the proxy records is followed by ACK and BYE", limit, async () => {
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      // It makes the dialog, and says nothing of the proxy yet.
      says(180),
      says(200, { sdp: true, headers: ["Record-Route: <sip:[local_ip]:[local_port];lr;edge=1>"] }),
      hears("ACK"),
      hears("BYE"),
      saysInDialog(200),
    ),
  );
  const leg = dial(sipp);
  await until(leg, answered);
  hangUp(leg);
  assert.equal((await sipp.result()).successful, 1);
  assert.equal(sipp.trace().match(/^Route: <sip:127\.0\.0\.1:\d+;lr;edge=1>\r?$/gm)?.length, 2);
});

test("a session timer that the far end wants is kept: its refresh is agreed to", limit, async () => {
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      says(200, { sdp: true, headers: ["Require: timer", "Session-Expires: 90;refresher=uas"] }),
      hears("ACK"),
      asks("UPDATE", { headers: ["Supported: timer", "Session-Expires: 90;refresher=uac"] }),
      hearsResponse(200),
      asks("UPDATE", { headers: ["Supported: timer", "Session-Expires: 20"] }),
      hearsResponse(422),
      asks("BYE"),
      hearsResponse(200),
    ),
  );
  const leg = dial(sipp);
  await until(leg, ended);
  assert.equal((await sipp.result()).successful, 1);
});

test("keys come by INFO, and a stranger's requests change nothing", limit, async () => {
  const key = { type: "application/dtmf-relay", text: "Signal=7\nDuration=120\n" };
  await using sipp = await far(
    farEnd(
      hears("INVITE"),
      says(200, { sdp: true }),
      hears("ACK"),
      asks("INFO", { content: key }),
      hearsResponse(200),
      asks("BYE", { tag: "stranger" }),
      hearsResponse(481),
      asks("BYE"),
      hearsResponse(200),
    ),
  );
  const leg = dial(sipp);
  const state = await until(leg, ended);
  assert.equal((await sipp.result()).successful, 1);
  assert.deepEqual(
    state.digits.map(({ seq, digit, durationMs, via }) => ({ seq, digit, durationMs, via })),
    [{ seq: 1, digit: "7", durationMs: 120, via: "info" }],
  );
});

test("two answered legs are bridged, and part when one of them goes", limit, async () => {
  const stays = farEnd(
    hears("INVITE"),
    says(200, { sdp: true }),
    hears("ACK"),
    hears("BYE"),
    saysInDialog(200),
  );
  await using one = await far(stays);
  await using other = await far(stays);
  const [user, center] = [dial(one), dial(other)];
  await until(user, answered);
  await until(center, answered);
  const bridge = "bridge-1" as BridgeId;
  say({ type: "bridge", bridge, legs: [user, center], blockDigitsFrom: [center] });
  await until(user, (state) => state.bridge === bridge);
  say({ type: "bridge", bridge, legs: [user, center], blockDigitsFrom: [center] });
  hangUp(user);
  await until(center, (state) => state.bridge === undefined);
  assert.equal(stateOf(center).state, "answered");
  hangUp(center);
  assert.equal((await one.result()).successful, 1);
  assert.equal((await other.result()).successful, 1);
  const told = events.filter(
    (event) => (event.type === "bridged" || event.type === "unbridged") && event.bridge === bridge,
  );
  assert.deepEqual(
    told.map((event) => event.type),
    ["bridged", "unbridged"],
  );
});

test("one permit dials one leg, and a leg that is known is not dialled again", limit, async () => {
  await using sipp = await far(farEnd(hears("INVITE"), says(486, { retransmitted: true }), hears("ACK")));
  const leg = dial(sipp);
  const permit = `permit-${legs}` as PermitId;
  await until(leg, ended);
  const before = refusals.length;
  dial(sipp, { leg });
  dial(sipp, { leg: "another" as LegId, permit });
  assert.deepEqual(refusals.slice(before), ["the permit was used before"]);
  assert.equal((await sipp.result()).successful, 1);
  assert.equal(distinctInvites(sipp), 1);
});

test("a trunk whose name leads nowhere is unreachable", limit, async () => {
  const leg = dial(nobody, {
    target: { type: "trunk", host: "no-such-trunk.invalid", transport: "udp", user: "100", codecs: ["PCMU"] },
  });
  assert.equal((await until(leg, ended)).endCause, "unreachable");
});

test("a trunk where nobody listens is unreachable, long before its time to ring is over", limit, async () => {
  const leg = dial(nobody, {
    target: {
      type: "trunk",
      host: "127.0.0.1",
      port: await freePort(),
      transport: "tcp",
      user: "100",
      codecs: ["PCMU"],
    },
    ringUntilMs: Date.now() + 3_600_000,
  });
  assert.equal((await until(leg, ended)).endCause, "unreachable");
});

test("over TCP the same call is made", limit, async () => {
  await using sipp = await startSipp({
    calls: 1,
    transport: "tcp",
    scenario: farEnd(
      hears("INVITE"),
      says(180),
      says(200, { sdp: true }),
      hears("ACK"),
      hears("BYE"),
      saysInDialog(200),
    ),
  });
  const target = {
    type: "trunk" as const,
    host: "127.0.0.1",
    port: sipp.port,
    transport: "tcp" as const,
    user: "100",
    codecs: ["PCMA" as const, "PCMU" as const],
  };
  const leg = dial(sipp, { target });
  await until(leg, answered);
  hangUp(leg);
  assert.equal((await sipp.result()).successful, 1);
});
