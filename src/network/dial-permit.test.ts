import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallId, LegId, SubscriberId, TrunkId } from "#base/ids.ts";
import { seededRandom } from "#base/random.ts";
import { forEachDatabase } from "#rig/databases.ts";
import { queryPlan } from "#rig/query-plan.ts";
import type { Database } from "#store/database.ts";
import { policyDefaults } from "./defaults.ts";
import {
  allowCallsAgain,
  endPermits,
  grantPermit,
  type PermitAnswer,
  type PermitWish,
  refuseCalls,
  resumeCalls,
  stopCalls,
} from "./dial-permit.ts";
import { countSince } from "./dial-permit-table.ts";
import type { Limits, Subscriber } from "./records.ts";

const minuteMs = 60_000;
const noonMs = Date.UTC(2026, 0, 5, 12);
const ann = "+14155552671";

const boundless: Limits = {
  perNumberPer10Minutes: 1000,
  perNumberPerDay: 1000,
  perAddressPerHour: 1000,
  perPrefixPerHour: 1000,
  perSubscriberPerHour: 1000,
  perSubscriberAtOnce: 1000,
};

const bank = (limits: Partial<Limits> = {}, id = "bank"): Subscriber => ({
  id: id as SubscriberId,
  name: "Example Bank",
  origins: [],
  defaultCountry: "US",
  allowedCountries: ["US"],
  defaultLanguage: "en",
  brand: {},
  connectContent: {},
  tokenKeys: [],
  trunkForUsers: "carrier" as TrunkId,
  policy: { ...policyDefaults, limits: { ...boundless, ...limits } },
});

const random = seededRandom("permits");
let calls = 0;

/** A visitor's wish: another call each time, unless `call` says which. */
function visitor(
  subscriber: Subscriber,
  more: { number?: string; ipAddress?: string; atMs?: number; call?: string } = {},
): PermitWish {
  const call = more.call ?? `call_${++calls}`;
  const atMs = more.atMs ?? noonMs;
  return {
    subscriber,
    call: call as CallId,
    leg: `${call}.user` as LegId,
    trunk: "carrier" as TrunkId,
    atMs,
    lapsesAtMs: atMs + 60 * minuteMs,
    party: { kind: "user", number: more.number ?? ann, ipAddress: more.ipAddress ?? "192.0.2.1" },
  };
}

const ask = (database: Database, wish: PermitWish): Promise<PermitAnswer> =>
  database.transaction((tx) => grantPermit(tx, wish, random));
const said = (answer: PermitAnswer): string => (answer.type === "permit" ? "permit" : answer.why);
const number = (index: number): string => `+1415555${String(1000 + index)}`;

