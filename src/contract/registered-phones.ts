/** The words by which the operator asks who is registered: between the web process and the unit, and at the operator's API. */
import Type from "typebox";
import { phoneName } from "./telecom.ts";

const momentMs = Type.Integer({ minimum: 0 });

/** So that a page of registered phones stays far below the longest line, however many places each has. */
export const mostPhonesInPage = 200;

/**
 * Not to the lines but to the door: who is registered? This client alone is answered, by `phones` with the same `ask`. Names come in
 * the order of their characters, those behind `after` alone.
 */
export const phonesWish = Type.Object({
  type: Type.Literal("phones"),
  ask: Type.Integer({ minimum: 1 }),
  limit: Type.Integer({ minimum: 1, maximum: mostPhonesInPage }),
  after: Type.Optional(phoneName),
});
export type PhonesWish = Type.Static<typeof phonesWish>;

/** One place where a phone is registered. */
const phonePlace = Type.Object({
  transport: Type.String({ maxLength: 10 }),
  /** `address:port` that it registered from: requests go there. */
  address: Type.String({ maxLength: 100 }),
  /** RFC 3261 20.41, as the phone says it: cut, and without control characters. Not to be believed. */
  userAgent: Type.Optional(Type.String({ maxLength: 100 })),
  /** Since when it is registered there without a break. */
  sinceMs: momentMs,
  untilMs: momentMs,
  /** Of phones in browsers alone, which are asked: `asked` has not answered yet. What is not `ready` is not rung. */
  readiness: Type.Optional(
    Type.Union([Type.Literal("asked"), Type.Literal("ready"), Type.Literal("not-ready")]),
  ),
});

/** A phone that is registered now. A guest may be so for as long as a leg wants it. */
export const registeredPhone = Type.Object({
  phone: phoneName,
  guest: Type.Boolean(),
  /** The one that was registered last first. */
  places: Type.Array(phonePlace),
});
export type RegisteredPhone = Type.Static<typeof registeredPhone>;

/** A page of them. `next` is what to say as `after` for the next one; absent on the last. */
export const registeredPhones = Type.Object({
  type: Type.Literal("phones"),
  ask: Type.Integer({ minimum: 1 }),
  phones: Type.Array(registeredPhone, { maxItems: mostPhonesInPage }),
  next: Type.Optional(phoneName),
});
export type RegisteredPhones = Type.Static<typeof registeredPhones>;
