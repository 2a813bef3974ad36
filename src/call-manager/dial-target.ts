import type { PhoneName } from "#base/ids.ts";
import type { DialTarget, PhoneDigest } from "#contract/telecom.ts";
import type { Phone, Trunk } from "#network/records.ts";

/** `user` is the user part of the Request-URI: a number written for the trunk, or a DNIS. */
export function trunkTarget(trunk: Trunk, user: string): DialTarget {
  const { host, port, transport, domain, credentials, codecs, media } = trunk;
  return {
    type: "trunk",
    host,
    transport,
    user,
    codecs: [...codecs],
    media,
    ...(port === undefined ? {} : { port }),
    ...(domain === undefined ? {} : { domain }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

/** Wherever it is registered when it is dialled. `user` is the DNIS. */
export function phoneTarget({ name, media }: Phone, user: string): DialTarget {
  return { type: "phone", phone: name, user, codecs: ["PCMU", "PCMA"], media };
}

/** A page that is to be a telephone for this leg alone: it is rung as soon as it has registered. */
export function guestTarget(guest: PhoneName, user: string, digest: PhoneDigest): DialTarget {
  return { type: "phone", phone: guest, user, codecs: ["PCMU", "PCMA"], guest: { digest: { ...digest } } };
}