forEachDatabase((_make, open) => {
  test("a leg asked for again has the permit it had, also when the limit is reached", async () => {
    const database = await open();
    const wish = visitor(bank({ perNumberPer10Minutes: 1 }));
    const first = await ask(database, wish);
    const second = await ask(database, wish);
    assert.equal(first.type, "permit");
    assert.deepEqual(second, first);
    assert.equal(said(await ask(database, visitor(wish.subscriber))), "too-many-calls-to-number");
  });

  test("each limit refuses in its own words, and its window moves on", async () => {
    const minutes = (count: number): number => noonMs + count * minuteMs;
    const cases: readonly {
      limits: Partial<Limits>;
      next: (index: number) => { number?: string; ipAddress?: string };
      windowMinutes: number;
      why: string;
    }[] = [
      {
        limits: { perNumberPer10Minutes: 2 },
        next: () => ({}),
        windowMinutes: 10,
        why: "too-many-calls-to-number",
      },
      {
        limits: { perNumberPerDay: 2 },
        next: () => ({}),
        windowMinutes: 1440,
        why: "too-many-calls-to-number",
      },
      {
        limits: { perAddressPerHour: 2 },
        next: (index) => ({ number: number(index), ipAddress: "::ffff:192.0.2.1" }),
        windowMinutes: 60,
        why: "too-many-calls-from-address",
      },
      {
        limits: { perPrefixPerHour: 2 },
        next: (index) => ({ number: number(index), ipAddress: `2001:db8:1:${index}::9` }),
        windowMinutes: 60,
        why: "too-many-calls-from-address",
      },
      {
        limits: { perSubscriberPerHour: 2 },
        next: (index) => ({ number: number(index), ipAddress: `192.0.${index}.1` }),
        windowMinutes: 60,
        why: "too-many-calls-for-subscriber",
      },
    ];
    for (const { limits, next, windowMinutes, why } of cases) {
      const database = await open();
      const at = (index: number, atMs: number): Promise<PermitAnswer> =>
        ask(database, visitor(bank(limits), { ...next(index), atMs }));
      const heard = [
        said(await at(1, minutes(0))),
        said(await at(2, minutes(1))),
        said(await at(3, minutes(2))),
        said(await at(3, minutes(windowMinutes) - 1)),
        said(await at(3, minutes(windowMinutes))),
        said(await at(4, minutes(windowMinutes))),
      ];
      assert.deepEqual(heard, ["permit", "permit", why, why, "permit", why], JSON.stringify(limits));
    }
  });

  test("calls at once are counted until they end or lapse", async () => {
    const database = await open();
    const subscriber = bank({ perSubscriberAtOnce: 1 });
    const wish = visitor(subscriber);
    await ask(database, wish);
    assert.equal(said(await ask(database, visitor(subscriber))), "too-many-calls-for-subscriber");
    assert.equal(said(await ask(database, visitor(bank({ perSubscriberAtOnce: 1 }, "shop")))), "permit");
    await database.transaction((tx) => endPermits(tx, wish.call, noonMs + 1));
    assert.equal(said(await ask(database, visitor(subscriber))), "permit");
    assert.equal(said(await ask(database, visitor(subscriber, { atMs: noonMs + 61 * minuteMs }))), "permit");
  });

  test("50 wishes at once never pass a limit of 7", async () => {
    for (const limits of [
      { perNumberPer10Minutes: 7 },
      { perSubscriberAtOnce: 7 },
      { perPrefixPerHour: 7 },
    ]) {
      const database = await open();
      const subscriber = bank(limits);
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          ask(database, visitor(subscriber, { ipAddress: `192.0.2.${index}` })),
        ),
      );
      assert.equal(answers.filter(({ type }) => type === "permit").length, 7, JSON.stringify(limits));
    }
  });

  test("one leg asked for 20 times at once is given one permit", async () => {
    const database = await open();
    const wish = visitor(bank());
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(database, wish)));
    const ids = new Set(answers.map((answer) => (answer.type === "permit" ? answer.permit.id : answer.why)));
    assert.equal(ids.size, 1);
    assert.match([...ids][0] ?? "", /^permit_/);
  });

  test("a number that refused calls is called by no subscriber, until the operator lifts it", async () => {
    const database = await open();
    await database.transaction((tx) => refuseCalls(tx, ann, noonMs));
    await database.transaction((tx) => refuseCalls(tx, ann, noonMs + 1));
    assert.equal(said(await ask(database, visitor(bank()))), "number-refuses-calls");
    assert.equal(said(await ask(database, visitor(bank({}, "shop")))), "number-refuses-calls");
    assert.equal(said(await ask(database, visitor(bank(), { number: number(1) }))), "permit");
    const allow = (): Promise<boolean> => database.transaction((tx) => allowCallsAgain(tx, ann));
    assert.equal(await allow(), true);
    assert.equal(await allow(), false, "it was allowed already");
    assert.equal(said(await ask(database, visitor(bank()))), "permit");
  });

  test("the same private number is another telephone in each subscriber's plan", async () => {
    const database = await open();
    const plan = (id: string): Subscriber => ({
      ...bank({ perNumberPerDay: 1 }, id),
      privateNumbers: { pattern: "2xx" },
    });
    const to = (id: string): PermitWish => visitor(plan(id), { number: "234" });
    assert.equal(said(await ask(database, to("bank"))), "permit");
    assert.equal(said(await ask(database, to("bank"))), "too-many-calls-to-number");
    assert.equal(said(await ask(database, to("shop"))), "permit");
    await database.transaction((tx) => refuseCalls(tx, "234", noonMs, "mill" as SubscriberId));
    assert.equal(said(await ask(database, to("mill"))), "number-refuses-calls");
    assert.equal(said(await ask(database, to("yard"))), "permit");
    await database.transaction((tx) => allowCallsAgain(tx, "234", "mill" as SubscriberId));
    assert.equal(said(await ask(database, to("mill"))), "permit");
  });

  test("a stop holds from the next permit on, for visitors and centers, for one subscriber or all", async () => {
    const database = await open();
    const toCenter = (subscriber: Subscriber): PermitWish => ({
      ...visitor(subscriber),
      party: { kind: "center", number: "+18005550100" },
    });
    const stop = { atMs: noonMs, why: "fraud" };
    await database.transaction((tx) => stopCalls(tx, "bank" as SubscriberId, stop));
    assert.equal(said(await ask(database, visitor(bank()))), "platform-stopped");
    assert.equal(said(await ask(database, toCenter(bank()))), "platform-stopped");
    assert.equal(said(await ask(database, visitor(bank({}, "shop")))), "permit");
    assert.equal(said(await ask(database, visitor(bank({}, "platform")))), "permit");
    await database.transaction((tx) => stopCalls(tx, "platform", stop));
    assert.equal(said(await ask(database, visitor(bank({}, "shop")))), "platform-stopped");
    await database.transaction((tx) => resumeCalls(tx, "platform"));
    await database.transaction((tx) => resumeCalls(tx, "bank" as SubscriberId));
    assert.equal(said(await ask(database, toCenter(bank()))), "permit");
  });

  test("a center's leg needs a permit and counts against no visitor", async () => {
    const database = await open();
    const subscriber = bank({ perSubscriberPerHour: 1, perSubscriberAtOnce: 1 });
    for (let index = 0; index < 3; index++) {
      const wish: PermitWish = { ...visitor(subscriber), party: { kind: "center", number: "+18005550100" } };
      assert.equal(said(await ask(database, wish)), "permit");
    }
    assert.equal(said(await ask(database, visitor(subscriber))), "permit");
  });

  test("a number that may not be called has no permit, whoever asks", async () => {
    const database = await open();
    const answer = async (typed: string): Promise<string> =>
      said(await ask(database, visitor(bank(), { number: typed })));
    assert.equal(await answer("+19002345678"), "number-type-not-allowed");
    assert.equal(await answer("+442079460018"), "country-not-allowed");
    assert.equal(await answer("911"), "number-impossible");
    // Another spelling of the same number would be counted apart.
    assert.equal(await answer("+1 415 555 2671"), "number-impossible");
  });
});

test("each count of a visitor's calls has an index of visitors' permits alone", async () => {
  const [ipAddress, ipPrefix] = ["203.0.113.7", "203.0.113.0/24"];
  const subscriber = "bank" as SubscriberId;
  for (const [of, index] of [
    [{ number: ann }, "dial_permit_by_number (number=? AND granted_at_ms>?)"],
    [{ ipAddress }, "dial_permit_by_address (ip_address=? AND granted_at_ms>?)"],
    [{ ipPrefix }, "dial_permit_by_prefix (ip_prefix=? AND granted_at_ms>?)"],
    [{ subscriber }, "dial_permit_by_subscriber (subscriber=? AND granted_at_ms>?)"],
  ] as const) {
    const plan = await queryPlan((source) => source.transaction((tx) => countSince(tx, of, 1)));
    assert.ok(plan.includes(index), plan);
  }
  const ofOnePlan = await queryPlan((source) =>
    source.transaction((tx) => countSince(tx, { number: "70001", subscriber }, 1)),
  );
  assert.match(ofOnePlan, /INDEX dial_permit_by_(number|subscriber) \(/);
});
