import type { JSONPath } from "jsonc-parser";
import type { PhoneName, SubscriberId } from "#base/ids.ts";
import type { PhoneShape } from "../config-schema.ts";
import { phoneDigestOf } from "../phone-digest.ts";
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
  return { subscriber, name, digest: phoneDigestOf(name, password), media };
}

/** No id holds a dot, so no two phones of the platform have one name. */
export function phoneName(subscriber: string, id: string): PhoneName {
  return `${id}.${subscriber}` as PhoneName;
}
