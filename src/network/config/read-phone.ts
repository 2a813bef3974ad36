import { createHash } from "node:crypto";
import type { JSONPath } from "jsonc-parser";
import type { PhoneName, SubscriberId } from "#base/ids.ts";
import { type PhoneDigest, phoneRealm } from "#contract/telecom.ts";
import type { PhoneShape } from "../config-schema.ts";
import type { Phone } from "../records.ts";
import { type Reading, readSecret } from "./read-policy.ts";

/** What is guessed ten times a minute, for years, must not be found. */
const fewestCharacters = 8;

/** A phone's password is read here and goes no further: its digests are what is stored. */
export function readPhone(
  of: { readonly subscriber: SubscriberId; readonly id: string },
  told: PhoneShape,
  reading: Reading,
): Phone {
  const { subscriber, id } = of;
  const name = phoneName(subscriber, id);
  const { media = "rtp" } = told;
  if ("digest" in told) return { subscriber, name, digest: told.digest, media };
  const path: JSONPath = ["subscribers", subscriber, "phones", id, "password"];
  const password = readSecret(told.password, path, reading);
  if (password.length < fewestCharacters)
    reading.complaints.add(path, `must have at least ${fewestCharacters} characters`);
  return { subscriber, name, digest: digestOf(name, password), media };
}

/** No id holds a dot, so no two phones of the platform have one name. */
export function phoneName(subscriber: string, id: string): PhoneName {
  return `${id}.${subscriber}` as PhoneName;
}

/** RFC 7616 3.4.2. */
function digestOf(name: PhoneName, password: string): PhoneDigest {
  const told = `${name}:${phoneRealm}:${password}`;
  const hash = (algorithm: string): string => createHash(algorithm).update(told).digest("hex");
  return { md5: hash("md5"), sha256: hash("sha256") };
}
