import { TandemError } from "#base/errors.ts";
import type { Database } from "#store/database.ts";
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

/**
 * Writes down what a step has made true, in one transaction or not at all; `end` is given when the step ended with it.
 *
 * Throws CALL_TAKEN when the stored call is not the one that the step began with: then another process has gone on with it.
 */
export function writeCheckpoint(
  database: Database,
  of: {
    readonly before: Call;
    readonly step: StepName;
    readonly became: BecameTrue;
    readonly end: StepEnd | undefined;
    readonly atMs: number;
  },
): Promise<Noted & { readonly call: Call }> {
  const { before, step, became, end, atMs } = of;
  return database.transaction(async (tx) => {
    const more = await became.alongside?.(tx);
    const call = nextCall(before, step, { ...became, call: { ...became.call, ...more } }, end, atMs);
    const pages = [...(became.pages ?? []), ...stagePages(before, call)];
    if (!(await updateCall(tx, before, call))) throw new TandemError("CALL_TAKEN", { call: call.id, step });
    await takeCommands(tx, call.id, became.obeyed ?? [], atMs);
    if (pages.length > 0) await appendPages(tx, call, pages, atMs);
    const row = journalRow({ before, call, step, became, ended: end !== undefined, atMs });
    await appendJournal(tx, [row]);
    return { call, row, pages };
  });
}
