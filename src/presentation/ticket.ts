import { createHash, hkdfSync } from "node:crypto";
import type { Clock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import type { SessionId, SubjectId, SubscriberId } from "#base/ids.ts";
import { type Random } from "#base/random.ts";
import { readable } from "#base/ids.ts";
import { contextFields, type InteractionContext } from "#contract/interaction-context.ts";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { Seal } from "./seal.ts";

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
  /** Newest first. */
  readonly #seals: readonly Seal[];
  readonly #clock: Clock;
  readonly #random: Random;

  /** `secretKeys` of 32 octets, newest first. */
  constructor(secretKeys: readonly Uint8Array[], clock: Clock, random: Random) {
    // A key of its own for tickets, so that the operator's secret may serve other purposes too.
    this.#seals = secretKeys.map(
      (secret) => new Seal(new Uint8Array(hkdfSync("sha256", secret, "", "tandem ticket", 32))),
    );
    this.#clock = clock;
    this.#random = random;
  }

  make(facts: Omit<Ticket, "id" | "expiresAtMs">): Ticket {
    return { ...facts, id: readable(this.#random, 26), expiresAtMs: this.#clock.now() + lifetimeMs };
  }

  seal(ticket: Ticket, session: SessionId): string {
    const [newest] = this.#seals;
    if (newest === undefined) throw new TandemError("BUG", { missing: "secret key" });
    return newest.seal(JSON.stringify({ ...ticket, session: fingerprint(session) }), this.#random);
  }

  open(sealed: string, session: SessionId | undefined): TicketOpening {
    const inside = this.#inside(sealed);
    if (inside === undefined) return { type: "foreign" };
    const { session: owner, ...ticket } = inside;
    const own = session !== undefined && owner === fingerprint(session);
    const stale = !own || ticket.expiresAtMs <= this.#clock.now();
    return { type: stale ? "stale" : "open", ticket };
  }

  /** Whatever does not open was not sealed by us, or under a key that is retired: both are "foreign" to the caller. */
  #inside(sealed: string): Sealed | undefined {
    for (const seal of this.#seals) {
      const text = seal.open(sealed);
      if (text === undefined) continue;
      const inside: unknown = JSON.parse(text);
      return fits.Check(inside) ? inside : undefined;
    }
    return undefined;
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
