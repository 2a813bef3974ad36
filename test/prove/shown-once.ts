import assert from "node:assert/strict";
import { openPlatform, type Platform } from "#rig/platform.ts";
import { operatorToken } from "../../bench/flow/call-records.ts";
import type { CallRecord } from "#call-manager/call-record.ts";
import { type Check, check } from "./checks.ts";
import { type FaultyRelay, openFaultyRelay } from "./pushes/faulty-relay.ts";
import { PageClient } from "./pushes/page-client.ts";
import {
  addressOf,
  again,
  clicks,
  keyedAtMs,
  percentile,
  pushingBank,
  startKeyingAgents,
  startListeners,
} from "./pushes/pushing-calls.ts";

/** Of each call, and how many there are at once: each push is a row of its call's record, so a call of thousands would measure that. */
const pushesOfCall = 100;
const atOnce = 200;
const faultPercent = 5;

/**
 * M5. Pushes over a wire on which each piece, either way, meets a fault with that probability: each is shown once or taken back within
 * five seconds, and platform and page say the same of it. Before that a part without faults, for the time from key to page.
 */
export async function* proveShownOnce(pushes: number): AsyncIterable<Check> {
  yield* part({ pushes: 1_000, everyMs: 2_000, ofCall: 20, percent: 0 });
  yield* part({ pushes, everyMs: 1_500, ofCall: pushesOfCall, percent: faultPercent });
}

interface Part {
  readonly pushes: number;
  readonly ofCall: number;
  readonly everyMs: number;
  readonly percent: number;
}

async function* part({ pushes, ofCall, everyMs, percent }: Part): AsyncIterable<Check> {
  const calls = Math.ceil(pushes / ofCall);
  await using rig = new AsyncDisposableStack();
  const users = rig.use(await startListeners(calls));
  const agents = rig.use(await startKeyingAgents({ calls, code: "5#", times: ofCall, everyMs }));
  let port = 0;
  const relay = rig.use(await openFaultyRelay({ toPort: () => port, percent, seed: "20261126" }));
  const platform = rig.use(
    await openPlatform({
      config: pushingBank({ users: users.port, center: agents.port }),
      environment: {
        TANDEM_OPERATOR_TOKEN: operatorToken,
        TANDEM_LOG: "warn",
        TANDEM_PUBLIC_URL: relay.url,
        TANDEM_TRUST_PROXY: "127.0.0.1",
      },
      supervised: true,
    }),
  );
  port = Number(new URL(platform.url).port);
  const name = percent === 0 ? "without faults" : `under ${percent} % faults`;
  const beganMs = performance.now();
  const told = await allCalls({ platform, relay, calls, rig });
  const seconds = (performance.now() - beganMs) / 1_000;
  yield* outcomes({ name, told, pushes: calls * ofCall, seconds, relay });
  if (percent > 0) return;
  yield await check(`${name}: p95 from the last key to the page <= 150 ms`, () => {
    const keyed = keyedAtMs(agents);
    const ms = told.flatMap(({ record, client }) =>
      client.met.map(({ push, atMs }) => atMs - (keyed.get(record.reference)?.[push - 1] ?? Number.NaN)),
    );
    const [median, p95, most] = [percentile(ms, 50), percentile(ms, 95), percentile(ms, 100)];
    const detail = `median ${median} ms, p95 ${p95} ms, max ${most} ms, over ${ms.length} pushes`;
    assert.ok(p95 <= 150, detail);
    return detail;
  });
}

/** What the platform recorded of a call, and what its page showed. */
interface Told {
  readonly record: CallRecord;
  readonly client: PageClient;
}

/** So many at once, the next one when one is over. */
async function allCalls({
  platform,
  relay,
  calls,
  rig,
}: {
  readonly platform: Platform;
  readonly relay: FaultyRelay;
  readonly calls: number;
  readonly rig: AsyncDisposableStack;
}): Promise<readonly Told[]> {
  const told: Told[] = [];
  let begun = 0;
  const lane = async (): Promise<void> => {
    for (let visitor = begun++; visitor < calls; visitor = begun++) {
      const browser = await clicks(relay.url, "mortgages");
      const client = new PageClient(browser, {
        origin: relay.url,
        way: relay.url,
        address: addressOf(visitor),
      });
      rig.defer(() => client.close());
      await client.over;
      told.push({ record: await again(() => recordOf(platform, client.call)), client });
    }
  };
  const lanes: Promise<void>[] = [];
  for (let n = 0; n < Math.min(atOnce, calls); n++) {
    lanes.push(lane());
    // Set-ups of two hundred calls in one instant are another proof's.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await Promise.all(lanes);
  return told;
}

async function recordOf(platform: Platform, call: string): Promise<CallRecord> {
  const answer = await fetch(`${platform.url}/api/calls/${call}`, {
    headers: { authorization: `Bearer ${operatorToken}` },
  });
  return (await answer.json()) as CallRecord;
}

async function* outcomes(of: {
  readonly name: string;
  readonly told: readonly Told[];
  readonly pushes: number;
  readonly seconds: number;
  readonly relay: FaultyRelay;
}): AsyncIterable<Check> {
  const { name, told, pushes, seconds, relay } = of;
  const recorded = told.flatMap(({ record }) => record.pagesPushed);
  const shown = recorded.filter(({ result }) => result === "shown").length;
  const takenBack = recorded.filter(({ result }) => result === "not-shown").length;
  yield await check(`${name}: ${pushes} pushes, each shown or taken back`, () => {
    const { passed, cut, held, delayed } = relay.counts;
    const faults = `${cut} cut, ${held} held up, ${delayed} delayed of ${passed + cut + held + delayed} pieces`;
    const detail = `${shown} shown, ${takenBack} taken back, in ${seconds.toFixed(0)} s; ${faults}`;
    assert.equal(recorded.length, pushes, detail);
    assert.equal(shown + takenBack, pushes, detail);
    return detail;
  });
  yield await check(`${name}: platform and page say the same of each`, () => {
    const wrong = told.flatMap(({ record, client }) => differ(record, client));
    assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} in all`);
    return `${told.reduce((sum, { client }) => sum + client.connects - 1, 0)} reconnects`;
  });
  yield await check(`${name}: what is not shown is told within five seconds`, () => {
    const ms = recorded.flatMap(({ result, atMs, resultAtMs = Infinity }) =>
      result === "not-shown" ? [resultAtMs - atMs] : [],
    );
    if (ms.length === 0) return "all were shown";
    const detail = `after ${percentile(ms, 50)} ms, at most ${percentile(ms, 100)}`;
    assert.ok(percentile(ms, 100) <= 5_500, detail);
    return detail;
  });
}

/** Shown once and recorded so; or never shown, and recorded so. */
function differ(record: CallRecord, client: PageClient): readonly string[] {
  return record.pagesPushed.flatMap(({ result }, at) => {
    const times = client.met.filter(({ push, isShown }) => isShown && push === at + 1).length;
    return times === (result === "shown" ? 1 : 0)
      ? []
      : [`${record.call} ${at + 1}: ${result}, shown ${times} times`];
  });
}
