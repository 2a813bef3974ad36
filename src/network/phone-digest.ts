import { createHash } from "node:crypto";
import type { PhoneName } from "#base/ids.ts";
import { type PhoneDigest, phoneRealm } from "#contract/telecom.ts";

/** RFC 7616 3.4.2: what a phone's password is kept as. */
export function phoneDigestOf(name: PhoneName, password: string): PhoneDigest {
  const told = `${name}:${phoneRealm}:${password}`;
  const hash = (algorithm: string): string => createHash(algorithm).update(told).digest("hex");
  return { md5: hash("md5"), sha256: hash("sha256") };
}
