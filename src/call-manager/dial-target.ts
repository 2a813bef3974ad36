import type { PhoneName } from "#base/ids.ts";
import type { DialTarget } from "#contract/telecom.ts";
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

/** Wherever it is registered when it is dialled. `user` is the DNIS. */
export function phoneTarget(phone: PhoneName, user: string): DialTarget {
  return { type: "phone", phone, user, codecs: ["PCMU", "PCMA"] };
}
