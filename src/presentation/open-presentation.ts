import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { RateLimit } from "#base/rate-limit.ts";
import type { CallManager } from "#call-manager/call-manager.ts";
import type { Pages } from "#call-manager/pages.ts";
import type { VisitorDesk } from "#call-manager/visitor-desk.ts";
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { assetRoutes } from "./asset-routes.ts";
import { callRoutes } from "./call-routes.ts";
import { CallViews } from "./call-views.ts";
import { healthRoutes, type Readiness } from "./health-routes.ts";
import { makeHttpServer, ownPageCheck } from "./http-server.ts";
import { LiveConnections } from "./live-connections.ts";
import type { Metrics } from "./metrics-route.ts";
import { operatorApi } from "./operator-api.ts";
import { PageWriter } from "./page-writer.ts";
import { phoneRoutes } from "./phone-routes.ts";
import { developmentLimits, type PresentationSettings, usualLimits } from "./settings.ts";
import { talkRoutes } from "./talk-routes.ts";
import { TicketOffice } from "./ticket.ts";
import { visitorAddress } from "./visitor-address.ts";
import { VisitorCookies } from "./visitor-session.ts";
import { type WireSource, WireView } from "./wire-view.ts";

/** The page presentation server: what a visitor's browser and the operator's programs talk to. */
export interface Presentation {
  readonly port: number;
  /** Live connections that are open now. */
  liveConnections(): number;
  /** The port of `call-manager/pages.ts`: tell it that a session's page log has grown. */
  readonly pages: Pages;
  /** Ends the live connections and stops listening; calls go on without us. Safe to say twice. */
  close(): Promise<void>;
}

export interface PresentationOptions {
  readonly callManager: CallManager;
  readonly visitorDesk: VisitorDesk;
  readonly wire: WireSource;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly settings: PresentationSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export async function openPresentation(options: PresentationOptions): Promise<Presentation> {
  const { app, live, allowOwnPort } = await makePresentation(options);
  const { host, port: wishedPort } = options.settings;
  await app.listen({ host, port: wishedPort });
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : wishedPort;
  allowOwnPort(port);
  return { port, pages: live, liveConnections: () => live.count, close: async () => await app.close() };
}

/** Everything but listening: what the tests of single pages inject requests into. */
export async function makePresentation(options: PresentationOptions): Promise<{
  readonly app: FastifyInstance;
  readonly live: LiveConnections;
  readonly allowOwnPort: (port: number) => void;
}> {
  const { callManager, visitorDesk: desk, settings, clock, random, log } = options;
  const publicOrigin = settings.publicUrl === undefined ? undefined : new URL(settings.publicUrl).origin;
  const secure = publicOrigin?.startsWith("https:") === true;
  const limits = { ...(settings.development ? developmentLimits : usualLimits), ...settings.limits };

  // Without a public address only this machine's own browsers reach us.
  let ownOrigins = publicOrigin === undefined ? loopbackOrigins(settings.port) : [publicOrigin];
  const fromOwnPage = ownPageCheck(() => ownOrigins);

  const cookies = new VisitorCookies({ secure, random });
  const pages = new PageWriter({ cookies, random, ...settings });
  const tickets = new TicketOffice(settings.secretKeys, clock, random);
  const live = new LiveConnections({ clock, random, log, limits });
  const views = new CallViews({ callManager, desk, ownOrigins: () => ownOrigins });
  const begins = new RateLimit(clock, limits.beginsPerMinute);
  const requests = new RateLimit(clock, limits.pagesPerMinute);

  const wire = new WireView(options.wire, clock);

  const app = await makeHttpServer({ settings, limits, secure, pages, log });
  app.addHook("onRequest", async (request, reply) => {
    if (request.routeOptions.url?.startsWith("/assets/") === true) return;
    const seconds = requests.take(visitorAddress(request));
    if (seconds > 0) await pages.notice(reply, { type: "slow-down", seconds });
  });
  app.addHook("onResponse", async ({ method, url }, { statusCode }) => {
    if (!wire.isWatched) return;
    const [path = ""] = url.split("?", 1);
    if (/^\/(?:talk|call)\//.test(path)) wire.show({ type: "request", method, path, status: statusCode });
  });
  app.addHook("preClose", async () => live.closeAll());
  await app.register(swagger, {
    openapi: { info: { title: "Tandem: the operator's API", version: "1" }, components: bearer },
    hideUntagged: true,
  });

  const phones = settings.browserPhones;
  const talk = { callManager, desk, tickets, cookies, pages, wire, clock, begins, phones, fromOwnPage };
  app.register(async (scope) => {
    talkRoutes(scope, talk);
    callRoutes(scope, { callManager, views, live, cookies, pages, talk });
    phoneRoutes(scope, { pages, phones });
    assetRoutes(scope, pages);
    operatorApi(scope, {
      callManager,
      operatorToken: settings.operatorToken,
      wire,
      metrics: options.metrics,
    });
    scope.get("/api/openapi.json", async () => app.swagger());
    healthRoutes(scope, options.readiness);
  });
  await app.ready();
  const allowOwnPort = (port: number): void => {
    if (publicOrigin === undefined) ownOrigins = loopbackOrigins(port);
  };
  return { app, live, allowOwnPort };
}

function loopbackOrigins(port: number): string[] {
  return ["127.0.0.1", "localhost", "[::1]"].map((host) => `http://${host}:${port}`);
}

const bearer = { securitySchemes: { operator: { type: "http", scheme: "bearer" } } } as const;
