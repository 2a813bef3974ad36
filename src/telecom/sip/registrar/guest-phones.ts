import type { PhoneName } from "#base/ids.ts";
import type { PhoneDigest } from "#contract/telecom.ts";

/** Phones that may register because a leg waits for them: a visitor's browser, for one call. */
export class GuestPhones {
  readonly #guests = new Map<string, { readonly digest: PhoneDigest; readonly legs: number }>();

  digestOf(name: string): PhoneDigest | undefined {
    return this.#guests.get(name)?.digest;
  }

  /** One leg more. False when a leg before it gave that name another password. */
  admit(phone: PhoneName, digest: PhoneDigest): boolean {
    const known = this.#guests.get(phone);
    if (known !== undefined && (known.digest.md5 !== digest.md5 || known.digest.sha256 !== digest.sha256))
      return false;
    this.#guests.set(phone, { digest, legs: (known?.legs ?? 0) + 1 });
    return true;
  }

  /** One leg less; true when it was the last. */
  dismiss(phone: PhoneName): boolean {
    const known = this.#guests.get(phone);
    if (known === undefined) return false;
    if (known.legs > 1) this.#guests.set(phone, { ...known, legs: known.legs - 1 });
    else this.#guests.delete(phone);
    return known.legs === 1;
  }
}
