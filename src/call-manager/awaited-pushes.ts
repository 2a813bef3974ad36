import type { Transaction } from "#store/database.ts";
import type { Call } from "./call.ts";
import type { PagePushed } from "./call-record.ts";
import { readPushResults, settlePush } from "./session-page-table.ts";

/** So long a pushed page has to be shown. Then it is taken back: an agent who is told "not shown" must be able to rely on it. */
const shownWithinMs = 5_000;

/**
 * When the next awaited page is taken back; Infinity when none is awaited. A process that died showed nobody anything, so the next
 * one gives the same time again, from `sinceMs`.
 */
export function takenBackAtMs({ pushed }: Pick<Call, "pushed">, sinceMs: number): number {
  const since = awaited(pushed).map(({ atMs }) => Math.max(atMs, sinceMs));
  return Math.min(...since) + shownWithinMs;
}

/**
 * Takes back what is late; all that is awaited, when the call is over. Gives the call's pushes as the page log has them: a browser may
 * have been faster.
 */
export async function settlePushes(
  tx: Transaction,
  call: Pick<Call, "id" | "session" | "pushed">,
  now: { readonly atMs: number } & ({ readonly sinceMs: number } | { readonly isOver: true }),
): Promise<readonly PagePushed[]> {
  const { id, session } = call;
  const { atMs } = now;
  const late = awaited(call.pushed)
    .filter((each) => "isOver" in now || Math.max(each.atMs, now.sinceMs) + shownWithinMs <= atMs)
    .map(({ push }) => ({ push, result: "not-shown", atMs }) as const);
  for (const each of late) await settlePush(tx, { call: id, session, ...each });
  // A page that is not in the log can be shown by nobody.
  const results = [...(await readPushResults(tx, { id, session })), ...late];
  return call.pushed.map((page, at) => {
    const settled = page.result === "awaited" ? results.find(({ push }) => push === at + 1) : undefined;
    return settled === undefined ? page : { ...page, result: settled.result, resultAtMs: settled.atMs };
  });
}

/** What the agent hears of pages that were awaited and are not any more: one tone, and the bad news before the good. */
export function answerToPushes(
  before: readonly PagePushed[],
  pushed: readonly PagePushed[],
): Call["answer"] | undefined {
  const settled = awaited(before).filter(({ push }) => pushed[push - 1]?.result !== "awaited");
  const last = settled.at(-1);
  if (last === undefined) return undefined;
  const isBad = settled.some(({ push }) => pushed[push - 1]?.result === "not-shown");
  return { play: `page.${last.push}`, tone: isBad ? "refuse" : "confirm" };
}

function awaited(pushed: readonly PagePushed[]): readonly { readonly push: number; readonly atMs: number }[] {
  return pushed.flatMap(({ result, atMs }, at) => (result === "awaited" ? [{ push: at + 1, atMs }] : []));
}
