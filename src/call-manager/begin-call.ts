import type { Clock } from "#base/clock.ts";
import { type CallId, makeId } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import { grantPermit, inBrowser, type PermitWish } from "#network/dial-permit.ts";
import type { Network, RouteAnswer } from "#network/network.ts";
import { readNumber } from "#network/number.ts";
import type { Subscriber } from "#network/records.ts";
import type { Database, Transaction } from "#store/database.ts";
import { appendJournal } from "#store/journal.ts";
import { type Call, linesEndAtMs, userLegOf } from "./call.ts";
import type { BeginCallAnswer, BeginCallRefusal, CallWish, Noted } from "./call-manager.ts";
import { insertCall, isReferenceLive, liveCallOfSession } from "./call-table.ts";
import { nextCall, stagePages } from "./call-progress.ts";
import { guestPhone } from "./guest-phone.ts";
import { begunRow, journalRow } from "./journal-fact.ts";
import { appendPages } from "./session-page-table.ts";
import { chosen } from "./steps/choose-center.ts";
import { callOfTicket, type Ticket, useTicket } from "./used-ticket-table.ts";
import { planCall, stepsToRun } from "./web-call.ts";

/** What a wish came to: `begun` has the call that its flow is to be started for. */
export type Begun =
  | {
      readonly answer: Extract<BeginCallAnswer, { type: "begun" }>;
      /** Undefined when the call was begun before. */
      readonly begun?: { readonly call: Call; readonly noted: readonly Noted[] };
    }
  | { readonly answer: Extract<BeginCallAnswer, { type: "refused" }> };

/**
 * 204-206. Checks the wish, and writes the call, its first page and the permit for the visitor's telephone down in one
 * transaction. Nothing is dialled here. The same ticket gives the same call; a session with a live call gets that one.
 */
export async function beginCall(
  wish: CallWish,
  around: {
    readonly database: Database;
    readonly network: Network;
    readonly clock: Clock;
    readonly random: Random;
    readonly secretKeys: readonly Uint8Array[];
    /** Undefined when the unit cannot be reached: then no new call is begun. Asked for a call alone that would be new. */
    readonly reachUnit: () => Promise<string | undefined>;
    /** Whether one more call may be begun now; asked once, and only for a call that would be new. */
    readonly admits?: () => boolean;
  },
): Promise<Begun> {
  const { database, network, clock, random } = around;
  const earlier = await callAlreadyBegun(database, wish);
  if (earlier !== undefined) return resumed(earlier);
  const unitBoot = await around.reachUnit();
  if (unitBoot === undefined) return refused("unit-unreachable");
  if (around.admits?.() === false) return refused("overloaded");

  const { context } = wish;
  const subscriber = await network.subscriber(context.subscriber);
  if (subscriber === undefined) return refused("unknown-subject");
  const party = partyOf(wish, subscriber);
  if (party.type === "refused") return refused(party.why);

  const nowMs = clock.now();
  const id = makeId<CallId>("call", random);
  const asked = {
    subscriber: context.subscriber,
    subject: context.subject,
    atMs: nowMs,
    ...(party.kind === "user" ? { number: party.number } : {}),
    ipAddress: wish.ipAddress,
  };
  const routes = await network.routes({ ...asked, draw: "welcome" });
  if (routes.type === "closed") return refused("outside-hours", routes.opensAtMs);
  if (routes.type !== "routes") return refused(routes.type);
  const ownRoutes = await network.routes({ ...asked, draw: id });

  return database.transaction(async (tx): Promise<Begun> => {
    // Asked again inside: two clicks may have come this far together.
    const meanwhile = await callAlreadyBegun(tx, wish);
    if (meanwhile !== undefined) return resumed(meanwhile);
    const token = tokenTicket(wish);
    if (token !== undefined && (await callOfTicket(tx, token)) !== undefined)
      return refused("token-already-used");

    const permit = await grantPermit(
      tx,
      {
        subscriber,
        call: id,
        leg: userLegOf({ id }),
        trunk: party.kind === "user" ? subscriber.trunkForUsers : undefined,
        atMs: nowMs,
        lapsesAtMs: linesEndAtMs({ beganAtMs: nowMs, policy: subscriber.policy }),
        party,
      },
      random,
    );
    if (permit.type === "refused") return refused(permit.why);

    const first = newCall(wish, subscriber, {
      id,
      reference: await freeReference(tx, random),
      ...(party.kind === "user"
        ? { visitorNumber: party.number }
        : { visitorNumber: inBrowser, guest: guestPhone(id, around.secretKeys) }),
      userPermit: permit.permit.id,
      beganAtMs: nowMs,
      unitBoot,
    });
    const { call, noted } = withCenter(first, ownRoutes);
    await insertCall(tx, call);
    await useTicket(tx, { kind: "form", id: wish.ticket }, id);
    if (token !== undefined) await useTicket(tx, token, id);
    for (const { row, pages } of noted) {
      await appendPages(tx, call, pages, nowMs);
      await appendJournal(tx, [row]);
    }
    return { answer: { type: "begun", call: id, resumed: false }, begun: { call, noted } };
  });
}

