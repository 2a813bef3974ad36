import type { CallManager } from "#call-manager/call-manager.ts";
import type { ShownPage } from "#call-manager/pages.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type CallViews, isCallId, type OwnCall } from "./call-views.ts";
import type { LiveConnections, LiveEvent } from "./live-connections.ts";
import type { Language } from "./messages/messages.ts";
import type { PageWriter } from "./page-writer.ts";
import { type PhoneInPage, titleOf } from "./pages/document.ts";
import { visitorPhone } from "./pages/visitor-phone.ts";
import { phoneFactsFor } from "./phone-routes.ts";
import { facesOf, mayBeRenewed, type TalkOptions, welcome } from "./talk-routes.ts";
import { visitorAddress } from "./visitor-address.ts";
import type { VisitorCookies } from "./visitor-session.ts";

export interface CallOptions {
  readonly callManager: CallManager;
  readonly views: CallViews;
  readonly live: LiveConnections;
  readonly cookies: VisitorCookies;
  readonly pages: PageWriter;
  readonly talk: TalkOptions;
}

/** 205-219: one address a call. Whatever the call is at, that address shows it, to its own session alone. */
export function callRoutes(app: FastifyInstance, options: CallOptions): void {
  const { callManager, views, cookies, pages } = options;

  app.get<{ Params: CallPath }>("/call/:call", async (request, reply) => {
    const own = await shownNow(request);
    if (own === undefined) return await pages.notice(reply, { type: "unknown-call" });
    const { call, subscriber, shown } = own;
    const language = pages.language(request, subscriber);
    const content = await views.content(own, shown, language);
    await pages.send(reply, content, {
      language,
      subscriber,
      phone: await phoneOf(own, request, language),
      inLanguage: (other) => `/call/${call}?lang=${other}`,
      live:
        content.final === true ? undefined : { eventsUrl: `/call/${call}/events`, afterSeq: shown?.seq ?? 0 },
    });
  });

  // A HEAD of an endless answer would never end.
  app.get<{ Params: CallPath }>("/call/:call/events", { exposeHeadRoute: false }, async (request, reply) => {
    const own = await views.own(request.params.call, cookies.session(request));
    if (own === undefined) return await pages.notice(reply, { type: "unknown-call" });
    const lastSeq = own.shown?.seq ?? 0;
    // A row that was never written is none that was seen.
    const afterSeq = Math.min(lastSeen(request), lastSeq);
    // WHATWG HTML 9.2.1: 204 tells a browser not to come back. It has seen the last page.
    if (own.shown?.page.type === "disconnect" && afterSeq === lastSeq) return await reply.code(204).send();
    if (!options.live.admits(own.session, visitorAddress(request))) {
      return await pages.notice(reply, { type: "unavailable" });
    }
    const language = pages.language(request, own.subscriber);
    const way = /[?&]poll(?=&|$)/.test(request.raw.url ?? "") ? "long-poll" : "event-stream";
    startAnswer(reply, way === "long-poll" ? "application/json" : "text/event-stream");
    options.live.open(way, {
      session: own.session,
      call: own.call,
      address: visitorAddress(request),
      response: reply.raw,
      afterSeq,
      read: (afterSeq) => eventsAfter(own, afterSeq, language),
    });
  });

  // 217. A page's script asks before it shows what the agent pushed: what was taken back meanwhile is not shown any more.
  app.post<{ Params: CallPath & { push: string } }>("/call/:call/shown/:push", async (request, reply) => {
    const { call, push } = request.params;
    const session = cookies.session(request);
    if (session === undefined || !isCallId(call)) return await pages.notice(reply, { type: "unknown-call" });
    if (!options.talk.fromOwnPage(request)) return await reply.code(403).send();
    const number = /^[1-9][0-9]{0,5}$/.test(push) ? Number(push) : 0;
    const result = await callManager.pageShown(call, session, number);
    if (result === undefined) return await pages.notice(reply, { type: "unknown-call" });
    await reply.code(result === "shown" ? 204 : 409).send();
  });

  app.post<{ Params: CallPath }>("/call/:call/cancel", async (request, reply) => {
    await command(request, reply, ({ call, session }) => callManager.cancelCall(call, session));
  });

  app.post<{ Params: CallPath }>("/call/:call/close-page", async (request, reply) => {
    await command(request, reply, ({ call, session }) => callManager.closePushedPage(call, session));
  });

  app.get<{ Params: CallPath }>("/call/:call/again", async (request, reply) => {
    const own = await views.own(request.params.call, cookies.session(request));
    if (own === undefined) return await pages.notice(reply, { type: "unknown-call" });
    const { tickets, desk, clock } = options.talk;
    const opening = tickets.open(cookies.again(request) ?? "", own.session);
    const faces = opening.type === "open" ? await facesOf(desk, opening.ticket) : undefined;
    if (opening.type !== "open" || faces === undefined || !mayBeRenewed(opening.ticket, clock)) {
      // The context has lapsed: what is left is the bare click.
      return await reply.redirect(`/talk/${own.record.subscriber}/${own.record.subject}`, 303);
    }
    const { typedPhone, ...context } = opening.ticket;
    await welcome(options.talk, reply, { ...faces, ticket: tickets.make(context), typedPhone });
  });

  /** The visitor's telephone, where the call is held in this browser. */
  async function phoneOf(
    { call, session }: OwnCall,
    request: FastifyRequest,
    language: Language,
  ): Promise<PhoneInPage | undefined> {
    const { phones } = options.talk;
    const guest = phones && (await callManager.browserPhone(call, session));
    if (phones === undefined || guest === undefined) return undefined;
    const phone = { ...phoneFactsFor(request, phones), guest };
    return { socketUrl: phone.socketUrl, beside: visitorPhone({ language, phone }) };
  }

  /** A form of the call's pages: from a page of ours, for a call of this session; then back to the call's address. */
  async function command(
    request: FastifyRequest<{ Params: CallPath }>,
    reply: FastifyReply,
    carryOut: (own: OwnCall) => Promise<void>,
  ): Promise<void> {
    const own = await views.own(request.params.call, cookies.session(request));
    if (own === undefined) return await pages.notice(reply, { type: "unknown-call" });
    if (!options.talk.fromOwnPage(request)) {
      const { subscriber } = own;
      const inLanguage = (other: Language): string => `/call/${own.call}?lang=${other}`;
      return await pages.notice(
        reply,
        { type: "foreign-form" },
        { subscriber, otherSubjects: [], inLanguage },
      );
    }
    await carryOut(own);
    await reply.redirect(`/call/${own.call}`, 303);
  }

  /** What this answer shows: a pushed page that waits for a browser has found it, and one that was taken back just now is not shown. */
  async function shownNow(request: FastifyRequest<{ Params: CallPath }>): Promise<OwnCall | undefined> {
    const own = await views.own(request.params.call, cookies.session(request));
    const page = own?.shown?.page;
    if (own === undefined || page?.type !== "pushed" || page.push === undefined) return own;
    const isShown = (await callManager.pageShown(own.call, own.session, page.push)) === "shown";
    return isShown ? own : await views.own(own.call, own.session);
  }

  async function eventsAfter(own: OwnCall, afterSeq: number, language: Language): Promise<LiveEvent[]> {
    const rows = await views.rowsAfter({ ...own, afterSeq });
    return await Promise.all(rows.map((row) => toEvent(own, row, language)));
  }

  async function toEvent(own: OwnCall, row: ShownPage, language: Language): Promise<LiveEvent> {
    const content = await views.content(own, row, language);
    const data = {
      title: titleOf(content, own.subscriber),
      main: content.main.markup,
      said: content.title,
      language: content.titleLanguage ?? language,
      /** A page of another kind: the visitor should see its top. */
      turn: row.page.type !== "connect",
      /** A page of the agent's, by its number: the script asks before it shows it. */
      push: row.page.type === "pushed" ? row.page.push : undefined,
      final: content.final ?? false,
    };
    return { seq: row.seq, data: JSON.stringify(data), final: data.final };
  }
}

type CallPath = { call: string };

/** WHATWG HTML 9.2: a browser that comes back says what it saw last; `after` is what the page itself was rendered with. */
function lastSeen(request: FastifyRequest): number {
  const header = request.headers["last-event-id"];
  const query = /[?&]after=([0-9]+)(?=&|$)/.exec(request.raw.url ?? "")?.[1];
  const text = typeof header === "string" ? header : query;
  return text !== undefined && /^[0-9]{1,12}$/.test(text) ? Number(text) : 0;
}

function startAnswer(reply: FastifyReply, type: string): void {
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.raw.writeHead(200, {
    "content-type": type,
    "cache-control": "no-store, no-transform",
    // nginx holds answers back unless told otherwise.
    "x-accel-buffering": "no",
  });
}
