import type { Clock } from "#base/clock.ts";
import type { CallId, SessionId, SubscriberId } from "#base/ids.ts";
import type { RateLimit } from "#base/rate-limit.ts";
import type { BeginCallRefusal, CallManager } from "#call-manager/call-manager.ts";
import type { SubjectFace, SubscriberFace, VisitorDesk } from "#call-manager/visitor-desk.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { isSlug, readClick } from "./click.ts";
import type { FieldsReading } from "./form-fields.ts";
import { messages, type Language } from "./messages/messages.ts";
import { openSubjects } from "./open-subjects.ts";
import type { PageWriter } from "./page-writer.ts";
import type { Notice } from "./pages/notice-page.ts";
import { type Refusal, refusedPage } from "./pages/refused-page.ts";
import { welcomePage } from "./pages/welcome-page.ts";
import { sameUrlIn, splitOnce } from "./same-url.ts";
import type { Ticket, TicketOffice } from "./ticket.ts";
import { visitorAddress } from "./visitor-address.ts";
import type { BrowserPhones } from "./settings.ts";
import type { VisitorCookies } from "./visitor-session.ts";
import type { WireView } from "./wire-view.ts";

export interface TalkOptions {
  readonly callManager: CallManager;
  readonly desk: VisitorDesk;
  readonly tickets: TicketOffice;
  readonly cookies: VisitorCookies;
  readonly pages: PageWriter;
  readonly wire: WireView;
  readonly clock: Clock;
  readonly begins: RateLimit;
  /** Undefined while browsers' telephones are off: then nobody is offered to talk from the browser. */
  readonly phones: BrowserPhones | undefined;
  /** Whether a POST comes from a page of ours. */
  readonly fromOwnPage: (request: FastifyRequest) => boolean;
}

/** 202-204: the click, its welcome or refused page, and the submit that begins a call. */
export function talkRoutes(app: FastifyInstance, options: TalkOptions): void {
  const { callManager, desk, tickets, cookies, pages } = options;

  // 202-203
  app.get<{ Params: TalkPath }>("/talk/:subscriber/:subject", async (request, reply) => {
    const [, query = ""] = splitOnce(request.raw.url ?? "", "?");
    const reading = readClick({ ...request.params, query });
    if (reading.type === "unknown") return await pages.notice(reply, { type: "unknown-subscriber" });
    if (reading.type === "malformed") {
      return await leadOn(reply, request.params, { type: "bad-link", fault: reading.fault });
    }
    const answer = await desk.readClick(reading.click);
    if (answer.type === "unknown-subscriber") return await pages.notice(reply, answer);
    if (answer.type === "unknown-subject") {
      const notice = { type: "unknown-subject", subscriberName: answer.subscriber.name } as const;
      return await leadOn(reply, request.params, notice);
    }

    const { context, token, phone } = answer;
    options.wire.show({ type: "click", context, token: token.type });
    const ticket = tickets.make({
      context,
      ...(token.type === "verified" ? { tokenId: token.tokenId } : {}),
      ...(phone?.signed === true ? { signedPhone: phone.asGiven } : {}),
      clickedAtMs: options.clock.now(),
    });
    const language = pages.language(request, answer.subscriber);
    const note = token.type === "refused" ? messages(language).welcome.tokenRefused : undefined;
    const bare = phone?.signed === false ? phone.asGiven : undefined;
    await welcome(options, reply, {
      ...answer,
      ticket,
      note,
      typedPhone: bare,
      phoneFromLink: bare !== undefined,
    });
  });

  // 204
  app.post<{ Params: TalkPath; Body: FieldsReading }>(
    "/talk/:subscriber/:subject",
    async (request, reply) => {
      const seconds = options.begins.take(visitorAddress(request));
      if (seconds > 0) return await pages.notice(reply, { type: "slow-down", seconds });
      const session = cookies.session(request);
      if (session === undefined || !options.fromOwnPage(request)) {
        return await leadOn(reply, request.params, { type: "foreign-form" });
      }
      const form = readForm(request.body);
      if (form === undefined) return await leadOn(reply, request.params, { type: "bad-link" });

      const opening = tickets.open(form.ticket, session);
      if (opening.type === "foreign" || !isFor(opening.ticket, request.params)) {
        return await leadOn(reply, request.params, { type: "foreign-form" });
      }
      const { ticket } = opening;
      const faces = await facesOf(desk, ticket);
      if (faces === undefined) return await pages.notice(reply, { type: "unknown-subscriber" });
      const language = pages.language(request, faces.subscriber);
      const typedPhone = form.phone === "" ? undefined : form.phone;
      if (opening.type === "stale") {
        if (!mayBeRenewed(ticket, options.clock))
          return await leadOn(reply, request.params, { type: "foreign-form" });
        const note = messages(language).welcome.stale;
        const fresh = tickets.make(ticket);
        return await welcome(options, reply, { ...faces, ticket: fresh, note, typedPhone, status: 409 });
      }

      if (form.showsOnly) return await welcome(options, reply, { ...faces, ticket, typedPhone });

      const fromBrowser = form.by === "browser";
      if (fromBrowser && options.phones === undefined)
        return await refuse(options, reply, { ...faces, ticket, typedPhone }, "browser-not-allowed");
      const phone = fromBrowser ? "" : (typedPhone ?? ticket.signedPhone);
      if (phone === undefined)
        return await refuse(options, reply, { ...faces, ticket, typedPhone }, "number-impossible");
      const answer = await callManager.beginCall({
        session,
        ticket: ticket.id,
        context: ticket.context,
        ...(ticket.tokenId === undefined ? {} : { tokenId: ticket.tokenId }),
        phone,
        phoneSigned: phone === ticket.signedPhone,
        ...(fromBrowser ? { fromBrowser } : {}),
        ipAddress: visitorAddress(request),
        language,
      });
      if (answer.type === "refused") {
        return await refuse(options, reply, { ...faces, ticket, typedPhone }, answer.why);
      }
      const callPath = `/call/${answer.call}`;
      if (!answer.resumed || (await mayHaveBegun(ticket, answer.call))) {
        const typed = typedPhone === undefined ? {} : { typedPhone };
        await keepForAgain(options, reply, { ticket: { ...ticket, ...typed }, session, callPath });
      }
      // 205. RFC 9110 15.4.4: the browser GETs the connect page, and a reload of it begins nothing.
      await reply.redirect(callPath, 303);
    },
  );

  /**
   * Of a double click the browser takes the second answer alone, so that one must carry what the first did. Another tab, whose
   * page was opened during the call or for another subject, leaves that call's context as it is.
   */
  async function mayHaveBegun(ticket: Ticket, call: CallId): Promise<boolean> {
    const record = await callManager.call(call);
    const { subscriber, subject } = ticket.context;
    return (
      record?.subscriber === subscriber &&
      record.subject === subject &&
      ticket.clickedAtMs <= record.beganAtMs
    );
  }

  /** Nobody is called. Where it is known whose visitor this is, the page leads on to what can be asked about. */
  async function leadOn(reply: FastifyReply, path: TalkPath, notice: Notice): Promise<void> {
    const subscriber = isSlug(path.subscriber)
      ? await desk.subscriber(path.subscriber as SubscriberId)
      : undefined;
    if (subscriber === undefined) return await pages.notice(reply, notice);
    const otherSubjects = await openSubjects(desk, { subscriber, from: reply.request });
    const inLanguage = sameUrlIn(reply.request) ?? clickIn(path);
    await pages.notice(reply, notice, { subscriber, otherSubjects, inLanguage });
  }
}

