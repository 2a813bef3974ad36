import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "#base/clock.ts";
import type { PhoneName } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import { RateLimit } from "#base/rate-limit.ts";
import { type PhoneDigest, phoneRealm } from "#contract/telecom.ts";
import { digestResponse } from "../auth/digest.ts";
import { Nonces, type NonceUse } from "../auth/nonces.ts";
import { type Param, paramValue } from "../message/grammar.ts";
import { credentials } from "../message/headers.ts";
import type { Flow, HeaderLine, SipRequest } from "../message/message.ts";
import { parseUri, sameUri } from "../message/uri.ts";

export type LoginVerdict =
  /** The password is right. `spend` has to follow when the request is taken. */
  | { readonly type: "proven"; readonly phone: PhoneName; readonly use: NonceUse }
  | { readonly type: "unproven"; readonly answer: Refusal };

export interface Refusal {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly HeaderLine[];
}

export type PhoneHash = "SHA-256" | "MD5";

/** What a login says of itself, read. */
interface Claim {
  readonly username: string;
  readonly algorithm: PhoneHash;
  readonly nonce: string;
  readonly nc: string;
  readonly cnonce: string;
  readonly qop: string;
  readonly uri: string;
  readonly response: string;
}

export interface LoginParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Those that are offered; no other counts. */
  readonly hashes: readonly PhoneHash[];
  readonly digestOf: (name: string) => PhoneDigest | undefined;
  /** Whether this phone is registered from this address now. */
  readonly isAtHome: (name: string, address: string) => boolean;
}

/** A person who mistypes has enough; who guesses has 14,400 a day, for one account and from one address. */
const wrongPerMinute = 10;
const longestField = 500;

/**
 * Whether a request comes from a phone that may register. RFC 3261 22.4, RFC 7616, RFC 8760. A name that is nobody's is treated as a
 * wrong password is: the same work, the same answer, the same counts. So no name can be found out, and none costs memory.
 */
export class LoginCheck {
  readonly #parts: LoginParts;
  readonly #nonces: Nonces;
  readonly #wrongFrom: RateLimit;
  readonly #wrongFor: RateLimit;
  /** What nobody's password is compared with. */
  readonly #nobody: Required<PhoneDigest>;

  constructor(parts: LoginParts) {
    this.#parts = parts;
    this.#nonces = new Nonces(parts.random);
    this.#wrongFrom = new RateLimit(parts.clock, wrongPerMinute);
    this.#wrongFor = new RateLimit(parts.clock, wrongPerMinute);
    const nobody = Buffer.from(parts.random.bytes(32)).toString("hex");
    this.#nobody = { md5: nobody.slice(0, 32), sha256: nobody };
  }

