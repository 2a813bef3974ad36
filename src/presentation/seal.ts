import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import type { Random } from "#base/random.ts";

const cipher = "aes-256-gcm";
/** RFC 7518 5.3: 96 bits of initialization vector, 128 of tag. */
const ivOctets = 12;
const authTagLength = 16;

/**
 * JWE (RFC 7516) in compact form, `dir` with A256GCM, under one key of 32 octets. At once: what is sealed here is small, and to hand it
 * to another thread and back costs ten times as much.
 */
export class Seal {
  readonly #key: Uint8Array;
  /** The same of every text that this key seals: a header that differs in one octet is another's. */
  readonly #header: string;

  constructor(key: Uint8Array) {
    const kid = createHash("sha256").update(key).digest("hex").slice(0, 12);
    this.#key = key;
    this.#header = Buffer.from(JSON.stringify({ alg: "dir", enc: "A256GCM", kid })).toString("base64url");
  }

  seal(plain: string, random: Random): string {
    const iv = Buffer.from(random.bytes(ivOctets));
    const sealing = createCipheriv(cipher, this.#key, iv, { authTagLength });
    // RFC 7516 5.1, 14: the header is authenticated as it is written.
    sealing.setAAD(Buffer.from(this.#header));
    const sealed = Buffer.concat([sealing.update(plain, "utf8"), sealing.final()]);
    const parts = [iv, sealed, sealing.getAuthTag()].map((part) => part.toString("base64url"));
    return [this.#header, "", ...parts].join(".");
  }

  /** Undefined for what this key did not seal, or what was changed since. */
  open(compact: string): string | undefined {
    const [header, encryptedKey, ...sealed] = compact.split(".");
    if (header !== this.#header || encryptedKey !== "") return undefined;
    const [iv, text, tag, more] = sealed.map((part) => Buffer.from(part, "base64url"));
    if (iv?.length !== ivOctets || text === undefined || tag?.length !== authTagLength || more !== undefined)
      return undefined;
    try {
      const opening = createDecipheriv(cipher, this.#key, iv, { authTagLength });
      opening.setAAD(Buffer.from(header)).setAuthTag(tag);
      return Buffer.concat([opening.update(text), opening.final()]).toString("utf8");
    } catch {
      // The tag does not fit.
      return undefined;
    }
  }
}
