import { seededRandom } from "#base/random.ts";
import type { Digit } from "#contract/telecom.ts";
import { keypadCaptures } from "./contract/captures.ts";
import { makeRtpView, readRtp } from "./rtp.ts";
import { eventOf, readTelephoneEvent, TelephoneEventReceiver } from "./telephone-event.ts";
import assert from "node:assert/strict";
import { test } from "node:test";

/** A receiver, and what it told. */
function listen(): { receiver: TelephoneEventReceiver; began: string[]; ended: [string, number][] } {
  const began: string[] = [];
  const ended: [string, number][] = [];
  const receiver = new TelephoneEventReceiver({
    began: (digit) => began.push(digit),
    ended: (digit, durationMs) => ended.push([digit, durationMs]),
  });
  return { receiver, began, ended };
}

interface Sent {
  readonly digit: Digit;
  readonly end: boolean;
  readonly duration: number;
  readonly timestamp: number;
  readonly sequence: number;
  readonly marker: boolean;
  readonly atMs: number;
}

/** The packets of one key press: 20 ms each, three at the end. */
function press(
  digit: Digit,
  at: { timestamp: number; sequence: number; ms: number; packets?: number },
): Sent[] {
  const packets = at.packets ?? 5;
  return Array.from({ length: packets + 3 }, (_, n) => ({
    digit,
    end: n >= packets,
    duration: Math.min(n + 1, packets) * 160,
    timestamp: at.timestamp >>> 0,
    sequence: (at.sequence + n) & 0xffff,
    marker: n === 0,
    atMs: at.ms + Math.min(n, packets) * 20,
  }));
}

function give(receiver: TelephoneEventReceiver, packets: readonly Sent[]): void {
  for (const { digit, end, duration, timestamp, sequence, marker, atMs } of packets) {
    receiver.packet({ event: eventOf(digit), end, duration }, { timestamp, sequence, marker }, atMs);
  }
}

test("three end packets are one key press", () => {
  const { receiver, began, ended } = listen();
  give(receiver, press("5", { timestamp: 1_000, sequence: 1, ms: 0 }));
  assert.deepEqual([began, ended], [["5"], [["5", 100]]]);
});

test("any one packet of a key press is enough", () => {
  const packets = press("5", { timestamp: 1_000, sequence: 1, ms: 0 });
  for (const packet of packets) {
    const { receiver, ended } = listen();
    give(receiver, [packet]);
    receiver.tick(packet.atMs + 100);
    assert.equal(ended.length, packet.end ? 1 : 0);
    receiver.tick(packet.atMs + 150);
    assert.deepEqual(
      ended.map(([digit]) => digit),
      ["5"],
    );
  }
});

test("the next key's first packet ends the one before, whose end was never seen", () => {
  const { receiver, ended } = listen();
  give(receiver, press("1", { timestamp: 1_000, sequence: 1, ms: 0 }).slice(0, 3));
  give(receiver, press("2", { timestamp: 2_600, sequence: 9, ms: 120 }));
  assert.deepEqual(ended, [
    ["1", 60],
    ["2", 100],
  ]);
});

test("the same key twice is two key presses", () => {
  const { receiver, ended } = listen();
  give(receiver, press("7", { timestamp: 1_000, sequence: 1, ms: 0 }));
  give(receiver, press("7", { timestamp: 2_600, sequence: 9, ms: 200 }));
  assert.equal(ended.length, 2);
});

test("late, doubled and reordered packets tell nothing new", () => {
  const { receiver, ended } = listen();
  const first = press("1", { timestamp: 0xffff_ff00, sequence: 65_530, ms: 0 });
  const second = press("2", { timestamp: 0xffff_ff00 + 1_600, sequence: 65_538, ms: 200 });
  give(receiver, [
    ...first,
    ...first,
    ...second.slice(0, 3),
    ...first.slice(5),
    ...second.slice(3),
    ...second,
  ]);
  assert.deepEqual(
    ended.map(([digit]) => digit),
    ["1", "2"],
  );
});

test("a recording that is played again half a second later is a new key press", () => {
  const { receiver, ended } = listen();
  const packets = press("1", { timestamp: 1_000, sequence: 1, ms: 0 });
  give(receiver, packets);
  give(
    receiver,
    packets.map((packet) => ({ ...packet, atMs: packet.atMs + 1_000 })),
  );
  assert.equal(ended.length, 2);
});

test("a key held for longer than a segment can tell is one key press (RFC 4733 2.5.1.3)", () => {
  const { receiver, ended } = listen();
  const at = { digit: "9" as const, end: false, marker: false };
  give(receiver, [
    { ...at, marker: true, duration: 160, timestamp: 0, sequence: 1, atMs: 0 },
    { ...at, duration: 0xffff, timestamp: 0, sequence: 2, atMs: 100 },
    { ...at, duration: 160, timestamp: 0xffff, sequence: 3, atMs: 120 },
    { ...at, end: true, duration: 801, timestamp: 0xffff, sequence: 4, atMs: 200 },
  ]);
  assert.deepEqual(ended, [["9", Math.round((0xffff + 801) / 8)]]);
});

