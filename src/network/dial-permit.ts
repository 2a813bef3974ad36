import type { CallId, LegId, PermitId, SubscriberId, TrunkId } from "#base/ids.ts";
import { makeId } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import type { Database, Transaction } from "#store/database.ts";
import * as permits from "./dial-permit-table.ts";
import { type NumberRefusal, readNumber } from "./number.ts";
import type { Limits, Subscriber } from "./records.ts";
import { addressPrefix, canonicalAddress } from "./region.ts";

/** The right to call one number once, written down before the INVITE. */
export interface DialPermit {
  readonly id: PermitId;
  readonly subscriber: SubscriberId;
  readonly number: string;
  readonly kind: "user" | "center";
  readonly call: CallId;
  readonly leg: LegId;
  /** Absent for a phone that is registered with us. */
  readonly trunk?: TrunkId | undefined;
  readonly grantedAtMs: number;
}

export interface PermitWish {
  /** Whose rules and limits hold, as they stand now. */
  readonly subscriber: Subscriber;
  readonly call: CallId;
  readonly leg: LegId;
  /** Absent for a phone that is registered with us. */
  readonly trunk?: TrunkId | undefined;
  readonly atMs: number;
  /** When the call is over at the very latest: until then it counts as one at once, unless `endPermits` says otherwise. */
  readonly lapsesAtMs: number;
  readonly party: /** A visitor's telephone: `number` as `readNumber` gave it; it is read again here, and every limit holds. */
    | { readonly kind: "user"; readonly number: string; readonly ipAddress: string }
    /** A visitor's browser: it has no number to be counted or refused by, and every other limit holds. */
    | { readonly kind: "browser"; readonly ipAddress: string }
    /** A call center's number or phone, from the route: the subscriber chose it, so only stops hold. */
    | { readonly kind: "center"; readonly number: string };
}

export type PermitAnswer =
  | { readonly type: "permit"; readonly permit: DialPermit }
  | { readonly type: "refused"; readonly why: PermitRefusal };

/** What stands in place of a number where the visitor talks from the browser. */
export const inBrowser = "browser";

/** The words are those of `BeginCallRefusal`, so that they can be passed on. */
export type PermitRefusal =
  | NumberRefusal
  | "number-refuses-calls"
  | "too-many-calls-to-number"
  | "too-many-calls-from-address"
  | "too-many-calls-for-subscriber"
  | "platform-stopped";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/**
 * 206. Grants the right to dial one leg, or says why not. No INVITE goes to a trunk or a phone without it.
 *
 * Must stand in the transaction that also writes the call down. A leg that has a permit is given the same one again, so a
 * step that runs twice dials nobody twice; asked at any time, also when a limit has been reached since.
 */
export async function grantPermit(tx: Transaction, wish: PermitWish, random: Random): Promise<PermitAnswer> {
  const earlier = await permits.permitOfLeg(tx, { call: wish.call, leg: wish.leg });
  if (earlier !== undefined) return { type: "permit", permit: earlier };

  if (await permits.isStopped(tx, wish.subscriber.id)) return { type: "refused", why: "platform-stopped" };
  const { party } = wish;
  if (party.kind === "user") {
    const why = await whyNotNumber(tx, wish, party.number);
    if (why !== undefined) return { type: "refused", why };
  }
  if (party.kind !== "center") {
    const why = await whyNotVisitor(tx, wish, party.ipAddress);
    if (why !== undefined) return { type: "refused", why };
  }

  const permit: DialPermit = {
    id: makeId<PermitId>("permit", random),
    subscriber: wish.subscriber.id,
    number: party.kind === "browser" ? inBrowser : party.number,
    kind: party.kind === "center" ? "center" : "user",
    call: wish.call,
    leg: wish.leg,
    trunk: wish.trunk,
    grantedAtMs: wish.atMs,
  };
  const visitor = party.kind === "center" ? undefined : countedAddress(party.ipAddress);
  await permits.insertPermit(tx, permit, { lapsesAtMs: wish.lapsesAtMs, ...visitor });
  return { type: "permit", permit };
}