/** Shows the welcome page, or, when no call can be asked for now, the refused page. */
export async function welcome(
  options: TalkOptions,
  reply: FastifyReply,
  facts: WelcomeWish & {
    readonly note?: string | undefined;
    readonly problem?: string;
    readonly problemWithNumber?: boolean;
    readonly offersSite?: boolean;
    readonly typedPhone?: string | undefined;
    readonly phoneFromLink?: boolean;
    readonly status?: number;
  },
): Promise<void> {
  const { desk, cookies, tickets, pages, callManager } = options;
  const { subscriber, subject, ticket } = facts;
  const { request } = reply;
  const language = pages.language(request, subscriber);
  const availability = await desk.availability({
    subscriber: subscriber.id,
    subject: subject.id,
    ipAddress: visitorAddress(request),
  });
  if (availability.type !== "open") return await refused(options, reply, { ...facts, refusal: availability });

  const known = cookies.session(request);
  const latest = known === undefined ? undefined : await callManager.latestCall(known);
  const session = cookies.sessionOrNew(request, reply);
  const inLanguage = sameUrlIn(request);
  const mayTalkHere = options.phones !== undefined && subscriber.browserCalls === true;
  const resendIn = clickIn({ subscriber: subscriber.id, subject: subject.id });
  const content = welcomePage({
    ...facts,
    ...(inLanguage === undefined ? { resendIn } : {}),
    language,
    action: `/talk/${subscriber.id}/${subject.id}`,
    sealedTicket: tickets.seal(ticket, session),
    pageTitle: ticket.context.verified.pageTitle,
    signedPhone: ticket.signedPhone,
    liveCallUrl: latest?.state === "live" ? `/call/${latest.call}` : undefined,
    mayTalkHere,
  });
  await pages.send(reply, content, {
    language,
    subscriber,
    status: facts.status ?? 200,
    inLanguage,
    phone: mayTalkHere ? {} : undefined,
  });
}

interface WelcomeWish {
  readonly subscriber: SubscriberFace;
  readonly subject: SubjectFace;
  readonly ticket: Ticket;
}

