import { createHash } from "node:crypto";
import type { Random } from "#base/random.ts";
import type { Algorithm, Challenge } from "./challenge.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface DigestedRequest {
  readonly method: string;
  /** The Request-URI as it is sent (RFC 3261 22.4). */
  readonly uri: string;
  /** Counts under `auth-int` alone. */
  readonly body: Uint8Array;
}

/** RFC 7616 3.4: the value of Authorization or Proxy-Authorization. `nonceCount` is 1 for a nonce's first use. */
export function digestAnswer(wish: {
  readonly challenge: Challenge;
  readonly credentials: Credentials;
  readonly request: DigestedRequest;
  readonly nonceCount: number;
  readonly cnonce: string;
}): string {
  const { challenge, credentials, request, cnonce } = wish;
  const nc = wish.nonceCount.toString(16).padStart(8, "0");
  const { username, password } = credentials;
  const secret = hashOf(challenge.algorithm)(`${username}:${challenge.realm}:${password}`);
  const response = digestResponse({ challenge, secret, request, nc, cnonce });
  const parameters = [
    `username=${quoted(credentials.username)}`,
    `realm=${quoted(challenge.realm)}`,
    `nonce=${quoted(challenge.nonce)}`,
    `uri=${quoted(request.uri)}`,
    `response="${response}"`,
    `algorithm=${challenge.algorithm}`,
  ];
  // RFC 7616 3.4: cnonce and nc must not be sent when no qop was offered; -sess needs its cnonce all the same.
  if (challenge.qop !== "none") parameters.push(`qop=${challenge.qop}`, `nc=${nc}`);
  if (challenge.qop !== "none" || isSession(challenge.algorithm)) parameters.push(`cnonce=${quoted(cnonce)}`);
  if (challenge.opaque !== undefined) parameters.push(`opaque=${quoted(challenge.opaque)}`);
  return `Digest ${parameters.join(", ")}`;
}

/** 128 random bits, in hex. */
export function makeCnonce(random: Random): string {
  return Buffer.from(random.bytes(16)).toString("hex");
}

/** RFC 7616 3.4.1. `secret` is H(username ":" realm ":" password), as it is kept where no password is. */
export function digestResponse(wish: {
  readonly challenge: Pick<Challenge, "algorithm" | "qop" | "nonce">;
  readonly secret: string;
  readonly request: DigestedRequest;
  readonly nc: string;
  readonly cnonce: string;
}): string {
  const { challenge, secret, request, nc, cnonce } = wish;
  const hash = hashOf(challenge.algorithm);
  // RFC 7616 3.4.2
  const a1 = isSession(challenge.algorithm) ? hash(`${secret}:${challenge.nonce}:${cnonce}`) : secret;
  // RFC 7616 3.4.3
  const a2 = `${request.method}:${request.uri}${challenge.qop === "auth-int" ? `:${hash(request.body)}` : ""}`;
  // RFC 7616 3.4.1; without qop it is RFC 2069's.
  return challenge.qop === "none"
    ? hash(`${a1}:${challenge.nonce}:${hash(a2)}`)
    : hash(`${a1}:${challenge.nonce}:${nc}:${cnonce}:${challenge.qop}:${hash(a2)}`);
}

function hashOf(algorithm: Algorithm): (data: string | Uint8Array) => string {
  const name = algorithm.startsWith("SHA-256") ? "sha256" : "md5";
  return (data) => createHash(name).update(data).digest("hex");
}

function isSession(algorithm: Algorithm): boolean {
  return algorithm.endsWith("-sess");
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
