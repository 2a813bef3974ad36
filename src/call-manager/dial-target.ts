import type { PhoneName } from "#base/ids.ts";
import type { DialTarget, PhoneDigest } from "#contract/telecom.ts";
import type { Trunk } from "#network/records.ts";

/** `user` is the user part of the Request-URI: a number written for the trunk, or a DNIS. */
export function trunkTarget(trunk: Trunk, user: string): DialTarget {
  const { host, port, transport, domain, credentials, codecs } = trunk;
  return {
    type: "trunk",
    host,
    transport,
    user,
    codecs: [...codecs],
    ...(port === undefined ? {} : { port }),
    ...(domain === undefined ? {} : { domain }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

/** Wherever it is registered when it is dialled; a guest, as soon as it is. `user` is the DNIS. */
export function phoneTarget(phone: PhoneName, user: string, guest?: PhoneDigest): DialTarget {
  const target = { type: "phone", phone, user, codecs: ["PCMU", "PCMA"] } satisfies DialTarget;
  return guest === undefined ? target : { ...target, guest: { digest: { ...guest } } };
}