  check(request: SipRequest, flow: Flow): LoginVerdict {
    const claim = claimOf(request, this.#parts.hashes);
    const { remoteAddress } = flow;
    if (claim === undefined) return this.#challenge("first", remoteAddress);
    // An account under attack still lets its own phone in, where that is registered already.
    const atHome = this.#parts.isAtHome(claim.username, remoteAddress);
    const seconds = Math.max(
      this.#wrongFrom.wait(remoteAddress),
      atHome ? 0 : this.#wrongFor.wait(accountKey(claim.username)),
    );
    if (seconds > 0) return tooManyWrong(seconds);
    const use = { nonce: claim.nonce, nc: countOf(claim) ?? 1, address: remoteAddress };
    if (this.#nonces.judge(use, this.#parts.clock.now()) === "stale")
      return this.#challenge("stale", remoteAddress);
    if (this.#isRight(claim, request)) return { type: "proven", phone: claim.username as PhoneName, use };
    this.#wrongFrom.take(remoteAddress);
    this.#wrongFor.take(accountKey(claim.username));
    return { type: "unproven", answer: { status: 403 } };
  }

  /** The request is taken: its proof cannot be used again. */
  spend(use: NonceUse): void {
    this.#nonces.spend(use, this.#parts.clock.now());
  }

  #isRight(claim: Claim, request: SipRequest): boolean {
    const known = this.#parts.digestOf(claim.username);
    const of = claim.algorithm === "MD5" ? "md5" : "sha256";
    const secret = known?.[of] ?? this.#nobody[of];
    const expected = digestResponse({
      // RFC 8760 2.5: a qop is always asked for, and `auth` is the one that we ask for.
      challenge: { algorithm: claim.algorithm, qop: "auth", nonce: claim.nonce },
      secret,
      request: { method: request.method, uri: claim.uri, body: request.body },
      nc: claim.nc,
      cnonce: claim.cnonce,
    });
    const isSame = sameText(expected, claim.response.toLowerCase());
    const isWhole = claim.qop === "auth" && countOf(claim) !== undefined && isFor(request, claim.uri);
    return isSame && isWhole && known?.[of] !== undefined;
  }

  /** RFC 8760 2.3: one challenge for each hash. */
  #challenge(why: "first" | "stale", address: string): LoginVerdict {
    const nowMs = this.#parts.clock.now();
    const headers = this.#parts.hashes.map((algorithm) => ({
      name: "WWW-Authenticate",
      value:
        `Digest realm="${phoneRealm}", nonce="${this.#nonces.issue(address, nowMs)}", algorithm=${algorithm}, qop="auth"` +
        (why === "stale" ? ", stale=true" : ""),
    }));
    return { type: "unproven", answer: { status: 401, headers } };
  }
}

/** RFC 3261 20.33 lets any refusal say when to come again. */
function tooManyWrong(seconds: number): LoginVerdict {
  const headers = [{ name: "Retry-After", value: String(seconds) }];
  return { type: "unproven", answer: { status: 403, reason: "Too Many Wrong Passwords", headers } };
}

/** The first login for our realm by one of these hashes; undefined when there is none that could be checked. */
function claimOf(request: SipRequest, hashes: readonly PhoneHash[]): Claim | undefined {
  for (const { scheme, params } of credentials(request, "Authorization")) {
    if (scheme.toLowerCase() !== "digest" || paramValue(params, "realm") !== phoneRealm) continue;
    const algorithm = hashOf(params, hashes);
    if (algorithm === undefined || params.some(({ value = "" }) => value.length > longestField)) continue;
    const field = (name: string): string => paramValue(params, name) ?? "";
    const [username, nonce, response] = [field("username"), field("nonce"), field("response")];
    if (username === "" || nonce === "" || response === "") continue;
    const [nc, cnonce, uri, qop] = [field("nc"), field("cnonce"), field("uri"), field("qop").toLowerCase()];
    return { username, algorithm, nonce, nc, cnonce, qop, uri, response };
  }
  return undefined;
}

/** RFC 7616 3.4: eight hex digits. */
function countOf({ nc }: Claim): number | undefined {
  return /^[0-9a-f]{8}$/i.test(nc) ? Number.parseInt(nc, 16) : undefined;
}

// RFC 7616 3.4: absent means MD5.
function hashOf(params: readonly Param[], hashes: readonly PhoneHash[]): PhoneHash | undefined {
  const name = (paramValue(params, "algorithm") ?? "MD5").toUpperCase();
  return hashes.find((hash) => hash === name);
}

/** RFC 7616 3.4.6: what was proven must be what is asked. */
function isFor(request: SipRequest, uri: string): boolean {
  const [proven, asked] = [parseUri(uri), parseUri(request.uri)];
  return proven !== undefined && asked !== undefined && sameUri(proven, asked);
}

/** A stranger's name may be of any length, and may look like an address: its hash is neither. */
function accountKey(username: string): string {
  return createHash("sha256").update(username).digest("base64url").slice(0, 22);
}

function sameText(text: string, other: string): boolean {
  const [octets, others] = [Buffer.from(text), Buffer.from(other)];
  return octets.length === others.length && timingSafeEqual(octets, others);
}