async function refused(
  options: TalkOptions,
  reply: FastifyReply,
  facts: { subscriber: SubscriberFace; subject: SubjectFace; refusal: Refusal; status?: number },
): Promise<void> {
  const { subscriber, subject } = facts;
  const { request } = reply;
  const language = options.pages.language(request, subscriber);
  const otherSubjects = await openSubjects(options.desk, { subscriber, but: subject.id, from: request });
  const content = refusedPage({ language, subscriber, subject, refusal: facts.refusal, otherSubjects });
  const inLanguage = sameUrlIn(request) ?? clickIn({ subscriber: subscriber.id, subject: subject.id });
  await options.pages.send(reply, content, { language, subscriber, status: facts.status ?? 200, inLanguage });
}

/** 203-204: nothing was placed. The same ticket stays good, for it has begun nothing. */
async function refuse(
  options: TalkOptions,
  reply: FastifyReply,
  facts: WelcomeWish & { readonly typedPhone: string | undefined },
  why: BeginCallRefusal,
): Promise<void> {
  const language = options.pages.language(reply.request, facts.subscriber);
  const laterSeconds = comeBackSeconds[why];
  if (laterSeconds !== undefined) reply.header("retry-after", String(laterSeconds));
  await welcome(options, reply, {
    ...facts,
    problem: messages(language).refusals[why],
    problemWithNumber: aboutNumber.has(why),
    offersSite: laterSeconds !== undefined,
    status: laterSeconds !== undefined ? 503 : why.startsWith("too-many") ? 429 : 422,
  });
}

/** RFC 9110 15.6.4: the platform cannot, whoever asks and for whatever number. */
const comeBackSeconds: Readonly<Partial<Record<BeginCallRefusal, number>>> = {
  overloaded: 60,
  "unit-unreachable": 30,
};

const aboutNumber: ReadonlySet<BeginCallRefusal> = new Set([
  "number-impossible",
  "number-type-not-allowed",
  "country-not-allowed",
  "number-refuses-calls",
  "too-many-calls-to-number",
  "outside-region",
]);

/** The context, sealed again without the spent token's id, in a cookie of that call's pages: for "call again". */
async function keepForAgain(
  options: TalkOptions,
  reply: FastifyReply,
  wish: { readonly ticket: Ticket; readonly session: SessionId; readonly callPath: string },
): Promise<void> {
  const { tokenId: _spent, ...rest } = wish.ticket;
  const sealed = options.tickets.seal(
    { ...rest, expiresAtMs: rest.clickedAtMs + contextLastsMs },
    wish.session,
  );
  // RFC 6265 6.1: browsers keep 4096 octets a cookie. A context that does not fit is clicked for again.
  if (sealed.length < 3800) options.cookies.rememberAgain(reply, wish.callPath, sealed);
}

/** How long after the click its context may begin further calls of the same session. */
const contextLastsMs = 2 * 60 * 60_000;

export function mayBeRenewed(ticket: Ticket, clock: Clock): boolean {
  return clock.now() < ticket.clickedAtMs + contextLastsMs;
}

export async function facesOf(
  desk: VisitorDesk,
  ticket: Ticket,
): Promise<{ subscriber: SubscriberFace; subject: SubjectFace } | undefined> {
  const subscriber = await desk.subscriber(ticket.context.subscriber);
  const subject = await desk.subject(ticket.context.subscriber, ticket.context.subject);
  return subscriber === undefined || subject === undefined ? undefined : { subscriber, subject };
}

/** The bare click in another language, for answers to a form that no GET would show. */
function clickIn(path: TalkPath): (language: Language) => string {
  const url = `/talk/${encodeURIComponent(path.subscriber)}/${encodeURIComponent(path.subject)}`;
  return (language) => `${url}?lang=${language}`;
}

type TalkPath = { subscriber: string; subject: string };

const formShape = Compile(
  Type.Object({
    ticket: Type.String({ minLength: 1, maxLength: 16_000 }),
    phone: Type.String({ maxLength: 80 }),
    /** By the button that begins a call from the browser; a number in the field is none that is meant. */
    by: Type.Optional(Type.Literal("browser")),
    /** By the button of the other language: what was typed is shown there, and nobody is called. */
    show: Type.Optional(Type.Literal("form")),
  }),
);

function readForm(body: FieldsReading | undefined):
  | {
      readonly ticket: string;
      readonly phone: string;
      readonly by: "browser" | undefined;
      readonly showsOnly: boolean;
    }
  | undefined {
  if (body?.type !== "fields") return undefined;
  const form: unknown = { phone: "", ...Object.fromEntries(body.fields) };
  if (!formShape.Check(form)) return undefined;
  return {
    ticket: form.ticket,
    phone: form.phone.trim(),
    by: form.by,
    showsOnly: form.show !== undefined,
  };
}

function isFor(ticket: Ticket, path: TalkPath): boolean {
  return ticket.context.subscriber === path.subscriber && ticket.context.subject === path.subject;
}
