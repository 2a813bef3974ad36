import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import type { LoopLag } from "#base/event-loop-lag.ts";
import { silentLog } from "#base/log.ts";
import type { UnitFigures } from "#contract/telecom.ts";
import { Overload } from "./overload.ts";

const limits = { calls: 3, lagMs: 100, sparePortPairs: 4 };
const idle: LoopLag = { meanMs: 1, p99Ms: 5, longestMs: 400 };
const late: LoopLag = { meanMs: 101, p99Ms: 300, longestMs: 400 };
const well: UnitFigures = {
  type: "figures",
  atMs: 1,
  cpuSeconds: 1,
  residentOctets: 1,
  mainLag: idle,
  mediaLag: idle,
  portPairs: { used: 46, all: 50 },
  rtpRefused: 0,
  sipStrays: 0,
  registersRefused: 0,
  transactions: { clients: 0, servers: 0 },
  unreadOctets: 0,
};

function scene(t: { after(then: () => void): void }) {
  const clock = new VirtualClock();
  const now: { web: LoopLag; unit: UnitFigures | undefined } = { web: idle, unit: well };
  const overload = new Overload({
    limits,
    clock,
    log: silentLog,
    webLag: () => now.web,
    unit: { figures: async () => now.unit },
  });
  t.after(() => overload.close());
  return { now, overload, look: () => clock.advance(5_000) };
}

test("as many calls as told, and not one more", (t) => {
  const { overload } = scene(t);
  assert.equal(overload.reason(2), undefined);
  assert.equal(overload.reason(3), "calls");
});

test("a loop that is late in two looks in a row sheds calls, until one look finds it in time", async (t) => {
  const { now, overload, look } = scene(t);
  for (const [reason, set] of [
    ["web-lag", (lag: LoopLag) => (now.web = lag)],
    ["unit-lag", (mainLag: LoopLag) => (now.unit = { ...well, mainLag })],
    ["media-lag", (mediaLag: LoopLag) => (now.unit = { ...well, mediaLag })],
  ] as const) {
    set(late);
    await look();
    assert.equal(overload.reason(0), undefined, "one late look is a bad moment");
    await look();
    assert.equal(overload.reason(0), reason);
    set(idle);
    await look();
    assert.equal(overload.reason(0), undefined);
  }
});

test("port pairs are kept for the further legs of calls in progress", async (t) => {
  const { now, overload, look } = scene(t);
  await look();
  assert.equal(overload.reason(0), undefined);
  now.unit = { ...well, portPairs: { used: 47, all: 50 } };
  await look();
  assert.equal(overload.reason(0), "ports");
  // A unit that is away is another reason to refuse, and not this one's.
  now.unit = undefined;
  await look();
  assert.equal(overload.reason(0), undefined);
});
