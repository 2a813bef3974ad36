import { createCipheriv } from "node:crypto";

/** The crypto suites of RFC 4568 6.2 that we speak, best first. */
export const cryptoSuites = ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"] as const;
export type CryptoSuite = (typeof cryptoSuites)[number];

/** RFC 4568 6.2: octets of master key and master salt, as `inline:` has them in one. */
export const masterKeyLength = 16;
export const keyMaterialLength = 30;

/** RFC 4568 6.2.2: the short tag is SRTP's alone. */
export const longestTag = 10;
export function tagLengthOf(suite: CryptoSuite): number {
  return suite === "AES_CM_128_HMAC_SHA1_80" ? longestTag : 4;
}

export interface SessionKeys {
  readonly cipherKey: Buffer;
  readonly authenticationKey: Buffer;
  /** 14 octets. */
  readonly salt: Buffer;
}

/**
 * RFC 3711 4.3.1, with a key derivation rate of zero: derived once for the life of the master key.
 * @param material master key and master salt, `keyMaterialLength` octets
 */
export function deriveSessionKeys(material: Uint8Array, of: "srtp" | "srtcp"): SessionKeys {
  const first = of === "srtp" ? 0 : 3;
  return {
    cipherKey: derive(material, first, 16),
    authenticationKey: derive(material, first + 1, 20),
    salt: derive(material, first + 2, 14),
  };
}

function derive(material: Uint8Array, label: number, length: number): Buffer {
  const counter = Buffer.alloc(16);
  counter.set(material.subarray(masterKeyLength, keyMaterialLength));
  // The label stands before the 48 bits of index / rate, which are zero.
  counter.writeUInt8(counter.readUInt8(7) ^ label, 7);
  const cipher = createCipheriv("aes-128-ctr", material.subarray(0, masterKeyLength), counter);
  return cipher.update(Buffer.alloc(length));
}