/** 205. The first step is behind a call as soon as it is begun, in one transaction with that: a commit less for each call. */
function withCenter(first: Call, answer: RouteAnswer): { call: Call; noted: readonly Noted[] } {
  const begun = { row: begunRow(first), pages: stagePages({ ...first, began: {} }, first) };
  if (answer.type !== "routes") return { call: first, noted: [begun] };
  const step = "choose-center";
  const became = chosen(answer.routes);
  const atMs = first.beganAtMs;
  const call = nextCall(first, step, became, became, atMs);
  const row = journalRow({ before: first, call, step, became, ended: true, atMs });
  return { call, noted: [begun, { row, pages: stagePages(first, call) }] };
}

/** Whom the call's permit is to be for: a telephone number that may be called, or the browser that has asked. */
function partyOf(
  wish: CallWish,
  subscriber: Subscriber,
): VisitorParty | { readonly type: "refused"; readonly why: BeginCallRefusal } {
  const { ipAddress } = wish;
  if (wish.fromBrowser === true) {
    if (subscriber.browserCalls !== true) return { type: "refused", why: "browser-not-allowed" };
    return { type: "party", kind: "browser", ipAddress };
  }
  const read = readNumber(wish.phone, subscriber);
  if (read.type === "refused") return read;
  return { type: "party", kind: "user", number: read.number, ipAddress };
}

type VisitorParty = { readonly type: "party" } & Exclude<PermitWish["party"], { kind: "center" }>;

/** By the ticket (double click, reload, back button), or the session's live one (another tab). */
async function callAlreadyBegun(source: Database | Transaction, wish: CallWish): Promise<CallId | undefined> {
  const ofTicket = await callOfTicket(source, { kind: "form", id: wish.ticket });
  return ofTicket ?? (await liveCallOfSession(source, wish.session))?.id;
}

/** A token's id is its subscriber's own: two subscribers may use the same. */
function tokenTicket(wish: CallWish): Ticket | undefined {
  return wish.tokenId === undefined
    ? undefined
    : { kind: "token", id: `${wish.context.subscriber}:${wish.tokenId}` };
}

function newCall(
  wish: CallWish,
  subscriber: Subscriber,
  facts: Pick<Call, "id" | "reference" | "visitorNumber" | "guest" | "userPermit" | "beganAtMs" | "unitBoot">,
): Call {
  const plan = planCall(subscriber.policy, wish.fromBrowser === true ? "browser" : visitorsNumber(wish));
  const began = Object.fromEntries(stepsToRun(plan.order, []).map((step) => [step, facts.beganAtMs]));
  return {
    ...facts,
    ...plan,
    session: wish.session,
    subscriber: wish.context.subscriber,
    subject: wish.context.subject,
    context: wish.context,
    language: wish.language,
    ipAddress: wish.ipAddress,
    policy: subscriber.policy,
    state: "live",
    done: [],
    began,
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

function visitorsNumber({ phoneSigned }: CallWish): "signed-number" | "typed-number" {
  return phoneSigned ? "signed-number" : "typed-number";
}

/** Six digits that no other live call has; the first is no zero, so that it can be said as a number too. */
async function freeReference(tx: Transaction, random: Random): Promise<string> {
  for (;;) {
    const reference = String(100_000 + random.integer(900_000));
    if (!(await isReferenceLive(tx, reference))) return reference;
  }
}

function resumed(call: CallId): Begun {
  return { answer: { type: "begun", call, resumed: true } };
}

function refused(why: BeginCallRefusal, opensAtMs?: number): Begun {
  return { answer: { type: "refused", why, ...(opensAtMs === undefined ? {} : { opensAtMs }) } };
}
