import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallId, PageId, PermitId, SessionId, SubscriberId } from "#base/ids.ts";
import { countLive } from "#network/dial-permit-table.ts";
import { forEachDatabase } from "#rig/databases.ts";
import { queryPlan, treesWritten } from "#rig/query-plan.ts";
import { storyBank } from "#rig/story-bank.ts";
import { appendJournal } from "#store/journal.ts";
import type { Call } from "./call.ts";
import { type InboxCommand, putCommand, takeCommands, untakenCommands } from "./call-inbox-table.ts";
import {
  insertCall,
  isLive,
  isReferenceLive,
  liveCallOfSession,
  liveCalls,
  newestCallOfSession,
  newestCalls,
  readCall,
  updateCall,
} from "./call-table.ts";
import type { PushResult } from "./pages.ts";
import { appendPages, lastPage, readPagesAfter, readPushResults, settlePush } from "./session-page-table.ts";
import { callOfTicket, useTicket } from "./used-ticket-table.ts";
import { planCall } from "./web-call.ts";

forEachDatabase((_make, open) => {
  test("a call is read as it was written, and found while it lives", async () => {
    const database = await open();
    const call = callOf("call_a", { session: "ann" });
    await database.transaction((tx) => insertCall(tx, call));
    assert.deepEqual(await readCall(database, call.id), call);
    assert.deepEqual(await liveCallOfSession(database, call.session), call);
    assert.equal(await isReferenceLive(database, call.reference), true);
    assert.equal(await isLive(database, call.id), true);
    assert.equal(await isLive(database, "call_b" as CallId), false);

    const ended: Call = { ...call, state: "ended", outcome: "completed" };
    await database.transaction((tx) => updateCall(tx, call, ended));
    assert.equal(
      await database.transaction((tx) => updateCall(tx, call, call)),
      false,
      "it is another by now",
    );
    assert.equal(await liveCallOfSession(database, call.session), undefined);
    assert.equal(await isReferenceLive(database, call.reference), false);
    assert.equal(await isLive(database, call.id), false);
    assert.deepEqual(await newestCallOfSession(database, call.session), ended);
    assert.deepEqual(await liveCalls(database), []);
  });

  test("the database itself refuses a session's second live call, and a live reference twice", async () => {
    const database = await open();
    await database.transaction((tx) => insertCall(tx, callOf("call_a", { session: "ann" })));
    const another = callOf("call_b", { session: "ann", reference: "222222" });
    await assert.rejects(database.transaction((tx) => insertCall(tx, another)));
    const sameReference = callOf("call_c", { session: "zoe" });
    await assert.rejects(database.transaction((tx) => insertCall(tx, sameReference)));
  });

  test("calls come newest first, page by page, for one subscriber", async () => {
    const database = await open();
    for (const [index, id] of ["call_a", "call_b", "call_c"].entries()) {
      const call = callOf(id, {
        session: id,
        reference: `11111${index}`,
        beganAtMs: index < 2 ? 1000 : 2000,
      });
      await database.transaction((tx) => insertCall(tx, call));
    }
    const ids = async (filter: Parameters<typeof newestCalls>[1]): Promise<readonly string[]> =>
      (await newestCalls(database, filter)).map(({ id }) => id);
    assert.deepEqual(await ids({ limit: 2 }), ["call_c", "call_b"]);
    assert.deepEqual(await ids({ limit: 2, before: "call_b" as CallId }), ["call_a"]);
    assert.deepEqual(await ids({ limit: 9, subscriber: "another" }), []);
  });

  test("the same command twice is one, and is taken once", async () => {
    const database = await open();
    const call = callOf("call_a", { session: "ann" });
    const cancel: InboxCommand = { id: "cancel", type: "cancel" };
    await database.transaction(async (tx) => {
      await insertCall(tx, call);
      await putCommand(tx, call.id, cancel, 5);
      await putCommand(tx, call.id, cancel, 6);
    });
    assert.deepEqual(await untakenCommands(database, call.id), [cancel]);
    await database.transaction((tx) => takeCommands(tx, call.id, [cancel], 7));
    await database.transaction((tx) => putCommand(tx, call.id, cancel, 8));
    assert.deepEqual(await untakenCommands(database, call.id), []);
  });

  test("a session's pages are numbered from 1 without a gap, over all its calls", async () => {
    const database = await open();
    const first = callOf("call_a", { session: "ann" });
    const second = callOf("call_b", { session: "ann", reference: "222222" });
    await database.transaction(async (tx) => {
      await insertCall(tx, { ...first, state: "ended" });
      await insertCall(tx, second);
      await appendPages(tx, first, [{ type: "connect", stage: "placing" }], 1);
      const pushed = { type: "pushed", page: "rates" as PageId, title: "Rates", url: "" } as const;
      await appendPages(tx, second, [pushed, { type: "connect", stage: "connected" }], 2);
    });
    const pages = await readPagesAfter(database, first.session, 0, 100);
    assert.deepEqual(
      pages.map(({ seq, call }) => [seq, call]),
      [
        [1, first.id],
        [2, second.id],
        [3, second.id],
      ],
    );
    assert.deepEqual(await readPagesAfter(database, first.session, 1, 1), pages.slice(1, 2));
    assert.deepEqual(await lastPage(database, first.session), pages[2]);
    assert.equal(await lastPage(database, "nobody" as SessionId), undefined);
  });

  test("a pushed page is shown or taken back, whichever comes first, and one that was taken back is not in the log", async () => {
    const database = await open();
    const call = callOf("call_a", { session: "ann" });
    const pushed = { type: "pushed", page: "rates" as PageId, title: "Rates", url: "" } as const;
    await database.transaction(async (tx) => {
      await insertCall(tx, call);
      await appendPages(tx, call, [{ type: "connect", stage: "connected" }], 1);
      await appendPages(
        tx,
        call,
        [1, 2].map((push) => ({ ...pushed, push })),
        2,
      );
    });
    const settles = (push: number, result: PushResult, atMs: number) =>
      database.transaction((tx) =>
        settlePush(tx, { call: call.id, session: call.session, push, result, atMs }),
      );
    assert.equal(await settles(1, "shown", 3), "shown");
    assert.equal(await settles(1, "not-shown", 4), "shown");
    assert.equal(await settles(2, "not-shown", 5), "not-shown");
    assert.equal(await settles(2, "shown", 6), "not-shown");
    assert.equal(await settles(3, "shown", 7), undefined);
    assert.deepEqual(await database.transaction((tx) => readPushResults(tx, call)), [
      { push: 1, result: "shown", atMs: 3 },
      { push: 2, result: "not-shown", atMs: 5 },
    ]);
    const log = await readPagesAfter(database, call.session, 0, 100);
    assert.deepEqual(
      log.map(({ seq }) => seq),
      [1, 2],
    );
    assert.deepEqual(await lastPage(database, call.session), log[1]);
  });

  test("a ticket is good for one call", async () => {
    const database = await open();
    const call = callOf("call_a", { session: "ann" });
    const ticket = { kind: "form", id: "t-1" } as const;
    await database.transaction(async (tx) => {
      await insertCall(tx, call);
      await useTicket(tx, ticket, call.id);
    });
    assert.equal(await callOfTicket(database, ticket), call.id);
    assert.equal(await callOfTicket(database, { kind: "token", id: "t-1" }), undefined);
    await assert.rejects(database.transaction((tx) => useTicket(tx, ticket, call.id)));
  });
});