test("a segment whose last packet was lost ends where every segment ends (RFC 4733 2.5.1.3)", () => {
  const { receiver, ended } = listen();
  const at = { digit: "9" as const, end: false, marker: false };
  give(receiver, [
    { ...at, marker: true, duration: 160, timestamp: 1_000, sequence: 1, atMs: 0 },
    { ...at, duration: 65_200, timestamp: 1_000, sequence: 2, atMs: 50 },
    { ...at, duration: 400, timestamp: 1_000 + 0xffff, sequence: 4, atMs: 150 },
    { ...at, end: true, duration: 800, timestamp: 1_000 + 0xffff, sequence: 5, atMs: 200 },
  ]);
  assert.deepEqual(ended, [["9", Math.round((0xffff + 800) / 8)]]);
});

test("a key press that the network holds up in its middle is one, however long it takes", () => {
  const packets = press("1", { timestamp: 1_000, sequence: 1, ms: 0 });
  for (const stallMs of [600, 5_000]) {
    const { receiver, ended } = listen();
    give(receiver, packets.slice(0, 2));
    receiver.tick(200);
    const late = packets.slice(2).map((packet) => ({ ...packet, atMs: packet.atMs + stallMs }));
    give(receiver, late);
    assert.deepEqual(
      ended.map(([digit]) => digit),
      ["1"],
    );
    // The same recording once more is a new key press still.
    give(
      receiver,
      packets.map((packet) => ({ ...packet, atMs: packet.atMs + 2 * stallMs + 1_000 })),
    );
    assert.equal(ended.length, 2);
  }
});

test("a sender that gives every key the same timestamp is heard by its marker", () => {
  const { receiver, ended } = listen();
  give(receiver, press("1", { timestamp: 0, sequence: 1, ms: 0 }));
  give(receiver, press("1", { timestamp: 0, sequence: 9, ms: 1_000 }));
  assert.equal(ended.length, 2);
});

test("events that are no digits are passed over", () => {
  const { receiver, began } = listen();
  receiver.packet({ event: 16, end: false, duration: 160 }, { timestamp: 1, sequence: 1, marker: true }, 0);
  receiver.packet({ event: 255, end: true, duration: 160 }, { timestamp: 2, sequence: 2, marker: true }, 0);
  assert.deepEqual(began, []);
});

test("10,000 digits at 5 % loss and 60 ms of jitter: none wrong, none doubled, 99.9 % heard", () => {
  const seed = process.env["SEED"] ?? "digits";
  const random = seededRandom(seed);
  const keys = Array.from({ length: 10_000 }, () => "0123456789*#ABCD"[random.integer(16)] as Digit);
  const packets = keys.flatMap((digit, n) =>
    press(digit, { timestamp: n * 1_920, sequence: n * 8, ms: n * 240 }),
  );
  const arriving = packets
    .filter(() => random.integer(100) >= 5)
    .map((packet) => ({ ...packet, atMs: packet.atMs + random.integer(61) }))
    .sort((one, other) => one.atMs - other.atMs);
  const { receiver, ended } = listen();
  for (const packet of arriving) {
    receiver.tick(packet.atMs);
    give(receiver, [packet]);
  }
  receiver.tick(Number.MAX_SAFE_INTEGER);
  const heard = ended.map(([digit]) => digit).join("");
  assert.ok(heard.length >= 9_990 && heard.length <= 10_000, `${heard.length} of 10,000 (seed ${seed})`);
  assert.ok(isSubsequence(heard, keys.join("")), `a wrong or doubled digit (seed ${seed})`);
});

test("the twelve captures of SIPp's keypad are recognised", (t) => {
  const captures = keypadCaptures();
  if (captures.length === 0) return t.skip("no ../shared");
  assert.equal(captures.length, 12);
  for (const { key, packets } of captures) {
    const { receiver, ended } = listen();
    for (const { payload, atMs } of packets) {
      const view = makeRtpView();
      const event = { event: 0, end: false, duration: 0 };
      assert.ok(readRtp(payload, payload.length, view) && view.payloadType === 101);
      assert.ok(readTelephoneEvent(payload, view, event));
      receiver.packet(event, view, atMs);
    }
    assert.deepEqual(
      ended.map(([digit]) => digit),
      [key],
    );
  }
});

function isSubsequence(short: string, long: string): boolean {
  let at = 0;
  for (const letter of long) if (letter === short[at]) at += 1;
  return at === short.length;
}
