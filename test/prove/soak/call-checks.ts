import assert from "node:assert/strict";
import { type Check, check } from "../checks.ts";
import type { CrashSeen } from "./crashes.ts";
import { type CallKept, readLedger } from "./ledger.ts";
import type { LegSeen, Phones } from "./phones-process.ts";
import { planOf } from "./plan.ts";
import type { Visit } from "./visitor.ts";

export interface CallsSeen {
  readonly seed: string;
  /** By the call's number; an error where the visitor gave up. */
  readonly visits: readonly (Visit | Error)[];
  readonly phones: Awaited<ReturnType<Phones["told"]>>;
  readonly crashes: readonly CrashSeen[];
  /** Where the database lies. */
  readonly folder: string;
  readonly calls: number;
}

const bothEndWithinMs = 5_000;
/** A call that was up at any moment from the death until so long after the next life may go otherwise than its people wanted. */
const afterDeathMs = 3_000;

/** What became of the calls: the visitors', the telephones' and the database's word laid beside each other. */
export async function* callChecks(seen: CallsSeen): AsyncIterable<Check> {
  const kept = readLedger(seen.folder);
  const ofSoak = kept.filter(({ number }) => number < seen.calls);
  const { legs, notes } = seen.phones;
  const legsOf = Map.groupBy(legs, ({ call }) => call);
  const keptOf = Map.groupBy(kept, ({ number }) => number);

  yield await check(`${seen.calls} visitors have a call each`, () => {
    const gaveUp = seen.visits.filter((visit) => visit instanceof Error);
    assert.equal(gaveUp.length, 0, `${gaveUp.length} gave up: ${told(gaveUp.map(withCause))}`);
    const others = [...keptOf].filter(([, calls]) => calls.length !== 1).map(([number]) => number);
    assert.equal(others.length, 0, `more than one call: ${told(others)}`);
    assert.equal(ofSoak.length, seen.calls);
    const visits = seen.visits.flatMap((visit) => (visit instanceof Error ? [] : [visit]));
    const again = visits.filter(({ tries }) => tries > 0).length;
    const events = visits.reduce((sum, visit) => sum + visit.events, 0);
    const breaks = visits.reduce((sum, visit) => sum + visit.breaks, 0);
    return `${again} tried more than once; live pages heard ${events} events and broke ${breaks} times`;
  });
  yield await check("no call is left open, each has exactly one end", () => {
    const open = kept.filter(({ call }) => call.state !== "ended" || call.outcome === undefined);
    assert.equal(open.length, 0, `open: ${told(open.map(({ call }) => call))}`);
    const others = kept.filter(({ ends }) => ends !== 1);
    assert.equal(others.length, 0, `ends: ${told(others.map(({ call, ends }) => [call.id, ends]))}`);
    return `${kept.length} calls, with those that warmed up`;
  });
  yield await check("no permit is left over", () => {
    const left = kept.filter(({ permits }) => permits.some(({ isOver }) => !isOver));
    assert.equal(left.length, 0, told(left.map(({ call, permits }) => [call.id, permits])));
    return `${kept.reduce((sum, { permits }) => sum + permits.length, 0)} permits`;
  });
  yield await check("no INVITE without a permit, no telephone is rung twice", () => {
    const without = legs.filter(({ call, side }) => permitsOf(keptOf.get(call), side) === 0);
    assert.equal(without.length, 0, `without a permit: ${told(without)}`);
    const twice = [...legsOf.values()].filter(
      (both) => new Set(both.map(({ side }) => side)).size !== both.length,
    );
    assert.equal(twice.length, 0, `rung twice: ${told(twice)}`);
    return `${legs.length} legs rang`;
  });
  yield await check("no line is left at the telephones, and they saw nothing odd", () => {
    const left = legs.filter(({ endedAtMs }) => endedAtMs === undefined);
    assert.equal(left.length, 0, told(left));
    assert.deepEqual(notes.slice(0, 5), []);
    const whys = Object.entries(Object.groupBy(legs, ({ why }) => String(why)));
    return whys.map(([why, all]) => `${all?.length} ${why}`).join(", ");
  });
  yield await check("of two who talked, both lines end within 5 s", () => {
    const apart = kept.flatMap(({ call, number }) => {
      const both = legsOf.get(number) ?? [];
      if (call.bridgedAtMs === undefined || both.length !== 2) return [];
      const [first = 0, second = 0] = both.map(({ endedAtMs }) => endedAtMs);
      const firstAtMs = Math.min(first, second);
      const deaths = seen.crashes.filter(({ diedAtMs, servesAtMs }) => {
        return firstAtMs > diedAtMs - bothEndWithinMs && firstAtMs < servesAtMs + bothEndWithinMs;
      });
      const during = deaths.map(({ who, diedAtMs, servesAtMs }) => ({
        ...{ who, sinceDeathMs: firstAtMs - diedAtMs, untilServedMs: servesAtMs - firstAtMs },
      }));
      return [{ call: call.id, number, ms: Math.abs(first - second), during }];
    });
    const late = apart.filter(({ ms }) => ms > bothEndWithinMs);
    assert.equal(late.length, 0, `${late.length} of ${apart.length}: ${told(late)}`);
    const sorted = apart.map(({ ms }) => ms).toSorted((one, other) => one - other);
    return `${apart.length} pairs; median ${sorted[sorted.length >> 1]} ms, max ${sorted.at(-1)} ms`;
  });
  yield await check("no line outlives its call by 5 s", () => {
    const longer = kept.flatMap(({ call, number }) =>
      (legsOf.get(number) ?? []).map(({ side, endedAtMs }) => ({
        ...{ call: call.id, number, side },
        ms: (endedAtMs ?? Number.POSITIVE_INFINITY) - (call.endedAtMs ?? Number.NEGATIVE_INFINITY),
      })),
    );
    const late = longer.filter(({ ms }) => ms > bothEndWithinMs);
    assert.equal(late.length, 0, told(late));
    return `${Math.max(0, ...longer.map(({ ms }) => ms))} ms at most`;
  });
  const harmed = ofSoak.filter((each) => isHarmed(each, legsOf.get(each.number) ?? [], seen.crashes));
  yield await check("calls that no death touched went as their people wanted", () => {
    const untouched = ofSoak.filter((each) => !harmed.includes(each));
    const otherwise = untouched.filter(({ call, number }) => {
      const { outcome } = planOf({ type: "drawn", seed: seen.seed }, number);
      return call.outcome !== outcome || (outcome === "completed" && call.pushed.length !== 1);
    });
    const { length } = otherwise;
    const them = otherwise.map(({ call, number }) => [
      planOf({ type: "drawn", seed: seen.seed }, number).way,
      call.outcome,
      call.pushed.length,
    ]);
    assert.equal(length, 0, `${length} of ${untouched.length}: ${told(them)}`);
    return `${untouched.length}: ${outcomes(untouched)}; ${pushes(untouched)} pages pushed`;
  });
  yield await check("calls that lived through a death", () => {
    const asWanted = harmed.filter(
      ({ call, number }) => call.outcome === planOf({ type: "drawn", seed: seen.seed }, number).outcome,
    );
    const failed = harmed.filter(({ call }) => call.outcome === "platform-failed");
    assert.equal(failed.length, 0, `failed: ${told(failed.map(({ call }) => call))}`);
    return `${harmed.length}, ${asWanted.length} of them as their people wanted: ${outcomes(harmed)}; ${pushes(harmed)} pages pushed`;
  });
  yield await check(`${seen.crashes.length} deaths`, () => {
    const whos = Object.entries(Object.groupBy(seen.crashes, ({ who }) => who));
    const counts = whos.map(([who, all]) => `${all?.length} ${who}`).join(", ");
    const longestMs = Math.max(0, ...seen.crashes.map(({ diedAtMs, servesAtMs }) => servesAtMs - diedAtMs));
    return `${counts}; it served again after ${longestMs} ms at most`;
  });
}