function callOf(
  id: string,
  of: { readonly session: string; readonly reference?: string; readonly beganAtMs?: number },
): Call {
  const { subscriber, subject } = storyBank();
  return {
    ...planCall(subscriber.policy, "signed-number"),
    id: id as CallId,
    reference: of.reference ?? "111111",
    session: of.session as SessionId,
    subscriber: subscriber.id,
    subject: subject.id,
    context: { version: 1, subscriber: subscriber.id, subject: subject.id, verified: {}, unverified: {} },
    language: "en",
    visitorNumber: "+14155550123",
    ipAddress: "192.0.2.7",
    userPermit: "permit_a" as PermitId,
    policy: subscriber.policy,
    beganAtMs: of.beganAtMs ?? 1000,
    unitBoot: "1",
    state: "live",
    done: [],
    began: { "choose-center": 1000 },
    bugs: 0,
    routes: [],
    attempts: [],
    userHeld: false,
    agentHeld: false,
    signedOn: false,
    wrongPins: 0,
    digitsTaken: {},
    pushed: [],
    userLegSeconds: 0,
    centerLegSeconds: 0,
    bridgedSeconds: 0,
  };
}

test("history costs neither a start nor a click anything: what lives has an index of its own", async () => {
  const session = "session_1" as SessionId;
  const bank = "bank" as SubscriberId;
  assert.match(await queryPlan(liveCalls), /USING INDEX call_live_by_time/);
  assert.match(await queryPlan((source) => isReferenceLive(source, "1")), /USING INDEX call_live_reference/);
  assert.match(
    await queryPlan((source) => liveCallOfSession(source, session)),
    /USING INDEX call_live_session/,
  );
  assert.match(
    await queryPlan((source) => source.transaction((tx) => countLive(tx, bank, 1))),
    /USING INDEX dial_permit_live/,
  );
});

test("a call that goes on writes its row, one of its journal and one of its page log, and no index of what lives", async () => {
  const call = callOf("call_a", { session: "ann" });
  const next: Call = { ...call, bugs: 1 };
  const row = { call: call.id, atMs: 1, subscriber: call.subscriber, step: "announce", fact: {} };
  const trees = await treesWritten(
    (source) => source.transaction((tx) => insertCall(tx, call)),
    (source) =>
      source.transaction(async (tx) => {
        await updateCall(tx, call, next);
        await appendPages(tx, call, [{ type: "connect", stage: "placing" }], 1);
        await appendJournal(tx, [row]);
      }),
  );
  // By its key the call is found; it stays as it is.
  const key = "sqlite_autoindex_call_1";
  assert.deepEqual(trees, ["call", "journal", "journal_by_time", "session_page", key]);
});
