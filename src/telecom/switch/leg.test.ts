import assert from "node:assert/strict";
import { test } from "node:test";
import type { BridgeId, LegId, PermitId, PlayId } from "#base/ids.ts";
import type { Command, KeyedDigit } from "#contract/telecom.ts";
import { causeOf, causeOfHangUp } from "./end-cause.ts";
import { dialed, type Leg, type LegCommand, type LegEffect, type LegInput, legDueAtMs, step } from "./leg.ts";

const id = "call.user" as LegId;
const dial: Extract<Command, { type: "dial" }> = {
  type: "dial",
  leg: id,
  permit: "permit" as PermitId,
  target: { type: "trunk", host: "trunk.example", transport: "udp", user: "100", codecs: ["PCMU"] },
  identity: {},
  ringUntilMs: 20_000,
  endAtMs: 60_000,
};
const prompt = { language: "en", segments: [{ type: "pause", ms: 20 }], private: false } as const;

/** Takes the inputs in turn; gives the leg and every effect. Each state is put through JSON, as a journal would. */
function after(...inputs: readonly LegInput[]): { leg: Leg; effects: LegEffect[]; said: string[] } {
  let leg = dialed(dial, 1_000);
  const effects: LegEffect[] = [];
  inputs.forEach((input, index) => {
    const [next, more] = step(leg, input, 2_000 + index);
    leg = JSON.parse(JSON.stringify(next)) as Leg;
    effects.push(...more);
  });
  const said = effects.map((effect) => (effect.type === "tell" ? effect.event.type : effect.type));
  return { leg, effects, said };
}

const answered: LegInput = { type: "answered", sipCallId: "x" };
const command = (wish: LegCommand): LegInput => ({ type: "command", command: wish });
const play = (name: string, barge = false): LegInput =>
  command({
    type: "play",
    leg: id,
    play: name as PlayId,
    prompt: { ...prompt, segments: [...prompt.segments] },
    loop: false,
    barge,
  });
const key = (digit: "1" | "2", via: KeyedDigit["via"], atMs: number, durationMs = 100): LegInput => ({
  type: "digit",
  key: { digit, via, atMs, durationMs },
});

test("a leg rings once, is answered once, ends once", () => {
  const { leg, said } = after(
    { type: "progress", status: 181, earlyMedia: false },
    { type: "progress", status: 180, earlyMedia: false },
    { type: "progress", status: 180, earlyMedia: false },
    answered,
    answered,
    { type: "over", end: { type: "hung-up-by-far-end" } },
    { type: "over", end: { type: "no-response" } },
  );
  assert.deepEqual(said, ["leg-ringing", "leg-answered", "release", "leg-ended"]);
  assert.equal(leg.shown.endCause, "hung-up-by-far-end");
});

test("early media is told also when it begins after the ringing", () => {
  const { effects } = after(
    { type: "progress", status: 180, earlyMedia: false },
    { type: "progress", status: 183, earlyMedia: true },
  );
  const early = effects.flatMap((effect) =>
    effect.type === "tell" && effect.event.type === "leg-ringing" ? [effect.event.earlyMedia] : [],
  );
  assert.deepEqual(early, [false, true]);
});

test("a key before the answer is nobody's", () => {
  const { leg, said } = after(
    { type: "progress", status: 183, earlyMedia: true },
    key("1", "inband", 1_500),
    answered,
    key("2", "inband", 3_000),
  );
  assert.deepEqual(
    leg.shown.digits.map(({ digit, seq }) => `${seq}${digit}`),
    ["12"],
  );
  assert.deepEqual(said, ["leg-ringing", "leg-answered", "digit"]);
});

test("a telephone that never rang was not reached, unless its moment had passed before it was dialled", () => {
  const [silent, effects] = step(dialed(dial, 1_000), { type: "due" }, 20_000);
  assert.equal(silent.shown.endCause, "unreachable");
  assert.deepEqual(effects[0], { type: "end-call", reason: "no-answer" });
  const [tooLate] = step(dialed(dial, 20_001), { type: "due" }, 20_001);
  assert.equal(tooLate.shown.endCause, "no-answer");
});

