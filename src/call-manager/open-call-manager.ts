import type { Clock } from "#base/clock.ts";
import { type CallId, type SessionId, sessionMark } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Network } from "#network/network.ts";
import type { Database } from "#store/database.ts";
import { readJournal } from "#store/journal.ts";
import type { TelecomUnit } from "#telecom/client.ts";
import { admitPhones } from "./admit-phones.ts";
import { bootWithinReach } from "./unit-within-reach.ts";
import { beginCall } from "./begin-call.ts";
import type { Call } from "./call.ts";
import { type InboxCommand, putCommand } from "./call-inbox-table.ts";
import type { CallManager, Noted, WatchedCalls } from "./call-manager.ts";
import { readCallRecord, readCallRecords, readRecordOfSession } from "./call-records.ts";
import { readCall } from "./call-table.ts";
import { guestLogin } from "./guest-phone.ts";
import { wentOn } from "./journal-fact.ts";
import { CallRunners } from "./kernel/run-calls.ts";
import type { Pages } from "./pages.ts";
import { lastPage, readPagesAfter, settlePush } from "./session-page-table.ts";
import type { Step } from "./step.ts";
import { agentSignsOn } from "./steps/agent-signs-on.ts";
import { announce } from "./steps/announce.ts";
import { bridge } from "./steps/bridge.ts";
import { callCenter } from "./steps/call-center.ts";
import { callUser } from "./steps/call-user.ts";
import { chooseCenter } from "./steps/choose-center.ts";
import { converse } from "./steps/converse.ts";
import { sayGoodbye } from "./steps/say-goodbye.ts";
import { userConfirms } from "./steps/user-confirms.ts";
import { whisper } from "./steps/whisper.ts";
import type { StepName } from "./web-call.ts";

const steps: Readonly<Record<StepName, Step>> = {
  "choose-center": chooseCenter,
  "call-user": callUser,
  "user-confirms": userConfirms,
  announce,
  "call-center": callCenter,
  "agent-signs-on": agentSignsOn,
  whisper,
  bridge,
  converse,
  "say-goodbye": sayGoodbye,
};

const mostPages = 100;
const mostMissed = 500;
/** As the operator's API promises (docs/wire.md). */
const mostCalls = 200;

/**
 * Resolves at once; the unfinished calls of an earlier life go on as soon as the unit has been reached. Until then a wish for a new
 * call is refused with `unit-unreachable`. `close` leaves every call as it stands: the next one to open goes on with it.
 */
export async function openCallManager(around: {
  readonly database: Database;
  readonly network: Network;
  readonly unit: TelecomUnit;
  readonly pages: Pages;
  /** The platform's secrets, newest first: what a browser's telephone logs in by follows from them. */
  readonly secretKeys: readonly Uint8Array[];
  /** Whether one more call beside so many is too much. Never, unless told. */
  readonly isTooMuch?: (callsInProgress: number) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Promise<CallManager & WatchedCalls & { close(): Promise<void> }> {
  const { database, unit, pages, clock, log } = around;
  let closed = false;
  let beginning = 0;
  const watchers = new Set<(noted: Noted) => void>();
  const show = (noted: Noted): void => {
    for (const watcher of [...watchers]) {
      try {
        watcher(noted);
      } catch (error) {
        log.error({ error }, "A watcher of the calls failed.");
      }
    }
  };
  const runners = new CallRunners({
    ...around,
    steps,
    onPages: (call) => pages.changed(call.session),
    onNoted: show,
  });
  const admitting = admitPhones(around);
  const takenUp = runners.takeUp().catch((error: unknown) => {
    if (!closed) log.error({ error }, "The unfinished calls could not be taken up.");
  });

  /** Puts a command into the inbox of the session's own live call, if it still is. */
  const command = async (
    of: { readonly call: CallId; readonly session: SessionId },
    make: (call: Call) => Promise<InboxCommand | undefined>,
  ): Promise<void> => {
    const call = await readCall(database, of.call);
    if (call === undefined || call.session !== of.session || call.state === "ended") return;
    const wanted = await make(call);
    if (wanted === undefined) return;
    await database.transaction((tx) => putCommand(tx, call.id, wanted, clock.now()));
    await runners.readInbox(call.id);
  };

  return {
    async beginCall(wish) {
      let counted = false;
      const admits = (): boolean => {
        if (around.isTooMuch?.(runners.steps().length + beginning) === true) return false;
        // A hundred clicks at once must not each find the last place free.
        beginning += 1;
        counted = true;
        return true;
      };
      try {
        const reachUnit = () => bootWithinReach(unit, clock);
        const begun = await beginCall(wish, { ...around, reachUnit, admits });
        if ("begun" in begun && begun.begun !== undefined) {
          const { noted } = begun.begun;
          const { id: call, session, reference, subscriber, subject } = begun.begun.call;
          const ofCall = log.with({ call, session: sessionMark(session) });
          ofCall.info({ reference, subscriber, subject }, "A call began.");
          pages.changed(wish.session);
          for (const each of noted) show(each);
          for (const { row } of noted.slice(1)) ofCall.debug(wentOn(row), "A call went on.");
          // It stands in the database: if its flow cannot begin now, the next start takes it up.
          runners
            .run(begun.begun.call)
            .catch((error: unknown) => ofCall.error({ error }, "A call's flow did not begin."));
        }
        return begun.answer;
      } finally {
        if (counted) beginning -= 1;
      }
    },
    async browserPhone(id, session) {
      const call = await readCall(database, id);
      if (call?.session !== session || call.state === "ended" || call.guest === undefined) return undefined;
      return guestLogin(id, call.guest, around.secretKeys);
    },
    cancelCall: (call, session) => command({ call, session }, async () => ({ id: "cancel", type: "cancel" })),
    closePushedPage: (call, session) =>
      command({ call, session }, async () => {
        const shown = await lastPage(database, session);
        // Safe to say twice: once it is closed, it is not the last page any more.
        if (shown?.call !== call || shown.page.type !== "pushed") return undefined;
        return { id: `close-page.${shown.seq}`, type: "close-page", seq: shown.seq };
      }),
    async pageShown(id, session, push) {
      const call = await readCall(database, id);
      if (call?.session !== session) return undefined;
      const atMs = clock.now();
      const result = await database.transaction(async (tx) => {
        const settled = await settlePush(tx, { call: id, session, push, result: "shown", atMs });
        if (settled === "shown" && call.state === "live")
          await putCommand(tx, id, { id: `page-shown.${push}`, type: "page-shown", push }, atMs);
        return settled ?? "not-shown";
      });
      await runners.readInbox(id);
      return result;
    },
    pagesAfter: (session, afterSeq) => readPagesAfter(database, session, afterSeq, mostPages),
    latestCall: (session) => readRecordOfSession(database, session),
    call: (call) => readCallRecord(database, call),
    calls: (filter) =>
      readCallRecords(database, { ...filter, limit: Math.max(1, Math.min(filter.limit, mostCalls)) }),
    watch(watcher) {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    async rowsSince(fromMs) {
      const rows = await readJournal(database, { fromMs, untilMs: clock.now() + 1, limit: mostMissed });
      return rows.map(({ seq: _seq, ...row }) => row);
    },
    inProgress: () => runners.steps(),
    async close() {
      closed = true;
      admitting.close();
      await runners.close();
      await takenUp;
    },
  };
}
