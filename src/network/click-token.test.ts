import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import type { SubscriberId } from "#base/ids.ts";
import fc from "fast-check";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { type ClickTokenAnswer, readClickToken } from "./click-token.ts";
import type { JsonWebKeyRecord } from "./records.ts";

const nowMs = Date.UTC(2026, 0, 5, 12);
const now = nowMs / 1000;
const secretText = "a secret that only the bank knows, 32+";
const secret = new TextEncoder().encode(secretText);
const hmac = (kid: string, text = secretText): JsonWebKeyRecord => ({
  kid,
  kty: "oct",
  alg: "HS256",
  k: Buffer.from(text).toString("base64url"),
});
const good: JWTPayload = {
  iss: "bank",
  aud: "tandem",
  exp: now + 600,
  jti: "t-1",
  context: { whisperCode: "A47", phone: "+14155552671" },
};

const read = (token: string, keys: readonly JsonWebKeyRecord[] = [hmac("k1")], subject = "mortgages") =>
  readClickToken(token, {
    subscriber: { id: "bank" as SubscriberId, tokenKeys: keys },
    subject,
    clock: new VirtualClock(nowMs),
  });
const sign = (claims: JWTPayload, header: { alg?: string; kid?: string } = {}): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: "HS256", ...header }).sign(secret);
const why = (answer: ClickTokenAnswer): string => (answer.type === "verified" ? "verified" : answer.why);
const { exp: _exp, ...withoutExp } = good;
const { jti: _jti, ...withoutJti } = good;

test("a good token gives its fields, its id and its end", async () => {
  assert.deepEqual(await read(await sign(good)), {
    type: "verified",
    fields: { whisperCode: "A47", phone: "+14155552671" },
    tokenId: "t-1",
    expiresAtMs: nowMs + 600_000,
  });
  const bound = await read(await sign({ ...good, subject: "mortgages" }));
  assert.equal(bound.type === "verified" && bound.subject, "mortgages");
});

test("every algorithm that is allowed verifies with its own key", async () => {
  for (const alg of ["ES256", "EdDSA", "RS256"]) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = await exportJWK(publicKey);
    const key: JsonWebKeyRecord = { ...jwk, kty: String(jwk.kty), kid: "k1", alg };
    const token = await new SignJWT(good).setProtectedHeader({ alg, kid: "k1" }).sign(privateKey);
    assert.equal(why(await read(token, [key])), "verified", alg);
    const other = await generateKeyPair(alg);
    const forged = await new SignJWT(good).setProtectedHeader({ alg, kid: "k1" }).sign(other.privateKey);
    assert.equal(why(await read(forged, [key])), "signature-wrong", alg);
  }
});

test("each bad token is refused for its own reason", async () => {
  const cases: readonly [string, string][] = [
    ["too-long", "x".repeat(5000)],
    ["malformed", "not a token"],
    ["malformed", ""],
    ["malformed", "..."],
    ["signature-wrong", (await sign(good)).replace(/\.[^.]+$/, `.${"A".repeat(43)}`)],
    ["audience-wrong", await sign({ ...good, aud: "others" })],
    ["issuer-wrong", await sign({ ...good, iss: "shop" })],
    ["issuer-wrong", await sign({ ...good, sub: "shop" })],
    ["expiry-missing", await sign(withoutExp)],
    ["expired", await sign({ ...good, exp: now - 31 })],
    ["not-valid-yet", await sign({ ...good, nbf: now + 31 })],
    ["lives-too-long", await sign({ ...good, exp: now + 24 * 3600 + 31 })],
    ["id-missing", await sign(withoutJti)],
    ["id-missing", await sign({ ...good, jti: "" })],
    ["subject-wrong", await sign({ ...good, subject: "cards" })],
    ["fields-invalid", await sign({ ...good, context: { whisperCode: "x".repeat(65) } })],
    ["fields-invalid", await sign({ ...good, context: { pin: "1" } })],
    ["fields-invalid", await sign({ ...good, context: "A47" })],
    ["key-unknown", await sign(good, { kid: "k9" })],
  ];
  for (const [reason, token] of cases) assert.equal(why(await read(token)), reason, token.slice(0, 60));
});

test("a token without a signature, or with another algorithm than its key's, is refused", async () => {
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const none = `${encoded({ alg: "none" })}.${encoded(good)}.`;
  assert.equal(why(await read(none)), "algorithm-not-allowed");
  // The old trick: the public key, which everybody has, used as the secret of an HMAC.
  const { publicKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = await exportJWK(publicKey);
  const confused = await new SignJWT(good)
    .setProtectedHeader({ alg: "HS256", kid: "k1" })
    .sign(new TextEncoder().encode(JSON.stringify(jwk)));
  const key: JsonWebKeyRecord = { ...jwk, kty: "RSA", kid: "k1", alg: "RS256" };
  assert.equal(why(await read(confused, [key])), "algorithm-not-allowed");
});

test("keys are rotated by adding: old and new both count, and a token must say which it means", async () => {
  const keys = [hmac("new", "another secret of the bank's, 32 octets"), hmac("old")];
  assert.equal(why(await read(await sign(good, { kid: "old" }), keys)), "verified");
  assert.equal(why(await read(await sign(good, { kid: "new" }), keys)), "signature-wrong");
  assert.equal(why(await read(await sign(good), keys)), "key-unknown");
  assert.equal(why(await read(await sign(good), [])), "key-unknown");
});

test("whatever is sent as a token is answered, and never verified by chance", async () => {
  const token = await sign(good);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 300 }),
        fc
          .tuple(fc.nat(token.length - 1), fc.string({ minLength: 1, maxLength: 1 }))
          .map(([index, character]) => token.slice(0, index) + character + token.slice(index + 1)),
      ),
      async (text) => {
        const answer = await read(text);
        if (answer.type === "verified") assert.deepEqual(answer.fields, good["context"]);
      },
    ),
    { numRuns: 500 },
  );
});