function permitsOf(calls: readonly CallKept[] | undefined, side: LegSeen["side"]): number {
  return (calls ?? []).flatMap(({ permits }) => permits).filter(({ kind }) => kind === side).length;
}

function isHarmed({ call }: CallKept, legs: readonly LegSeen[], crashes: readonly CrashSeen[]): boolean {
  const endsAtMs = Math.max(call.endedAtMs ?? 0, ...legs.map(({ endedAtMs }) => endedAtMs ?? 0));
  return crashes.some(
    ({ diedAtMs, servesAtMs }) => call.beganAtMs <= servesAtMs + afterDeathMs && endsAtMs >= diedAtMs,
  );
}

function outcomes(calls: readonly CallKept[]): string {
  const byOutcome = Object.entries(Object.groupBy(calls, ({ call }) => String(call.outcome)));
  return byOutcome.map(([outcome, all]) => `${all?.length} ${outcome}`).join(", ");
}

function pushes(calls: readonly CallKept[]): number {
  return calls.reduce((sum, { call }) => sum + call.pushed.length, 0);
}

function withCause(error: Error): string {
  return `${error.message}: ${String(error.cause)}`;
}

/** The first few, for a failure's message. */
function told(odd: readonly unknown[]): string {
  return odd
    .slice(0, 5)
    .map((each) => JSON.stringify(each).slice(0, 600))
    .join("\n        ");
}
