import { createCipheriv, createDecipheriv } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { TandemError } from "#base/errors.ts";
import type { Random } from "#base/random.ts";

/**
 * Seals what a row holds: passwords of trunks, numbers, media keys. AES-256-GCM; the row's name is bound in, so that no row can be put
 * in another's place. The key lies beside the journal in a file of its own, readable by its owner alone: a copy of the one is no use
 * without the other.
 */
export interface Seal {
  close(name: string, text: string): Buffer;
  /** Throws when the octets were not sealed under this name by this key. */
  open(name: string, sealed: Uint8Array): string;
}

const cipherName = "aes-256-gcm";
const keyOctets = 32;
const nonceOctets = 12;
const tagOctets = 16;

export function makeSeal(key: Uint8Array, random: Random): Seal {
  return {
    close(name, text) {
      const nonce = random.bytes(nonceOctets);
      const cipher = createCipheriv(cipherName, key, nonce, { authTagLength: tagOctets });
      cipher.setAAD(Buffer.from(name));
      const octets = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), octets]);
    },
    open(name, sealed) {
      const octets = Buffer.from(sealed);
      const nonce = octets.subarray(0, nonceOctets);
      const decipher = createDecipheriv(cipherName, key, nonce, { authTagLength: tagOctets });
      decipher.setAAD(Buffer.from(name));
      decipher.setAuthTag(octets.subarray(nonceOctets, nonceOctets + tagOctets));
      const text = decipher.update(octets.subarray(nonceOctets + tagOctets));
      return Buffer.concat([text, decipher.final()]).toString("utf8");
    },
  };
}

/** Reads the key, or makes one where there is none. Throws SETTINGS_INVALID for a file that holds something else. */
export function keyIn(path: string, random: Random): Uint8Array {
  if (!existsSync(path)) {
    writeFileSync(path, Buffer.from(random.bytes(keyOctets)).toString("base64url"), {
      mode: 0o600,
      flag: "wx",
    });
  }
  const key = Buffer.from(readFileSync(path, "utf8").trim(), "base64url");
  if (key.length !== keyOctets) throw new TandemError("SETTINGS_INVALID", { [path]: "holds no key of ours" });
  return key;
}
