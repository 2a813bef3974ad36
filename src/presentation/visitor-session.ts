import { makeId, type SessionId } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Language } from "./messages/messages.ts";

/**
 * The visitor's cookies. The session's id is made with the first welcome page, and known to the browser alone until a call is
 * begun. `__Host-` keeps a sibling domain from planting one; browsers take that prefix over https only.
 */
export class VisitorCookies {
  readonly #secure: boolean;
  readonly #random: Random;

  constructor(options: { readonly secure: boolean; readonly random: Random }) {
    this.#secure = options.secure;
    this.#random = options.random;
  }

  session(request: FastifyRequest): SessionId | undefined {
    const value = request.cookies[this.#name("session")];
    return value !== undefined && /^session_[0-9a-z]{26}$/.test(value) ? (value as SessionId) : undefined;
  }

  sessionOrNew(request: FastifyRequest, reply: FastifyReply): SessionId {
    const known = this.session(request);
    if (known !== undefined) return known;
    const session = makeId<SessionId>("session", this.#random);
    this.#set(reply, "session", session);
    return session;
  }

  language(request: FastifyRequest): Language | undefined {
    // A request that met no route has had no cookies read.
    const cookies: FastifyRequest["cookies"] | undefined | null = request.cookies;
    const value = cookies?.[this.#name("language")];
    return value === "en" || value === "es" ? value : undefined;
  }

  rememberLanguage(reply: FastifyReply, language: Language): void {
    this.#set(reply, "language", language);
  }

  /** The sealed context of a call, for "call again": kept by the browser, sent to that call's pages alone. */
  again(request: FastifyRequest): string | undefined {
    return request.cookies[this.#againName()];
  }

  rememberAgain(reply: FastifyReply, callPath: string, sealed: string): void {
    reply.setCookie(this.#againName(), sealed, { ...this.#options(), path: callPath, maxAge: 2 * 60 * 60 });
  }

  #set(reply: FastifyReply, name: string, value: string): void {
    reply.setCookie(this.#name(name), value, { ...this.#options(), path: "/" });
  }

  #options(): { httpOnly: true; sameSite: "lax"; secure: boolean } {
    return { httpOnly: true, sameSite: "lax", secure: this.#secure };
  }

  #name(name: string): string {
    return `${this.#secure ? "__Host-" : ""}tandem-${name}`;
  }

  // RFC 6265bis 4.1.3: __Host- demands Path=/, so a cookie of one path takes __Secure-.
  #againName(): string {
    return `${this.#secure ? "__Secure-" : ""}tandem-again`;
  }
}
