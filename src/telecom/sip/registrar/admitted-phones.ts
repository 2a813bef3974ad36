import type { PhoneName } from "#base/ids.ts";
import type { AdmittedPhone, Command, PhoneDigest } from "#contract/telecom.ts";

type AdmitPhones = Extract<Command, { type: "admit-phones" }>;

/** Who may register: the last set of phones whose parts have all come. */
export class AdmittedPhones {
  #edition = "";
  #digests: ReadonlyMap<string, PhoneDigest> | undefined;
  /** The set whose parts are coming; a newer one takes its place. */
  #coming: { readonly edition: string; readonly parts: Map<number, readonly AdmittedPhone[]> } | undefined;

  /** False until the first whole set: then nobody can be told from anybody. */
  get areKnown(): boolean {
    return this.#digests !== undefined;
  }

  digestOf(name: string): PhoneDigest | undefined {
    return this.#digests?.get(name);
  }

  /** Takes one part. When it makes a new set whole: the names that may register no longer, or have another password now. */
  take({ edition, part, parts, phones }: AdmitPhones): readonly PhoneName[] {
    if (edition === this.#edition) {
      this.#coming = undefined;
      return [];
    }
    if (this.#coming?.edition !== edition) this.#coming = { edition, parts: new Map() };
    const { parts: come } = this.#coming;
    come.set(part, phones);
    for (let at = 1; at <= parts; at++) if (!come.has(at)) return [];
    const before = this.#digests ?? new Map<string, PhoneDigest>();
    const now = new Map<string, PhoneDigest>();
    for (const { phone, digest } of [...come.values()].flat()) now.set(phone, digest);
    this.#edition = edition;
    this.#digests = now;
    this.#coming = undefined;
    return [...before]
      .filter(([name, digest]) => !sameDigest(digest, now.get(name)))
      .map(([name]) => name as PhoneName);
  }
}

export function sameDigest(digest: PhoneDigest, other: PhoneDigest | undefined): boolean {
  return other !== undefined && digest.md5 === other.md5 && digest.sha256 === other.sha256;
}
