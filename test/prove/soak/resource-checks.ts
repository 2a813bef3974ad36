import assert from "node:assert/strict";
import { type Check, check } from "../checks.ts";
import type { HeapSeen } from "./live-heap.ts";
import { type Look, type ProcessName, processNames } from "./look.ts";
import { type Slope, slopeOf } from "./slope.ts";

export interface ResourcesSeen {
  /** With no calls: after some that warmed up, and after all. */
  readonly before: Look;
  readonly after: Look;
  readonly looks: readonly Look[];
  /** Once before, and each minute of the calm. */
  readonly heaps: readonly HeapSeen[];
  /** From here on nobody was killed. Wall time. */
  readonly calmFromMs: number;
  readonly calls: number;
  readonly spentByPeers: number;
}

/**
 * The promise is 0 +- 1 MB an hour over 8 hours. Minutes cannot tell that from noise: what they can tell, and what fails here, is
 * a leak of surely more than a kilobyte a call.
 */
const mostOctetsPerCall = 1_000;
/** Without the room for garbage it is told finer. */
const mostHeldPerCall = 100;
/** The first quarter of the calm belongs to a process that is new: its heap grows to what its work needs. */
const settlesShare = 1 / 4;

/** What the processes hold, and that they have given back what they used. */
export async function* resourceChecks(seen: ResourcesSeen): AsyncIterable<Check> {
  const { before, after } = seen;
  for (const name of processNames)
    yield await check(`${name}: descriptors and sockets are back where they were`, () => {
      const [then, now] = [before.processes[name], after.processes[name]];
      assert.ok(then !== undefined && now !== undefined, `the ${name} was not there`);
      const detail = `descriptors ${then.descriptors} -> ${now.descriptors}, sockets ${then.sockets} -> ${now.sockets}, threads ${then.threads} -> ${now.threads}`;
      assert.ok(now.descriptors <= then.descriptors && now.sockets <= then.sockets, detail);
      return detail;
    });
  yield await check("timers and all else that keeps a loop awake are back where they were", () => {
    const pairs = [...after.metrics].filter(([name]) => name.startsWith("tandem_active_resources"));
    assert.ok(pairs.length > 0, "nothing was told");
    const detail = pairs
      .map(([name, now]) => `${short(name)} ${before.metrics.get(name)} -> ${now}`)
      .join(", ");
    assert.ok(
      pairs.every(([name, now]) => now <= (before.metrics.get(name) ?? 0)),
      detail,
    );
    return detail;
  });
  yield await check("no leg, no port, no transaction, no live page, no command is left", () => {
    const left = [...after.metrics].filter(([name, value]) => ofCalls.test(name) && value !== 0);
    assert.deepEqual(left, []);
  });
  const calm = seen.looks.filter(({ atMs }) => atMs >= seen.calmFromMs);
  const minutes = ((calm.at(-1)?.atMs ?? 0) - (calm[0]?.atMs ?? 0)) / 60_000;
  const settled = calm.slice(Math.floor(calm.length * settlesShare));
  const hours = ((settled.at(-1)?.atMs ?? 0) - (settled[0]?.atMs ?? 0)) / 3_600_000;
  const callsPerHour = (wishes(settled.at(-1)) - wishes(settled[0])) / hours;
  for (const name of processNames)
    yield await check(`${name}: memory`, () => {
      const slope = slopeOf(valuesOf(settled, name));
      const perCall = ((slope.perHour - slope.uncertainty) * 1e6) / callsPerHour;
      const detail = memoryTold(seen, name, slope);
      assert.ok(perCall <= mostOctetsPerCall, detail);
      return detail;
    });
  for (const name of ["web", "unit"] as const)
    yield await check(`${name}: what its JavaScript holds when its garbage is collected`, () => {
      const values = seen.heaps.filter(({ process }) => process === name);
      const inCalm = values.filter(({ atMs }) => atMs >= seen.calmFromMs);
      const slope = slopeOf(inCalm.map(({ atMs, mb }) => ({ atMs, value: mb })));
      const detail = `${values.map(({ mb }) => mb.toFixed(1)).join(", ")} MB; slope without deaths ${slope.perHour.toFixed(1)} +- ${slope.uncertainty.toFixed(1)} MB an hour`;
      assert.ok(((slope.perHour - slope.uncertainty) * 1e6) / callsPerHour <= mostHeldPerCall, detail);
      return detail;
    });
  yield await check("processor time", () => {
    const [first, last] = [calm[0], calm.at(-1)];
    const calls = wishes(last) - wishes(first);
    const each = (["web", "unit", "supervisor"] as const).map((name) => {
      const spentMs = (last?.processes[name]?.cpuMs ?? 0) - (first?.processes[name]?.cpuMs ?? 0);
      return `${name} ${(spentMs / calls).toFixed(1)} ms`;
    });
    const { metrics } = last ?? after;
    const lags = ["web", "unit", "media"].map(
      (thread) => `${thread} ${metrics.get(`tandem_event_loop_lag_seconds{thread="${thread}",of="p99"}`)}`,
    );
    return `a call, over the last ${minutes.toFixed(1)} minutes (${(calls / minutes / 60).toFixed(2)} calls a second): ${each.join(", ")}; telephones and visitors ${seen.spentByPeers.toFixed(1)} ms, over all. Lag p99: ${lags.join(", ")}`;
  });
}

const ofCalls =
  /^tandem_(?:calls\{|legs\{|rtp_port_pairs\{state="used"|sip_transactions|live_connections|unit_commands_waiting|unit_octets_unsent|web_octets_unread)/;

function valuesOf(looks: readonly Look[], name: ProcessName) {
  return looks.flatMap(({ atMs, processes }) => {
    const seen = processes[name];
    return seen === undefined ? [] : [{ atMs, value: seen.residentMb }];
  });
}

function wishes(seen: Look | undefined): number {
  return seen?.metrics.get('tandem_call_wishes_total{answer="begun"}') ?? 0;
}

function memoryTold({ before, after, looks }: ResourcesSeen, name: ProcessName, slope: Slope): string {
  const mb = (seen: Look): string => `${seen.processes[name]?.residentMb.toFixed(0)} MB`;
  const most = Math.max(0, ...valuesOf(looks, name).map(({ value }) => value)).toFixed(0);
  return `${mb(before)} before, ${most} MB at most, ${mb(after)} after; slope without deaths ${slope.perHour.toFixed(0)} +- ${slope.uncertainty.toFixed(0)} MB an hour`;
}

function short(name: string): string {
  return name.replace(/^.*thread="(\w+)",type="(\w+)".*$/, "$1 $2");
}
