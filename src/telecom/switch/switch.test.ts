import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { systemClock, VirtualClock } from "#base/clock.ts";
import type { BridgeId, LegId, PermitId, PhoneName, PlayId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import type { Command, LegState, TelecomEvent } from "#contract/telecom.ts";
import { killableEngine } from "../media/contract/engine-thread.ts";
import { openEmbeddedEngine } from "../media/embedded-engine.ts";
import { bodyTypes, methods } from "../sip/dialog/call-state.ts";
import { sdpOf } from "../sip/message/body-parts.ts";
import { makeResponse } from "../sip/message/build.ts";
import { openTransactionLayer } from "../sip/transaction/transaction-layer.ts";
import { openUserAgent } from "../sip/user-agent.ts";
import type { VoiceResponse } from "../voice-response/voice-response.ts";
import { forgetful } from "./forgetful.ts";
import { Switch } from "./switch.ts";

const parts = { random: secureRandom, log: silentLog };

interface Wishes {
  readonly maxLegs: number;
  readonly render: VoiceResponse["render"];
}

const aFrame: VoiceResponse["render"] = async () => ({ audio: new Uint8Array(160), fallback: "none" });

/** A switch on a clock that stands still; its calls ring for ever, or are answered when the number says so. */
async function world(t: TestContext, { maxLegs = 10, render = aFrame }: Partial<Wishes> = {}) {
  const clock = new VirtualClock();
  const { engine: media, kill: killMediaThread } = await killableEngine(() =>
    openEmbeddedEngine({ portRange: { first: 36_500, last: 36_599 }, log: silentLog, sockets: "dgram" }),
  );
  const phone = await openTransactionLayer({
    listen: { address: "127.0.0.1", port: 0 },
    ...parts,
    clock: systemClock,
    abilities: { methods, extensions: ["timer"], contentTypes: bodyTypes, answerType: "application/sdp" },
    onRequest: (call) => {
      if (call.request.method !== "INVITE") return call.respond(makeResponse(call.request, 200));
      if (!call.request.uri.includes("answers")) {
        return call.respond(makeResponse(call.request, 180, { toTag: call.toTag }));
      }
      const contact = `sip:phone@127.0.0.1:${phone.sentBy.port}`;
      const body = { contentType: "application/sdp", content: sdpOf(call.request) ?? "" };
      call.respond(makeResponse(call.request, 200, { toTag: call.toTag, contact, body }));
    },
  });
  const agent = await openUserAgent({
    address: "127.0.0.1",
    port: 0,
    closeWithinMs: 500,
    clock: systemClock,
    ...parts,
  });
  const events: TelecomEvent[] = [];
  const refusals: string[] = [];
  let look = (): void => {};
  const lines = new Switch({
    ...parts,
    clock,
    media,
    agent,
    ...forgetful(media),
    address: "127.0.0.1",
    maxLegs,
    voice: { render, close: async () => {} },
    tell: (event) => {
      events.push(event);
      look();
    },
  });
  t.after(async () => {
    await lines.close();
    assert.equal(clock.waiting, 0, "a timer is left");
    await agent.close();
    await phone.close();
    await media.close();
  });
  const state = (leg: LegId): LegState | undefined => lines.legs().find((candidate) => candidate.leg === leg);
  const say = (command: Command): void => lines.command(command, (why) => refusals.push(why));
  return {
    clock,
    lines,
    media,
    killMediaThread,
    events,
    refusals,
    state,
    say,
    dial(name: string, user = "rings"): LegId {
      const leg = name as LegId;
      say({
        type: "dial",
        leg,
        permit: `permit of ${name}` as PermitId,
        identity: {},
        target: {
          type: "trunk",
          host: "127.0.0.1",
          port: phone.sentBy.port,
          transport: "udp",
          user,
          codecs: ["PCMU"],
        },
        ringUntilMs: clock.now() + 3_600_000,
        endAtMs: clock.now() + 7_200_000,
      });
      return leg;
    },
    until: (leg: LegId, wanted: LegState["state"]): Promise<void> =>
      new Promise((resolve) => {
        look = () => {
          if (state(leg)?.state === wanted) resolve();
        };
        look();
      }),
  };
}

const limit = { timeout: 20_000 };

test("lines that nobody watches for two minutes end, bridged ones talk on", limit, async (t) => {
  const { clock, lines, dial, until, state, say, events } = await world(t);
  lines.watchedBy(1);
  const alone = dial("alone");
  const [user, center] = [dial("user", "answers"), dial("center", "answers")];
  await until(alone, "ringing");
  await until(user, "answered");
  await until(center, "answered");
  say({ type: "bridge", bridge: "b" as BridgeId, legs: [user, center], blockDigitsFrom: [] });
  lines.watchedBy(0);
  await clock.advance(60_000);
  lines.watchedBy(1);
  await clock.advance(300_000);
  assert.equal(state(alone)?.state, "ringing", "a web process came back in time");
  lines.watchedBy(0);
  await clock.advance(119_999);
  assert.equal(state(alone)?.state, "ringing");
  await clock.advance(1);
  assert.equal(state(alone)?.endCause, "cancelled");
  assert.equal(state(user)?.state, "answered");
  assert.equal(state(center)?.state, "answered");
  assert.equal(events.filter((event) => event.type === "leg-ended").length, 1);
});

test("a unit that is full ends the leg at once, and has room again when one has ended", limit, async (t) => {
  const { dial, until, state, say } = await world(t, { maxLegs: 1 });
  const first = dial("first");
  await until(first, "ringing");
  const second = dial("second");
  assert.equal(state(second)?.endCause, "failed");
  say({ type: "hang-up", leg: first, reason: "normal" });
  const third = dial("third");
  await until(third, "ringing");
});

test("a leg that ended is kept for ten minutes, then gone; its permit stays used", limit, async (t) => {
  const { clock, lines, dial, until, state, say, refusals } = await world(t);
  lines.watchedBy(1);
  const leg = dial("leg");
  await until(leg, "ringing");
  say({ type: "hang-up", leg, reason: "normal" });
  await clock.advance(599_999);
  assert.equal(state(leg)?.state, "ended");
  await clock.advance(1);
  assert.equal(state(leg), undefined);
  dial("leg");
  assert.deepEqual(refusals, ["the permit was used before"]);
});

test("a dial whose moment has passed rings nowhere", limit, async (t) => {
  const { clock, lines, say, state, events } = await world(t);
  lines.watchedBy(1);
  const leg = "late" as LegId;
  say({
    type: "dial",
    leg,
    permit: "late" as PermitId,
    identity: {},
    target: { type: "trunk", host: "127.0.0.1", port: 9, transport: "udp", user: "100", codecs: ["PCMU"] },
    ringUntilMs: clock.now() - 1,
    endAtMs: clock.now() + 1_000,
  });
  assert.equal(state(leg)?.endCause, "no-answer");
  assert.deepEqual(
    events.map((event) => event.type),
    ["leg-ended"],
  );
});

test(
  "a phone that may register, and has not, is unreachable at once; no termination is opened for it",
  limit,
  async (t) => {
    const { clock, lines, say, until, state, media, refusals } = await world(t);
    lines.watchedBy(1);
    const phone = "bob.bank" as PhoneName;
    const phones = [{ phone, digest: { md5: "a".repeat(32) } }];
    say({ type: "admit-phones", edition: "one", part: 1, parts: 1, phones });
    const leg = "to-phone" as LegId;
    say({
      type: "dial",
      leg,
      permit: "to-phone" as PermitId,
      identity: {},
      target: { type: "phone", phone, user: "7001", codecs: ["PCMU"] },
      ringUntilMs: clock.now() + 3_600_000,
      endAtMs: clock.now() + 7_200_000,
    });
    await until(leg, "ended");
    assert.equal(state(leg)?.endCause, "unreachable");
    assert.deepEqual((await media.audit()).terminations, []);
    assert.deepEqual(refusals, []);
  },
);

test("commands that cannot be carried out are refused with their reason", limit, async (t) => {
  const { dial, until, say, refusals } = await world(t);
  const ringing = dial("ringing");
  await until(ringing, "ringing");
  const answered = dial("answered", "answers");
  await until(answered, "answered");
  const playTo = (leg: LegId): Command => ({
    type: "play",
    leg,
    play: "p" as PlayId,
    prompt: { language: "en", segments: [{ type: "pause", ms: 20 }], private: false },
    loop: false,
    barge: false,
  });
  const bridge = { type: "bridge", bridge: "b" as BridgeId } as const;
  say(playTo("nobody" as LegId));
  say(playTo(ringing));
  say({ ...bridge, legs: [answered, ringing], blockDigitsFrom: [] });
  say({ ...bridge, legs: [answered, answered], blockDigitsFrom: [] });
  say({ ...bridge, legs: [answered, "nobody" as LegId], blockDigitsFrom: [] });
  say({ type: "forget", leg: answered });
  say({ type: "unbridge", bridge: "never" as BridgeId });
  say({ type: "forget", leg: "nobody" as LegId });
  assert.deepEqual(refusals, [
    "no such leg",
    "the leg is not answered",
    "a leg is not answered",
    "a bridge needs two known legs",
    "a bridge needs two known legs",
    "the leg lives",
  ]);
});

test(
  "legs whose media thread died end at once, whatever state they are in; the next leg is served",
  limit,
  async (t) => {
    const { dial, until, state, killMediaThread } = await world(t);
    const [ringing, answered] = [dial("ringing"), dial("answered", "answers")];
    await until(ringing, "ringing");
    await until(answered, "answered");
    await killMediaThread();
    assert.equal(state(ringing)?.endCause, "media-lost");
    assert.equal(state(answered)?.endCause, "media-lost");
    await until(dial("next", "answers"), "answered");
  },
);

for (const [what, isOver] of [
  ["is stopped before its words are there", false],
  ["fails", true],
] as const) {
  test(`a play that ${what} does not leave the one before it playing`, limit, async (t) => {
    const words = Promise.withResolvers<never>();
    const { media, dial, until, say, state } = await world(t, {
      render: (prompt, signal) => (prompt.language === "en" ? aFrame(prompt, signal) : words.promise),
    });
    const leg = dial("leg", "answers");
    await until(leg, "answered");
    const play = (name: string, language: "en" | "es"): void =>
      say({
        type: "play",
        leg,
        play: name as PlayId,
        prompt: { language, segments: [{ type: "tone", tone: "ringback" }], private: false },
        loop: true,
        barge: false,
      });
    const plays = async (...wanted: readonly string[]): Promise<void> => {
      while ((await media.audit()).plays.join() !== wanted.join()) t.signal.throwIfAborted();
    };
    play("ringback", "en");
    await plays("ringback");
    play("goodbye", "es");
    if (isOver) words.reject(new Error("no voice"));
    else say({ type: "stop-play", leg, play: "goodbye" as PlayId });
    await plays();
    assert.deepEqual(state(leg)?.played, { ringback: "stopped", goodbye: isOver ? "failed" : "stopped" });
    play("ringback again", "en");
    await plays("ringback again");
  });
}

test("a bridge that stands, or was undone, is not joined again by a repeated command", limit, async (t) => {
  const { dial, until, say, events, refusals } = await world(t);
  const [user, center] = [dial("user", "answers"), dial("center", "answers")];
  await until(user, "answered");
  await until(center, "answered");
  const bridge = { bridge: "b" as BridgeId, legs: [user, center] as [LegId, LegId], blockDigitsFrom: [] };
  const told = (): string[] => events.map(({ type }) => type).filter((type) => type.endsWith("bridged"));
  const hears = async (count: number): Promise<void> => {
    while (told().length < count && !t.signal.aborted) await new Promise((resolve) => setImmediate(resolve));
  };
  say({ type: "bridge", ...bridge });
  say({ type: "bridge", ...bridge });
  await hears(1);
  say({ type: "bridge", ...bridge });
  say({ type: "unbridge", bridge: bridge.bridge });
  // What a client was unsure of it says again, in its order.
  say({ type: "bridge", ...bridge });
  say({ type: "unbridge", bridge: bridge.bridge });
  await hears(2);
  // Another bridge of the same legs is another one, and comes after whatever the repetitions would have done.
  say({ type: "bridge", ...bridge, bridge: "c" as BridgeId });
  await hears(3);
  assert.deepEqual(told(), ["bridged", "unbridged", "bridged"]);
  assert.deepEqual(refusals, []);
});

test("a unit that closes takes no further call", limit, async (t) => {
  const { lines, dial, state, refusals } = await world(t);
  await lines.close();
  const leg = dial("late");
  assert.equal(state(leg), undefined);
  assert.deepEqual(refusals, ["the unit is closing"]);
});
