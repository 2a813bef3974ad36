import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bankConfig } from "#rig/bank.ts";
import { openPlatform, type Platform } from "#rig/platform.ts";
import { type Peer, startPeer, temporaryFolder } from "#rig/processes.ts";
import { type Check, check } from "./checks.ts";
import { type Ended, oneCall, openPair, type Pair } from "./instants/one-call.ts";

/**
 * By which the unit's main thread touches the world: SIP over UDP, the journal's pages, events to the web process. Each call of one is an
 * instant before which it may die, and nothing between two of them can be seen from outside.
 */
const touches = ["sendmsg", "sendmmsg", "pwrite64", "write", "writev"] as const;
type Touch = (typeof touches)[number];
const every = 5;

/**
 * C4. One whole call is watched by strace, and every system call of the unit's main thread counted that the world notices. Then the same
 * call again and again, each with a kill -9 just before the first, the sixth, the eleventh of each kind: the call goes on, or both lines
 * end within five seconds and the page says so; no line is left, and no telephone rings twice.
 */
export async function* proveAnyInstant(): AsyncIterable<Check> {
  const counts = new Map<Touch, number>();
  yield await check("one call, watched", async () => {
    for (const [touch, count] of await countTouches()) counts.set(touch, count);
    return [...counts].map(([touch, count]) => `${count} ${touch}`).join(", ");
  });
  for (const [touch, count] of counts) {
    for (let instant = 1; instant <= count; instant += every)
      yield await check(`death before ${touch} ${instant} of ${count}`, () => overDeath(touch, instant));
  }
}

async function countTouches(): Promise<ReadonlyMap<Touch, number>> {
  using folder = temporaryFolder("instants");
  const file = join(folder.path, "touches");
  return await withPlatform(async (platform, pair) => {
    const watching = await strace(platform.unitPid, ["-o", file]);
    assertGood(await oneCall(platform, pair));
    await watching.stop("SIGINT");
    const seen = readFileSync(file, "utf8").split("\n");
    const counted = touches.map((touch) => {
      const count = seen.filter((line) => line.startsWith(`${touch}(`)).length;
      return [touch, count] as const;
    });
    return new Map(counted.filter(([, count]) => count > 0));
  });
}

async function overDeath(touch: Touch, instant: number): Promise<string> {
  return await withPlatform(async (platform, pair) => {
    const first = platform.unitPid;
    const killer = await strace(first, ["-e", `inject=${touch}:signal=KILL:when=${instant}`]);
    try {
      const ended = await oneCall(platform, pair);
      assertGood(ended);
      await assertNoLineLeft(platform);
      const died = platform.unitPid === first ? "it did not come so far" : "";
      const { outcome = "none", step } = ended.record;
      return [outcome, outcome === "completed" ? "" : `in ${step}`, died].filter(Boolean).join(", ");
    } finally {
      await killer.stop("SIGINT");
    }
  });
}

async function withPlatform<T>(work: (platform: Platform, pair: Pair) => Promise<T>): Promise<T> {
  await using pair = await openPair();
  await using platform = await openPlatform({
    config: bankConfig({ user: pair.user.sipPort, center: pair.center.sipPort }),
    environment: { TANDEM_LOG: "warn" },
    supervised: true,
  });
  return await work(platform, pair);
}

/** Of the main thread alone: the media engine's has its own, and no state. Resolves once it looks. */
async function strace(pid: number, words: readonly string[]): Promise<Peer> {
  const peer = await startPeer({
    program: "strace",
    words: ["-p", String(pid), "-e", `trace=${touches.join(",")}`, ...words],
  });
  await peer.line(/attached/);
  return peer;
}

/** Whether it went on or not: everybody was told, and nobody was called twice. */
function assertGood({ record, page, linesOverMs, rang }: Ended): void {
  const all = JSON.stringify({ record, page, linesOverMs, rang });
  assert.ok(linesOverMs !== undefined, `a line goes on after its call: ${all}`);
  assert.ok(
    rang.every((times) => times <= 1),
    `a telephone rang twice: ${all}`,
  );
  if (record.outcome === "completed") assert.match(page, /Goodbye/, all);
  else assert.match(page, /Call again/, all);
}

async function assertNoLineLeft(platform: Platform): Promise<void> {
  const giveUpMs = performance.now() + 10_000;
  for (;;) {
    const lines = [...(await platform.metrics()).matchAll(/^tandem_legs\{state="(\w+)"\} (\d+)$/gm)];
    const live = lines.filter(([, state, count]) => state !== "ended" && count !== "0");
    if (live.length === 0) return;
    if (performance.now() > giveUpMs) assert.fail(`lines are left: ${live.map(([line]) => line).join("; ")}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
