import type { LegId } from "#base/ids.ts";
import type { JournalRow, NewJournalRow } from "#store/journal.ts";
import { type Call, userLegOf } from "./call.ts";
import type { CallRecord, PagePushed } from "./call-record.ts";
import { stepsOf } from "./call-progress.ts";
import type { BecameTrue } from "./step.ts";
import { asksToAgree, type StepName } from "./web-call.ts";

/**
 * What a row of a call's journal says, beside when and in which step it became true. Of the call it tells what has changed, whole:
 * who reads all rows knows the call record (`call-records.ts`), and reports need nothing else.
 */
export interface JournalFact {
  /** `answered`, `wrong-pin`. */
  readonly became: string;
  /** The first row's: what does not change. */
  readonly begun?: Pick<CallRecord, "reference" | "subject" | "visitorNumber" | "legOrder" | "confirms">;
  /** When the row ended its step: since when that had run, and the steps that run now. */
  readonly beganAtMs?: number;
  readonly next?: readonly StepName[];
  readonly outcome?: CallRecord["outcome"];
  /** The center leg in hand, 1 the first. */
  readonly attempt?: CallRecord["routesTried"][number] & { readonly count: number };
  /** The leg that answered, and when, as the unit saw it. */
  readonly answered?: { readonly leg: LegId; readonly atMs: number };
  readonly pushed?: PagePushed;
  /** What became of pages pushed before; `push` counts from 1. */
  readonly pushResults?: readonly ({ readonly push: number } & Pick<PagePushed, "result" | "resultAtMs">)[];
  readonly ended?: Pick<CallRecord, "userLegSeconds" | "centerLegSeconds" | "bridgedSeconds"> & {
    readonly endedAtMs: number;
  };
}

export function begunRow(call: Call): NewJournalRow {
  const { reference, subject, visitorNumber, legOrder } = call;
  const fact: JournalFact = {
    became: "begun",
    begun: { reference, subject, visitorNumber, legOrder, confirms: asksToAgree(call.order) },
    next: stepsOf(call),
  };
  return rowOf(call, "begin-call", fact, call.beganAtMs);
}

/** The row of a checkpoint: `call` came of `before` when `step` made this true. */
export function journalRow(of: {
  readonly before: Call;
  readonly call: Call;
  readonly step: StepName;
  readonly became: BecameTrue;
  readonly ended: boolean;
  readonly atMs: number;
}): NewJournalRow {
  const { before, call, step, became, ended, atMs } = of;
  const attempt = call.attempts === before.attempts ? undefined : call.attempts.at(-1);
  const pushed = call.pushed.length === before.pushed.length ? undefined : call.pushed.at(-1);
  const pushResults = resultsSince(before.pushed, call.pushed);
  const answered = legAnswered(before, call);
  const fact: JournalFact = {
    became: became.fact,
    ...became.details,
    ...(ended ? { beganAtMs: before.began[step] ?? atMs, next: stepsOf(call) } : {}),
    ...(call.outcome === before.outcome ? {} : { outcome: call.outcome }),
    ...(attempt === undefined ? {} : { attempt: { count: call.attempts.length, ...routeTried(attempt) } }),
    ...(answered === undefined ? {} : { answered }),
    ...(pushed === undefined ? {} : { pushed }),
    ...(pushResults.length === 0 ? {} : { pushResults }),
    ...(call.endedAtMs === undefined ? {} : { ended: endOf(call, call.endedAtMs) }),
  };
  return rowOf(call, step, fact, atMs);
}

/** In the log's words. */
export function wentOn(row: NewJournalRow): { readonly step: string; readonly became: string } {
  return { step: row.step, became: factOf(row).became };
}

/** Rows are written here alone. */
export function factOf(row: Pick<JournalRow, "fact">): JournalFact {
  return row.fact as unknown as JournalFact;
}

function rowOf(call: Call, step: string, fact: JournalFact, atMs: number): NewJournalRow {
  return { call: call.id, atMs, subscriber: call.subscriber, step, fact: { ...fact } };
}

function legAnswered(before: Call, call: Call): JournalFact["answered"] {
  if (call.userAnsweredAtMs !== undefined && call.userAnsweredAtMs !== before.userAnsweredAtMs)
    return { leg: userLegOf(call), atMs: call.userAnsweredAtMs };
  const { leg, answeredAtMs } = call.attempts.at(-1) ?? {};
  const known = before.attempts.find((attempt) => attempt.leg === leg)?.answeredAtMs;
  return leg === undefined || answeredAtMs === undefined || answeredAtMs === known
    ? undefined
    : { leg, atMs: answeredAtMs };
}

function resultsSince(
  before: readonly PagePushed[],
  pushed: readonly PagePushed[],
): NonNullable<JournalFact["pushResults"]> {
  return before.flatMap(({ result: was }, at) => {
    const { result, resultAtMs } = pushed[at] ?? {};
    if (result === undefined || result === was || resultAtMs === undefined) return [];
    return [{ push: at + 1, result, resultAtMs }];
  });
}

function routeTried({ route, result }: Call["attempts"][number]): CallRecord["routesTried"][number] {
  return { route: route.id, number: route.number, dnis: route.dnis, result };
}

function endOf(call: Call, endedAtMs: number): NonNullable<JournalFact["ended"]> {
  const { userLegSeconds, centerLegSeconds, bridgedSeconds } = call;
  return { endedAtMs, userLegSeconds, centerLegSeconds, bridgedSeconds };
}
