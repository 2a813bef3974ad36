import type { JSONPath } from "jsonc-parser";
import type { TrunkId } from "#base/ids.ts";
import { longestCredential, trunkCredentials } from "#contract/telecom.ts";
import { Value } from "typebox/value";
import type { TrunkShape } from "../config-schema.ts";
import type { Trunk } from "../records.ts";
import { type Reading, readSecret } from "./read-policy.ts";

/** One trunk: what the file says, over the defaults. */
export function readTrunk(id: TrunkId, told: TrunkShape, reading: Reading): Trunk {
  const { host, port, domain, credentials, callerId, transport = "udp", media = "rtp" } = told;
  // RFC 4568 8.1: the keys stand in the session description, as readable as the SIP around it.
  if (media === "srtp" && transport !== "tls")
    reading.complaints.add(
      ["trunks", id, "media"],
      'srtp needs "transport": "tls": over anything else its keys can be read on the way',
    );
  return {
    id,
    host,
    ...(port !== undefined && { port }),
    transport,
    ...(domain !== undefined && { domain }),
    ...(credentials !== undefined && {
      credentials: readCredentials(credentials, ["trunks", id, "credentials"], reading),
    }),
    codecs: told.codecs ?? ["PCMU", "PCMA"],
    media,
    numberFormat: told.numberFormat ?? "e164",
    ...(callerId !== undefined && { callerId }),
  };
}

function readCredentials(
  told: NonNullable<TrunkShape["credentials"]>,
  path: JSONPath,
  reading: Reading,
): NonNullable<Trunk["credentials"]> {
  const read = (name: keyof typeof longestCredential, secret: typeof told.username): string => {
    const value = readSecret(secret, [...path, name], reading);
    // What the environment holds is known only now.
    if (!Value.Check(trunkCredentials.properties[name], value)) {
      const longest = longestCredential[name];
      reading.complaints.add(
        [...path, name],
        `must have at most ${longest} characters, and no control character`,
      );
    }
    return value;
  };
  return {
    username: read("username", told.username),
    password: read("password", told.password),
    ...(told.realm !== undefined && { realm: read("realm", told.realm) }),
  };
}
