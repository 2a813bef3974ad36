import type { DialTarget } from "#contract/telecom.ts";
import type { Trunk } from "#network/records.ts";

/** `user` is the user part of the Request-URI: a number written for the trunk, or a DNIS. */
export function dialTarget(trunk: Trunk, user: string): DialTarget {
  const { host, port, transport, domain, credentials, codecs } = trunk;
  return {
    host,
    transport,
    user,
    codecs: [...codecs],
    ...(port === undefined ? {} : { port }),
    ...(domain === undefined ? {} : { domain }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}
