import type { CallId, SessionId } from "#base/ids.ts";
import type { Database } from "#store/database.ts";
import { type JournalRow, readJournalOfCall } from "#store/journal.ts";
import type { CallRecord } from "./call-record.ts";
import { newestCallOfSession, newestCalls } from "./call-table.ts";
import { factOf, type JournalFact } from "./journal-fact.ts";
import type { StepName } from "./web-call.ts";

/** The record of one call, live or ended. */
export async function readCallRecord(database: Database, id: CallId): Promise<CallRecord | undefined> {
  return callRecordOf(await readJournalOfCall(database, id));
}

/** Newest first. `before` is the last call that the reader has. */
export async function readCallRecords(
  database: Database,
  filter: { readonly subscriber?: string; readonly limit: number; readonly before?: CallId },
): Promise<readonly CallRecord[]> {
  const records: CallRecord[] = [];
  for (const { id } of await newestCalls(database, filter)) {
    const record = await readCallRecord(database, id);
    if (record !== undefined) records.push(record);
  }
  return records;
}

/** Of the session's newest call. */
export async function readRecordOfSession(
  database: Database,
  session: SessionId,
): Promise<CallRecord | undefined> {
  const call = await newestCallOfSession(database, session);
  return call && readCallRecord(database, call.id);
}

/** The record as the journal tells it, and the journal alone. Undefined when there is no call's first row. */
export function callRecordOf(journal: readonly JournalRow[]): CallRecord | undefined {
  const [first] = journal;
  const begun = first && factOf(first).begun;
  if (first === undefined || begun === undefined) return undefined;
  const record: CallRecord = {
    call: first.call,
    subscriber: first.subscriber,
    ...begun,
    state: "live",
    step: "",
    beganAtMs: first.atMs,
    routesTried: [],
    userLegSeconds: 0,
    centerLegSeconds: 0,
    bridgedSeconds: 0,
    pagesPushed: [],
    steps: [],
  };
  const { running, ...told } = journal.reduce(withRow, { ...record, running: [] });
  return { ...told, steps: [...told.steps, ...running] };
}

interface Telling extends CallRecord {
  readonly running: readonly { readonly step: StepName; readonly beganAtMs: number }[];
}

function withRow(told: Telling, row: JournalRow): Telling {
  const { outcome, attempt, pushed, pushResults = [], ended } = factOf(row);
  const { routesTried, pagesPushed } = told;
  return {
    ...told,
    ...withSteps(told, row),
    ...(outcome === undefined ? {} : { outcome }),
    ...(attempt === undefined ? {} : { routesTried: withAttempt(routesTried, attempt) }),
    pagesPushed: withResults(pushed === undefined ? pagesPushed : [...pagesPushed, pushed], pushResults),
    ...(ended === undefined ? {} : { ...ended, state: "ended" }),
  };
}

/** A row that ends its step says which ones run from then on: what ran, and is not among them, was stopped. */
function withSteps(told: Telling, row: JournalRow): Pick<Telling, "step" | "steps" | "running"> {
  const { became, beganAtMs, next } = factOf(row);
  if (next === undefined) return told;
  const { atMs } = row;
  const endedStep =
    beganAtMs === undefined ? [] : [{ step: row.step, beganAtMs, endedAtMs: atMs, result: became }];
  const others = told.running.filter(({ step }) => step !== row.step);
  const stopped = others.filter(({ step }) => !next.includes(step));
  return {
    step: next.at(-1) ?? row.step,
    steps: [
      ...told.steps,
      ...endedStep,
      ...stopped.map((each) => ({ ...each, endedAtMs: atMs, result: "stopped" })),
    ],
    running: next.map((step) => others.find((other) => other.step === step) ?? { step, beganAtMs: atMs }),
  };
}

function withResults(
  pagesPushed: CallRecord["pagesPushed"],
  results: NonNullable<JournalFact["pushResults"]>,
): CallRecord["pagesPushed"] {
  if (results.length === 0) return pagesPushed;
  return pagesPushed.map((page, at) => {
    const { push: _push, ...result } = results.find((each) => each.push === at + 1) ?? {};
    return { ...page, ...result };
  });
}

function withAttempt(
  tried: CallRecord["routesTried"],
  { count, ...attempt }: CallRecord["routesTried"][number] & { readonly count: number },
): CallRecord["routesTried"] {
  return [...tried.slice(0, count - 1), attempt];
}
