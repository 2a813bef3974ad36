import type { Limits, Policy } from "./records.ts";

/** What holds where a subscriber's configuration says nothing. The one place for these numbers. */
export const limitDefaults: Limits = {
  perNumberPer10Minutes: 2,
  perNumberPerDay: 6,
  perAddressPerHour: 10,
  perPrefixPerHour: 40,
  perSubscriberPerHour: 300,
  perSubscriberAtOnce: 30,
};

export const policyDefaults: Policy = {
  legOrder: "user-first",
  userRingSeconds: 30,
  centerRingSeconds: 40,
  confirmation: "unless-signed",
  confirmationSeconds: 15,
  signOn: { key: "#", seconds: 10, asks: 3, whenNobody: "next-route" },
  digitPauseSeconds: 3,
  maxCallMinutes: 60,
  announcements: {},
  limits: limitDefaults,
};

/** Whispered when a subject has no words of its own. */
export const whisperDefaults = {
  en: "{subject}. {page}. {pause} {code}",
  es: "{subject}. {page}. {pause} {code}",
} as const;
