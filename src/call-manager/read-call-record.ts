import type { JournalRow } from "#store/journal.ts";
import type { Call } from "./call.ts";
import type { CallRecord } from "./call-record.ts";
import { stepsOf } from "./call-progress.ts";

/** What is told of a call: what is stored of it, and its journal. */
export function toCallRecord(call: Call, journal: readonly JournalRow[]): CallRecord {
  const running = stepsOf(call);
  return {
    call: call.id,
    reference: call.reference,
    subscriber: call.subscriber,
    subject: call.subject,
    state: call.state,
    step: running.at(-1) ?? journal.at(-1)?.step ?? "",
    ...(call.outcome === undefined ? {} : { outcome: call.outcome }),
    beganAtMs: call.beganAtMs,
    ...(call.endedAtMs === undefined ? {} : { endedAtMs: call.endedAtMs }),
    visitorNumber: call.visitorNumber,
    legOrder: call.legOrder,
    routesTried: call.attempts.map(({ route, result }) => ({
      route: route.id,
      number: route.number,
      dnis: route.dnis,
      result,
    })),
    userLegSeconds: call.userLegSeconds,
    centerLegSeconds: call.centerLegSeconds,
    bridgedSeconds: call.bridgedSeconds,
    pagesPushed: call.pushed,
    steps: [
      ...journal.flatMap(endedStep),
      ...running.map((step) => ({ step, beganAtMs: call.began[step] ?? call.beganAtMs })),
    ],
  };
}

/** A row that ended its step says since when the step ran; the others stand in the middle of one. */
function endedStep(row: JournalRow): CallRecord["steps"] {
  const { beganAtMs, became } = row.fact;
  if (typeof beganAtMs !== "number") return [];
  return [{ step: row.step, beganAtMs, endedAtMs: row.atMs, result: String(became) }];
}
