import { createHash, hkdfSync, subtle, type webcrypto } from "node:crypto";
import type { Clock } from "#base/clock.ts";
import type { SessionId, SubjectId, SubscriberId } from "#base/ids.ts";
import { type Random } from "#base/random.ts";
import { readable } from "#base/ids.ts";
import { contextFields, type InteractionContext } from "#contract/interaction-context.ts";
import { CompactEncrypt, compactDecrypt } from "jose";
import Type from "typebox";
import { Compile } from "typebox/compile";

/**
 * The sealed form field of a welcome page: a click stores nothing with us, so the page itself carries the context to the
 * submit (docs/decisions/0003). JWE (RFC 7516), `dir` with A256GCM: the visitor can neither read nor change it; it expires;
 * and it counts only beside the session cookie that it was made for.
 */
export interface Ticket {
  /** The call's idempotency key: one ticket starts one call. */
  readonly id: string;
  readonly context: InteractionContext;
  readonly tokenId?: string;
  /** The number that the subscriber's token carried, if it carried one. */
  readonly signedPhone?: string;
  /** What the visitor typed for the call before, to be offered again. It is never taken for signed. */
  readonly typedPhone?: string;
  /** When the link was clicked: "call again" keeps the context for a while, not for ever. */
  readonly clickedAtMs: number;
  readonly expiresAtMs: number;
}

export type TicketOpening =
  | { readonly type: "open"; readonly ticket: Ticket }
  /** Genuine, but too old, or made for another session: worth a fresh page with the same context. */
  | { readonly type: "stale"; readonly ticket: Ticket }
  | { readonly type: "foreign" };

export class TicketOffice {
  /** Imported once: to import one costs as much as to seal. */
  readonly #keys: readonly { readonly kid: string; readonly key: Promise<webcrypto.CryptoKey> }[];
  readonly #clock: Clock;
  readonly #random: Random;

  /** `secretKeys` of 32 octets, newest first. */
  constructor(secretKeys: readonly Uint8Array[], clock: Clock, random: Random) {
    this.#keys = secretKeys.map((secret) => {
      // A key of its own for tickets, so that the operator's secret may serve other purposes too.
      const key = new Uint8Array(hkdfSync("sha256", secret, "", "tandem ticket", 32));
      const kid = createHash("sha256").update(key).digest("hex").slice(0, 12);
      return { kid, key: subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]) };
    });
    this.#clock = clock;
    this.#random = random;
  }

  make(facts: Omit<Ticket, "id" | "expiresAtMs">): Ticket {
    return { ...facts, id: readable(this.#random, 26), expiresAtMs: this.#clock.now() + lifetimeMs };
  }

  async seal(ticket: Ticket, session: SessionId): Promise<string> {
    const [newest] = this.#keys;
    const plain = new TextEncoder().encode(JSON.stringify({ ...ticket, session: fingerprint(session) }));
    return await new CompactEncrypt(plain)
      .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: newest?.kid ?? "" })
      .encrypt((await newest?.key) ?? new Uint8Array());
  }

  async open(sealed: string, session: SessionId | undefined): Promise<TicketOpening> {
    const inside = await this.#decrypt(sealed);
    if (inside === undefined) return { type: "foreign" };
    const { session: owner, ...ticket } = inside;
    const own = session !== undefined && owner === fingerprint(session);
    const stale = !own || ticket.expiresAtMs <= this.#clock.now();
    return { type: stale ? "stale" : "open", ticket };
  }

  async #decrypt(sealed: string): Promise<Sealed | undefined> {
    try {
      const { plaintext } = await compactDecrypt(
        sealed,
        (header) => this.#keys.find(({ kid }) => kid === header.kid)?.key ?? new Uint8Array(32),
        { keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] },
      );
      const inside: unknown = JSON.parse(new TextDecoder().decode(plaintext));
      return fits.Check(inside) ? inside : undefined;
    } catch {
      // Whatever does not decrypt was not sealed by us, or under a key that is retired: both are "foreign" to the caller.
      return undefined;
    }
  }
}

const lifetimeMs = 30 * 60_000;

const sealedShape = Type.Object({
  id: Type.String({ minLength: 20, maxLength: 40 }),
  context: Type.Object({
    version: Type.Literal(1),
    subscriber: Type.Unsafe<SubscriberId>(Type.String()),
    subject: Type.Unsafe<SubjectId>(Type.String()),
    verified: contextFields,
    unverified: contextFields,
  }),
  tokenId: Type.Optional(Type.String()),
  signedPhone: Type.Optional(Type.String()),
  typedPhone: Type.Optional(Type.String()),
  clickedAtMs: Type.Integer(),
  expiresAtMs: Type.Integer(),
  session: Type.String(),
});
type Sealed = Type.Static<typeof sealedShape>;
const fits = Compile(sealedShape);

/** The session's id is a secret: even inside the seal only its hash travels in a page. */
function fingerprint(session: SessionId): string {
  return createHash("sha256").update(session).digest("base64url");
}