async function whyNotNumber(
  tx: Transaction,
  { subscriber, atMs }: PermitWish,
  number: string,
): Promise<PermitRefusal | undefined> {
  const limits: Limits = subscriber.policy.limits;
  const read = readNumber(number, subscriber);
  if (read.type === "refused") return read.why;
  // Another spelling would be counted as another number.
  if (read.number !== number) return "number-impossible";
  const isPrivate = read.type === "private-number";
  const keys = isPrivate ? [number, ofOnePlan(subscriber.id, number)] : [number];
  if (await permits.refusesCalls(tx, keys)) return "number-refuses-calls";

  // A person's number is counted over all subscribers; a private one is another telephone in each plan.
  const to = { number, ...(isPrivate && { subscriber: subscriber.id }) };
  if ((await permits.countSince(tx, to, atMs - 10 * minuteMs)) >= limits.perNumberPer10Minutes)
    return "too-many-calls-to-number";
  if ((await permits.countSince(tx, to, atMs - dayMs)) >= limits.perNumberPerDay)
    return "too-many-calls-to-number";
  return undefined;
}

async function whyNotVisitor(
  tx: Transaction,
  { subscriber, atMs }: PermitWish,
  visitorAddress: string,
): Promise<PermitRefusal | undefined> {
  const limits: Limits = subscriber.policy.limits;
  const { ipAddress, ipPrefix } = countedAddress(visitorAddress);
  if ((await permits.countSince(tx, { ipAddress }, atMs - hourMs)) >= limits.perAddressPerHour)
    return "too-many-calls-from-address";
  if ((await permits.countSince(tx, { ipPrefix }, atMs - hourMs)) >= limits.perPrefixPerHour)
    return "too-many-calls-from-address";

  const of = { subscriber: subscriber.id };
  if ((await permits.countSince(tx, of, atMs - hourMs)) >= limits.perSubscriberPerHour)
    return "too-many-calls-for-subscriber";
  if ((await permits.countLive(tx, subscriber.id, atMs)) >= limits.perSubscriberAtOnce)
    return "too-many-calls-for-subscriber";
  return undefined;
}

/** Whoever hides the address shares one count with all who do. */
function countedAddress(ipAddress: string): { readonly ipAddress: string; readonly ipPrefix: string } {
  return {
    ipAddress: canonicalAddress(ipAddress) ?? "unknown",
    ipPrefix: addressPrefix(ipAddress) ?? "unknown",
  };
}

/** The call is over: it counts no longer as one at once. Safe to say twice. */
export function endPermits(tx: Transaction, call: CallId, atMs: number): Promise<void> {
  return permits.endPermitsOfCall(tx, call, atMs);
}

/**
 * `9` on the telephone: this number is called no more, by no subscriber of the platform. A number of a private plan is
 * refused for its `subscriber` alone, when that is told. Safe to say twice.
 */
export function refuseCalls(
  tx: Transaction,
  number: string,
  atMs: number,
  subscriber?: SubscriberId,
): Promise<void> {
  const isPrivate = !number.startsWith("+") && subscriber !== undefined;
  return permits.insertRefusedNumber(tx, isPrivate ? ofOnePlan(subscriber, number) : number, atMs);
}

/** The operator's word that the number, as `writtenNumber` gives it, may be called again; false when it had not refused calls. */
export function allowCallsAgain(
  tx: Transaction,
  number: string,
  subscriber?: SubscriberId,
): Promise<boolean> {
  const ofPlan = subscriber === undefined ? [] : [ofOnePlan(subscriber, number)];
  return permits.deleteRefusedNumbers(tx, [number, ...ofPlan]);
}

const ofOnePlan = (subscriber: SubscriberId, number: string): string => `${subscriber}:${number}`;

/** Stops every further INVITE, of the platform or of one subscriber. Telephones that ring already may be answered; who talks goes on. */
export function stopCalls(
  tx: Transaction,
  scope: "platform" | SubscriberId,
  stop: { readonly atMs: number; readonly why: string },
): Promise<void> {
  return permits.insertStop(tx, scope, stop);
}

export function resumeCalls(tx: Transaction, scope: "platform" | SubscriberId): Promise<void> {
  return permits.deleteStop(tx, scope);
}

/**
 * Whether the platform or this subscriber is stopped, or with `platform` whether everybody is: for the pages, and before each INVITE;
 * `grantPermit` asks for itself.
 */
export function callsAreStopped(
  source: Database | Transaction,
  subscriber: "platform" | SubscriberId,
): Promise<boolean> {
  return permits.isStopped(source, subscriber);
}
