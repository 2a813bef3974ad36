import type { Random } from "#base/random.ts";
import { type Challenge, strongestChallenge } from "./challenge.ts";
import { type Credentials, type DigestedRequest, digestAnswer, makeCnonce } from "./digest.ts";

/**
 * What one leg knows of how its trunk wants to be answered: plain data. The caller gives it the responses of that trunk
 * alone, so a challenge of anybody else is never answered (no digest leak).
 */
export interface TrunkLogin {
  readonly credentials: Credentials & { readonly realm?: string };
  readonly proofs: readonly Proof[];
  readonly refusals: number;
}

/** One realm's nonce in use, and how often it was used. */
interface Proof {
  readonly header: "Authorization" | "Proxy-Authorization";
  readonly challenge: Challenge;
  readonly nonceCount: number;
  /** A request that carried it was taken: then the password is right, and a new challenge asks for a new nonce alone. */
  readonly worked: boolean;
}

export function trunkLogin(credentials: TrunkLogin["credentials"]): TrunkLogin {
  return { credentials, proofs: [], refusals: 0 };
}

export interface ChallengedResponse {
  readonly status: 401 | 407;
  /** Values of WWW-Authenticate (401) or Proxy-Authenticate (407), one each. */
  readonly challenges: readonly string[];
}

// A proxy and the server behind it, each with one stale nonce: nobody needs more.
const mostRefusals = 4;

/**
 * RFC 3261 22.2, RFC 7616 3.3: takes a challenge in. `undefined` when there is no use in trying again: nothing that we can
 * answer, or the same realm refused an answer that was not stale (the credentials are wrong), or it goes on for too long. A realm
 * that took an answer before may want a new nonce without a word of staleness: many trunks' nonces are good for one request.
 */
export function challenged(login: TrunkLogin, response: ChallengedResponse): TrunkLogin | undefined {
  const header = response.status === 401 ? "Authorization" : "Proxy-Authorization";
  const challenge = strongestChallenge(response.challenges, login.credentials.realm);
  if (challenge === undefined || login.refusals >= mostRefusals) return undefined;
  const before = login.proofs.find((proof) => isSame(proof, header, challenge.realm));
  if (before !== undefined && before.nonceCount > 0) {
    const isStale = challenge.stale || before.worked;
    if (!isStale || challenge.nonce === before.challenge.nonce) return undefined;
  }
  const others = login.proofs.filter((proof) => proof !== before);
  return {
    ...login,
    proofs: [...others, { header, challenge, nonceCount: 0, worked: false }],
    refusals: login.refusals + 1,
  };
}

/** The headers that the next request carries, and the login with its nonces counted on. */
export function authorized(
  login: TrunkLogin,
  request: DigestedRequest,
  random: Random,
): readonly [TrunkLogin, readonly { readonly name: Proof["header"]; readonly value: string }[]] {
  const proofs = login.proofs.map((proof) => ({ ...proof, nonceCount: proof.nonceCount + 1 }));
  const headers = proofs.map(({ header, challenge, nonceCount }) => ({
    name: header,
    value: digestAnswer({
      challenge,
      credentials: login.credentials,
      request,
      nonceCount,
      cnonce: makeCnonce(random),
    }),
  }));
  return [{ ...login, proofs }, headers];
}

/** A request that carried these proofs was taken: the counting of refusals begins anew. */
export function proven(login: TrunkLogin): TrunkLogin {
  return { ...login, proofs: login.proofs.map((proof) => ({ ...proof, worked: true })), refusals: 0 };
}

function isSame(proof: Proof, header: Proof["header"], realm: string): boolean {
  return proof.header === header && proof.challenge.realm === realm;
}
