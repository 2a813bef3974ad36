import { TandemError } from "#base/errors.ts";
import type { Database, Transaction } from "#store/database.ts";
import { appendJournal } from "#store/journal.ts";
import type { Call } from "./call.ts";
import { takeCommands } from "./call-inbox-table.ts";
import type { Noted } from "./call-manager.ts";
import { nextCall, stagePages } from "./call-progress.ts";
import { updateCall } from "./call-table.ts";
import { journalRow } from "./journal-fact.ts";
import { appendPages } from "./session-page-table.ts";
import type { BecameTrue, StepEnd } from "./step.ts";
import type { StepName } from "./web-call.ts";

/** What a step has made true, and when; `end` is given when the step ended with it. */
export interface Passage {
  readonly step: StepName;
  readonly became: BecameTrue;
  readonly end: StepEnd | undefined;
  readonly atMs: number;
}

/**
 * Writes down what has become true of a call, one passage after the other, in one transaction or not at all.
 *
 * Throws CALL_TAKEN when the stored call is not the one that the passages began with: then another process has gone on with it.
 */
export function writeCheckpoint(
  database: Database,
  before: Call,
  passages: readonly Passage[],
): Promise<{ readonly call: Call; readonly noted: readonly Noted[] }> {
  return database.transaction(async (tx) => {
    let call = before;
    const noted: Noted[] = [];
    for (const passage of passages) {
      const written = await writePassage(tx, call, passage);
      call = written.call;
      noted.push(written.noted);
    }
    const { id, state } = call;
    if (!(await updateCall(tx, before, call))) throw new TandemError("CALL_TAKEN", { call: id, state });
    return { call, noted };
  });
}

async function writePassage(
  tx: Transaction,
  before: Call,
  { step, became, end, atMs }: Passage,
): Promise<{ readonly call: Call; readonly noted: Noted }> {
  const more = await became.alongside?.(tx);
  const call = nextCall(before, step, { ...became, call: { ...became.call, ...more } }, end, atMs);
  const pages = [...(became.pages ?? []), ...stagePages(before, call)];
  await takeCommands(tx, call.id, became.obeyed ?? [], atMs);
  if (pages.length > 0) await appendPages(tx, call, pages, atMs);
  const row = journalRow({ before, call, step, became, ended: end !== undefined, atMs });
  await appendJournal(tx, [row]);
  return { call, noted: { row, pages } };
}