test("its moments end it: no answer while it rings, the time limit after that", () => {
  let leg = dialed(dial, 1_000);
  assert.equal(legDueAtMs(leg), 20_000);
  const [ringing] = step(leg, { type: "progress", status: 180, earlyMedia: false }, 2_000);
  const [rung, effects] = step(ringing, { type: "due" }, 20_000);
  assert.equal(rung.shown.endCause, "no-answer");
  assert.deepEqual(effects[0], { type: "end-call", reason: "no-answer" });
  [leg] = step(leg, answered, 5_000);
  assert.equal(legDueAtMs(leg), 60_000);
  assert.equal(step(leg, { type: "due" }, 20_000)[0].shown.state, "answered");
  const [limited] = step(leg, { type: "due" }, 60_000);
  assert.equal(limited.shown.endCause, "time-limit");
  assert.equal(legDueAtMs(limited), undefined);
});

test("the same key by two ways within 50 ms is one press; pressed twice it is two", () => {
  const { leg } = after(
    answered,
    key("1", "rfc4733", 3_000),
    key("1", "info", 3_050),
    key("1", "rfc4733", 3_300),
    key("2", "info", 3_310),
  );
  assert.deepEqual(
    leg.shown.digits.map(({ seq, digit, via }) => [seq, digit, via]),
    [
      [1, "1", "rfc4733"],
      [2, "1", "rfc4733"],
      [3, "2", "info"],
    ],
  );
});

test("a key told by INFO when it goes down and by RFC 4733 when it comes up is one press, however long it is held", () => {
  const held = (ms: number): string[] =>
    after(answered, key("1", "info", 3_000, 250), key("1", "rfc4733", 3_000 + ms, ms)).leg.shown.digits.map(
      ({ digit, via }) => `${digit} ${via}`,
    );
  for (const ms of [60, 180, 400, 3_000]) assert.deepEqual(held(ms), ["1 info"], `${ms} ms`);
});

test("a key told when it comes up, by INFO after RFC 4733 or before it, is one press", () => {
  const told = (...keys: readonly LegInput[]): number => after(answered, ...keys).leg.shown.digits.length;
  assert.equal(told(key("1", "rfc4733", 3_180, 180), key("1", "info", 3_300, 180)), 1);
  assert.equal(told(key("1", "info", 3_180, 180), key("1", "rfc4733", 3_200, 180)), 1);
  // The end of the event was lost: it is told a while after its last packet.
  assert.equal(told(key("1", "info", 3_000, 250), key("1", "rfc4733", 3_270, 100)), 1);
});

test("the same key pressed again at once is a second press, whichever way tells it first", () => {
  const seconds = [
    [key("1", "info", 3_200, 250), key("1", "rfc4733", 3_300)],
    [key("1", "rfc4733", 3_300), key("1", "info", 3_310, 250)],
  ];
  for (const second of seconds) {
    const { leg } = after(answered, key("1", "info", 3_000, 250), key("1", "rfc4733", 3_100), ...second);
    assert.equal(leg.shown.digits.length, 2);
  }
  // Each way tells a press once: two tellings of one way are two presses.
  const { leg } = after(
    answered,
    key("1", "rfc4733", 3_100),
    key("1", "info", 3_110),
    key("1", "info", 3_200),
  );
  assert.equal(leg.shown.digits.length, 2);
});

test("digits are numbered on after they were taken, and at most 256 are kept", () => {
  const many = Array.from({ length: 300 }, (_, index) => key("1", "rfc4733", 3_000 + index * 200));
  const { leg } = after(answered, ...many, command({ type: "take-digits", leg: id, throughSeq: 299 }));
  assert.deepEqual(
    leg.shown.digits.map(({ seq }) => seq),
    [300],
  );
  assert.equal(after(answered, ...many).leg.shown.digits.length, 256);
});

test("a play that is said twice is played once, and the next one takes its place", () => {
  const { leg, said } = after(
    answered,
    play("greeting"),
    play("greeting"),
    play("ringback"),
    { type: "play-ended", play: "greeting" as PlayId, end: "stopped" },
    { type: "play-ended", play: "ringback" as PlayId, end: "done" },
    play("greeting"),
  );
  assert.deepEqual(said, ["leg-answered", "play", "play-ended", "play", "play-ended"]);
  assert.deepEqual(leg.shown.played, { greeting: "stopped", ringback: "done" });
  assert.equal(leg.shown.playing, undefined);
});

