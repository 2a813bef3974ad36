import { createHash } from "node:crypto";
import type { Random } from "./random.ts";

/** A string that can be mistaken for no other kind of id. */
export type Id<Kind extends string> = string & { readonly __kind: Kind };

/** One attempt to tie a web session to a call center. */
export type CallId = Id<"call">;
/** One telephone line of a call, as the telecommunications unit knows it: `<call>.user`, `<call>.center.1`. */
export type LegId = Id<"leg">;
/** One play of a prompt to a leg; playing the same id again is playing it once. */
export type PlayId = Id<"play">;
/** Two legs joined. */
export type BridgeId = Id<"bridge">;
/** A visitor's browser, over all its tabs. Secret: it is the session cookie's value. */
export type SessionId = Id<"session">;
/** A tenant, as it stands in click URLs: lower-case letters, digits, hyphens. */
export type SubscriberId = Id<"subscriber">;
/** What an inquiry is about, unique in its subscriber. */
export type SubjectId = Id<"subject">;
export type CallCenterId = Id<"center">;
export type RouteId = Id<"route">;
export type TrunkId = Id<"trunk">;
/** What a registered phone is called by, unique on the platform: `bob.bank`, the phone and its subscriber. */
export type PhoneName = Id<"phone">;
export type PageId = Id<"page">;
/** The right, written down before the INVITE, to call one number once. */
export type PermitId = Id<"permit">;

// Crockford's base 32 in lower case: no i, l, o, u, so an id can be read aloud.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** A new id of 130 random bits: `makeId<CallId>("call", random)` gives `call_5x...`. */
export function makeId<T extends Id<string>>(kind: T["__kind"], random: Random): T {
  return `${kind}_${readable(random, 26)}` as T;
}

/**
 * What a log line calls a visitor's session: ten characters of its SHA-256. Two lines that bear the same are of one browser, and
 * nobody can make the cookie of it.
 */
export function sessionMark(session: SessionId): string {
  return createHash("sha256").update(session).digest("hex").slice(0, 10);
}

/** `length` characters of five random bits each. */
export function readable(random: Random, length: number): string {
  let text = "";
  for (const byte of random.bytes(length)) text += alphabet[byte & 31];
  return text;
}
