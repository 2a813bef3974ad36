import type { Random } from "#base/random.ts";
import type { SubjectFace, SubscriberFace } from "#call-manager/visitor-desk.ts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Language, preferredLanguage } from "./messages/messages.ts";
import { document, type Frame, isShowable, type PageContent } from "./pages/document.ts";
import { type Notice, noticePage, noticeStatus, noticeWords } from "./pages/notice-page.ts";
import { isFromProgram, problem } from "./problem.ts";
import { sameUrlIn } from "./same-url.ts";
import type { VisitorCookies } from "./visitor-session.ts";

/** Sends whole pages: chooses the language, draws the nonce, and says in the headers what the page may load and who may frame it. */
export class PageWriter {
  readonly #cookies: VisitorCookies;
  readonly #random: Random;
  readonly #development: boolean;
  readonly #framedBy: readonly string[];

  constructor(options: {
    readonly cookies: VisitorCookies;
    readonly random: Random;
    readonly development: boolean;
    readonly framedBy: readonly string[];
  }) {
    this.#cookies = options.cookies;
    this.#random = options.random;
    this.#development = options.development;
    this.#framedBy = options.framedBy;
  }

  /** What the link says, else what this browser chose before, else what it prefers, else the subscriber's own. */
  language(request: FastifyRequest, subscriber?: SubscriberFace): Language {
    return (
      askedLanguage(request) ??
      this.#cookies.language(request) ??
      preferredLanguage(request.headers["accept-language"]) ??
      subscriber?.defaultLanguage ??
      "en"
    );
  }

  async send(
    reply: FastifyReply,
    content: PageContent,
    around: Pick<Frame, "language" | "subscriber" | "inLanguage" | "live" | "phone"> & {
      readonly status?: number;
    },
  ): Promise<void> {
    const nonce = Buffer.from(this.#random.bytes(16)).toString("base64");
    const frame = { ...around, nonce, development: this.#development };
    const status = around.status ?? 200;
    const asked = askedLanguage(reply.request);
    if (asked !== undefined && status < 400) this.#cookies.rememberLanguage(reply, asked);
    await reply
      .code(status)
      .headers({
        "content-type": "text/html; charset=utf-8",
        "content-language": around.language,
        // A page shows one visitor's call: no cache keeps it, not even the back button's.
        "cache-control": "no-store",
        vary: "accept-language, cookie",
        "content-security-policy": contentSecurityPolicy(nonce, around, this.#framedBy),
        ...(around.phone === undefined ? {} : { "permissions-policy": withMicrophone }),
      })
      .send(document(frame, content));
  }

  /** A page for a visitor, problem details for a program. */
  async notice(
    reply: FastifyReply,
    notice: Notice,
    onward?: {
      readonly subscriber: SubscriberFace;
      readonly otherSubjects: readonly SubjectFace[];
      readonly inLanguage?: Frame["inLanguage"];
    },
  ): Promise<void> {
    const { request } = reply;
    if (notice.type === "slow-down") reply.header("retry-after", String(notice.seconds));
    if (notice.type === "unavailable") reply.header("retry-after", "30");
    const status = noticeStatus[notice.type];
    if (isFromProgram(request)) return void (await problem(reply, status, noticeWords(notice, "en").text));
    const subscriber = onward?.subscriber;
    const language = this.language(request, subscriber);
    const inLanguage = onward?.inLanguage ?? sameUrlIn(request);
    await this.send(reply, noticePage(notice, language, onward), {
      language,
      subscriber,
      status,
      inLanguage,
    });
  }
}

/** Of every answer, but for the pages with a telephone in them. */
export const permissionsPolicy =
  "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()";
const withMicrophone = permissionsPolicy.replace("microphone=()", "microphone=(self)");

/** `?lang=`, read leniently: whether the rest of the query is well-formed is the click's question. */
function askedLanguage(request: FastifyRequest): Language | undefined {
  const asked = /[?&]lang=(en|es)(?=[-&]|$)/i.exec(request.raw.url ?? "")?.[1]?.toLowerCase();
  return asked === "en" || asked === "es" ? asked : undefined;
}

/**
 * CSP Level 3. Nothing inline but the one style element with its nonce; a page of ours is framed by whom the operator named alone; what we
 * frame is on the subscriber's verified origins.
 */
function contentSecurityPolicy(
  nonce: string,
  { subscriber, phone }: Pick<Frame, "subscriber" | "phone">,
  framedBy: readonly string[],
): string {
  const socket = phone?.socketUrl;
  const origins = (subscriber?.origins ?? []).filter(isOrigin);
  const logo = subscriber?.logoUrl;
  const logoOrigin = isShowable(logo) && URL.canParse(logo) ? ` ${new URL(logo).origin}` : "";
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    `img-src 'self'${logoOrigin}`,
    // A telephone's own server, by its origin: CSP's rules for a path are no help after a redirect.
    `connect-src 'self'${socket !== undefined && URL.canParse(socket) ? ` ${new URL(socket).origin}` : ""}`,
    `frame-src ${origins.length === 0 ? "'none'" : origins.join(" ")}`,
    "form-action 'self'",
    "base-uri 'none'",
    `frame-ancestors ${framedBy.length === 0 ? "'none'" : framedBy.join(" ")}`,
  ].join("; ");
}

function isOrigin(text: string): boolean {
  return /^https?:\/\/[^\s;,'"]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
