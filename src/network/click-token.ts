import type { Clock } from "#base/clock.ts";
import { type ContextFields, contextFields } from "#contract/interaction-context.ts";
import { decodeProtectedHeader, errors, importJWK, type JWK, type JWTPayload, jwtVerify } from "jose";
import { DateTime } from "luxon";
import { Compile } from "typebox/compile";
import type { JsonWebKeyRecord, Subscriber } from "./records.ts";

/** What the subscriber's site said under its signature; or why it does not count. */
export type ClickTokenAnswer =
  | {
      readonly type: "verified";
      readonly fields: ContextFields;
      /** The token's own id (`jti`): it may start one call. */
      readonly tokenId: string;
      readonly expiresAtMs: number;
      /** The subject it was made for, when it says so: good for that one alone. */
      readonly subject?: string;
    }
  | { readonly type: "refused"; readonly why: ClickTokenRefusal };

export type ClickTokenRefusal =
  | "too-long"
  | "malformed"
  | "algorithm-not-allowed"
  | "key-unknown"
  | "signature-wrong"
  | "audience-wrong"
  | "issuer-wrong"
  | "expiry-missing"
  | "expired"
  | "not-valid-yet"
  | "lives-too-long"
  | "id-missing"
  | "subject-wrong"
  | "fields-invalid";

const fit = Compile(contextFields);
const algorithms: ReadonlySet<string> = new Set(["HS256", "ES256", "EdDSA", "RS256"]);
const longestToken = 4096;
const longestLifeMs = 24 * 60 * 60 * 1000;
/** Two machines' clocks agree within this. */
const toleranceSeconds = 30;

/**
 * 201-202. Verifies a click token: a JWS (RFC 7515) made by the subscriber's site, with the claims of RFC 7519
 * `aud: "tandem"`, `iss` the subscriber, `exp` at most 24 hours away, `jti`, and `context` (whisperCode, phone, page,
 * pageTitle, referrer, extra); `subject` binds it to one subject. Never throws for what a token says.
 */
export async function readClickToken(
  token: string,
  expected: {
    readonly subscriber: Pick<Subscriber, "id" | "tokenKeys">;
    readonly subject: string;
    readonly clock: Clock;
  },
): Promise<ClickTokenAnswer> {
  if (token.length > longestToken) return refused("too-long");
  const nowMs = expected.clock.now();

  const key = chooseKey(token, expected.subscriber.tokenKeys);
  if (typeof key === "string") return refused(key);

  let claims: JWTPayload;
  try {
    const verified = await jwtVerify(token, await importJWK(key as JWK, key.alg), {
      // The key's own algorithm alone: a public key must never be taken for an HMAC secret.
      algorithms: [key.alg],
      clockTolerance: toleranceSeconds,
      currentDate: DateTime.fromMillis(nowMs).toJSDate(),
    });
    claims = verified.payload;
  } catch (error) {
    return refused(whyNotVerified(error));
  }
  return judgeClaims(claims, expected, nowMs);
}

function chooseKey(token: string, keys: readonly JsonWebKeyRecord[]): JsonWebKeyRecord | ClickTokenRefusal {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch {
    return "malformed"; // Whatever is wrong with it, it is no token.
  }
  if (typeof header.alg !== "string" || !algorithms.has(header.alg)) return "algorithm-not-allowed";
  // One key needs no name; with several, trying each would let a forger choose.
  const candidates = header.kid === undefined && keys.length > 1 ? [] : keys;
  const key = candidates.find((candidate) => header.kid === undefined || candidate.kid === header.kid);
  if (key === undefined) return "key-unknown";
  return key.alg === header.alg ? key : "algorithm-not-allowed";
}

function judgeClaims(
  claims: JWTPayload,
  expected: { readonly subscriber: Pick<Subscriber, "id">; readonly subject: string },
  nowMs: number,
): ClickTokenAnswer {
  const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  if (!audiences.includes("tandem")) return refused("audience-wrong");
  if (claims.iss !== expected.subscriber.id) return refused("issuer-wrong");
  if (claims.sub !== undefined && claims.sub !== expected.subscriber.id) return refused("issuer-wrong");
  if (claims.exp === undefined) return refused("expiry-missing");
  const expiresAtMs = Math.floor(claims.exp * 1000);
  if (expiresAtMs > nowMs + longestLifeMs + toleranceSeconds * 1000) return refused("lives-too-long");
  if (typeof claims.jti !== "string" || claims.jti.length < 1 || claims.jti.length > 100)
    return refused("id-missing");
  const { subject, context } = claims;
  if (subject !== undefined && subject !== expected.subject) return refused("subject-wrong");
  const fields: unknown = context ?? {};
  if (!fit.Check(fields)) return refused("fields-invalid");
  return {
    type: "verified",
    fields,
    tokenId: claims.jti,
    expiresAtMs,
    ...(subject !== undefined && { subject: expected.subject }),
  };
}

function whyNotVerified(error: unknown): ClickTokenRefusal {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "signature-wrong";
  if (error instanceof errors.JOSEAlgNotAllowed) return "algorithm-not-allowed";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "nbf") return "not-valid-yet";
    if (error.claim === "exp") return "expiry-missing";
  }
  // Also a key that cannot be imported: the configuration is checked when it is loaded, so this is the token's fault.
  return "malformed";
}

const refused = (why: ClickTokenRefusal): ClickTokenAnswer => ({ type: "refused", why });
