import { createHmac, hkdfSync } from "node:crypto";
import type { CallId, PhoneName } from "#base/ids.ts";
import type { PhoneDigest } from "#contract/telecom.ts";
import { phoneDigestOf } from "#network/phone-digest.ts";

/**
 * The visitor's browser as a telephone, for the length of one call: the unit admits it with the dial that rings it. Its name and password
 * follow from the call's id and the platform's secret, so each page of the call has the same ones, also after a reload or in the next
 * life of the process, and nobody who has only the database has any.
 */
export interface GuestPhone {
  readonly phone: PhoneName;
  readonly digest: PhoneDigest;
}

export interface GuestLogin {
  readonly name: string;
  readonly password: string;
}

/** What a call is begun with. `secretKeys` newest first. */
export function guestPhone(call: CallId, secretKeys: readonly Uint8Array[]): GuestPhone {
  const [login] = loginsOf(call, secretKeys);
  const { name, password } = login ?? { name: "", password: "" };
  return { phone: name as PhoneName, digest: phoneDigestOf(name as PhoneName, password) };
}

/** What the call's own pages log in by. Undefined when the key that it was begun with is kept no longer. */
export function guestLogin(
  call: CallId,
  guest: GuestPhone,
  secretKeys: readonly Uint8Array[],
): GuestLogin | undefined {
  return loginsOf(call, secretKeys).find(
    ({ name, password }) =>
      name === guest.phone && phoneDigestOf(guest.phone, password).sha256 === guest.digest.sha256,
  );
}

function loginsOf(call: CallId, secretKeys: readonly Uint8Array[]): readonly GuestLogin[] {
  return secretKeys.map((secret) => {
    // A key of its own for this purpose, as tickets have theirs.
    const key = Buffer.from(hkdfSync("sha256", secret, "", "tandem guest phone", 32));
    const derived = (what: string): Buffer => createHmac("sha256", key).update(`${what}:${call}`).digest();
    // No dot in it, so it is none of a subscriber's phones.
    const name = `guest-${derived("name").toString("hex").slice(0, 24)}`;
    return { name, password: derived("password").toString("base64url") };
  });
}