test("a key by INFO ends a play that may be barged into, and no other", () => {
  assert.deepEqual(after(answered, play("p", true), key("1", "info", 3_000)).leg.shown.played, {
    p: "barged",
  });
  assert.deepEqual(after(answered, play("p"), key("1", "info", 3_000)).leg.shown.played, {});
});

test("what plays when the leg ends has ended with it, and later plays end at once", () => {
  const { leg, said } = after(
    answered,
    { type: "joined", bridge: "bridge" as BridgeId },
    play("p"),
    command({ type: "hang-up", leg: id, reason: "normal" }),
    play("q"),
    command({ type: "hang-up", leg: id, reason: "normal" }),
  );
  assert.deepEqual(said, [
    "leg-answered",
    "play",
    "end-call",
    "play-ended",
    "release",
    "leg-ended",
    "play-ended",
  ]);
  assert.deepEqual(leg.shown.played, { p: "leg-ended", q: "leg-ended" });
  assert.equal(leg.shown.bridge, undefined);
});

test("touch-tones go out once for each id", () => {
  const digits = command({ type: "send-digits", leg: id, id: "ivr", digits: "1w2" });
  assert.deepEqual(after(digits, answered, digits, digits).said, ["leg-answered", "send-digits"]);
});

test("refusals of the far end have their cause, known ones by status, others by class", () => {
  const causes = [486, 600, 480, 408, 487, 603, 403, 404, 484, 604, 503, 500, 488, 402, 302, 699].map(
    (status) => causeOf({ type: "rejected", status }).cause,
  );
  assert.deepEqual(causes, [
    ...["busy", "busy", "no-answer", "no-answer", "no-answer", "declined", "declined"],
    ...["unreachable", "unreachable", "unreachable", "unreachable", "unreachable", "failed", "failed"],
    ...["unreachable", "unreachable"],
  ]);
  assert.equal(causeOfHangUp("normal", false), "cancelled");
  assert.equal(causeOfHangUp("normal", true), "hung-up-by-us");
  assert.equal(causeOfHangUp("time-limit", true), "time-limit");
});

test("an answered leg that loses its telephone waits for it, then rings others, and ends when nobody takes it up", () => {
  let { leg } = after(answered);
  const take = (input: LegInput, nowMs: number): string[] => {
    const [next, effects] = step(leg, input, nowMs);
    leg = next;
    return effects.map((effect) =>
      effect.type === "ring-again" ? effect.where : effect.type === "tell" ? effect.event.type : effect.type,
    );
  };
  assert.deepEqual(take({ type: "lost" }, 10_000), ["here"]);
  assert.deepEqual(take({ type: "lost" }, 11_000), [], "a second loss gives no more time");
  assert.equal(legDueAtMs(leg), 13_000);
  assert.deepEqual(take({ type: "over", end: { type: "session-expired" } }, 12_000), []);
  assert.deepEqual(take({ type: "due" }, 13_000), ["anywhere"]);
  assert.equal(legDueAtMs(leg), 25_000);
  assert.deepEqual(take({ type: "due" }, 25_000), ["end-call", "release", "leg-ended"]);
  assert.equal(leg.shown.endCause, "media-lost");
});

test("a leg that was found again is as it was, but for a hold", () => {
  const { leg, said } = after(
    answered,
    { type: "held", onHold: true },
    { type: "lost" },
    { type: "found", sipCallId: "y" },
  );
  assert.deepEqual(said, ["leg-answered", "leg-held", "ring-again", "leg-held"]);
  assert.deepEqual([leg.shown.state, leg.shown.onHold, leg.shown.sipCallId], ["answered", false, "y"]);
  assert.equal(legDueAtMs(leg), dial.endAtMs);
});

test("whoever hangs up while the leg is lost has hung up", () => {
  const { leg } = after(answered, { type: "lost" }, { type: "over", end: { type: "hung-up-by-far-end" } });
  assert.equal(leg.shown.endCause, "hung-up-by-far-end");
});

test("a leg that was never answered is not lost, and a lost one ends at its own moment all the same", () => {
  assert.deepEqual(after({ type: "lost" }).said, []);
  const { leg } = after(answered, { type: "lost" });
  const [ended] = step({ ...leg, endAtMs: 3_000 }, { type: "due" }, 3_000);
  assert.equal(ended.shown.endCause, "time-limit");
});
