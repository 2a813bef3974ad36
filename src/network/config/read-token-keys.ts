import { createPublicKey } from "node:crypto";
import type { JSONPath } from "jsonc-parser";
import type { TokenKeyShape } from "../config-schema.ts";
import type { JsonWebKeyRecord } from "../records.ts";
import { type Reading, readSecret } from "./read-policy.ts";

/** The keys of a subscriber's click tokens, as JSON Web Keys (RFC 7517). */
export function readTokenKeys(
  told: readonly TokenKeyShape[],
  path: JSONPath,
  reading: Reading,
): readonly JsonWebKeyRecord[] {
  const kids = new Set<string>();
  return told.map((key, index) => {
    const place = [...path, index];
    if (kids.has(key.kid))
      reading.complaints.add([...place, "kid"], `${key.kid} is another key's kid already`);
    kids.add(key.kid);
    if ("secret" in key) return readSecretKey(key, [...place, "secret"], reading);
    return readPublicKey(key, [...place, "jwk"], reading);
  });
}

function readSecretKey(
  key: Extract<TokenKeyShape, { secret: unknown }>,
  path: JSONPath,
  reading: Reading,
): JsonWebKeyRecord {
  const secret = Buffer.from(readSecret(key.secret, path, reading), "utf8");
  // RFC 7518 3.2: a key for HS256 has at least the size of the hash.
  if (secret.length > 0 && secret.length < 32) reading.complaints.add(path, "must have at least 32 octets");
  return { kid: key.kid, kty: "oct", alg: key.alg, k: secret.toString("base64url") };
}

const kindOf = { ES256: ["EC", "P-256"], EdDSA: ["OKP", "Ed25519"], RS256: ["RSA", undefined] } as const;

function readPublicKey(
  key: Extract<TokenKeyShape, { jwk: unknown }>,
  path: JSONPath,
  { complaints }: Reading,
): JsonWebKeyRecord {
  const { kid, alg, jwk } = key;
  const [kty, crv] = kindOf[alg];
  if ("d" in jwk) complaints.add([...path, "d"], "is the private half: give the public key alone", "name");
  if (jwk["kty"] !== kty || (crv !== undefined && jwk["crv"] !== crv)) {
    complaints.add(path, `must be a key of kty ${kty}${crv === undefined ? "" : `, crv ${crv}`} for ${alg}`);
  } else if (!isPublicKey(jwk)) {
    complaints.add(path, "is no public key that can be used");
  }
  return { ...jwk, kid, kty, alg };
}

function isPublicKey(jwk: Readonly<Record<string, unknown>>): boolean {
  try {
    const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
    return key.asymmetricKeyType !== "rsa" || (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
  } catch {
    return false; // Node tells a wrong key by throwing.
  }
}
