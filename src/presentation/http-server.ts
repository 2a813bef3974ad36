import type { Log } from "#base/log.ts";
import cookie from "@fastify/cookie";
import formbody from "@fastify/formbody";
import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { isCallId } from "./call-views.ts";
import { readFields } from "./form-fields.ts";
import { type PageWriter, permissionsPolicy } from "./page-writer.ts";
import type { PresentationSettings, TrafficLimits } from "./settings.ts";
import { isProxy } from "./visitor-address.ts";

/** Fastify with a bound on all that a stranger can send, and the headers that every answer carries. */
export async function makeHttpServer(options: {
  readonly settings: PresentationSettings;
  readonly limits: TrafficLimits;
  readonly secure: boolean;
  readonly pages: PageWriter;
  readonly log: Log;
}): Promise<FastifyInstance> {
  const { settings, pages, log } = options;
  const app = fastify({
    bodyLimit: 20 * 1024,
    routerOptions: { maxParamLength: 100 },
    requestTimeout: 15_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 10_000,
    maxRequestsPerSocket: 1000,
    forceCloseConnections: true,
    trustProxy: isProxy(settings.trustProxy),
    http: { maxHeaderSize: 16 * 1024, headersTimeout: 10_000 },
    // A path that does not decode is met before any route, and so before the hook below.
    frameworkErrors: (_error, _request, reply) =>
      void pages.notice(reply.headers(headersOfEveryAnswer), { type: "bad-link" }),
    clientErrorHandler: (error, socket) => {
      const status = answerToBrokenRequest[error.code] ?? "400 Bad Request";
      if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    },
  });
  app.server.maxConnections = options.limits.connections;
  app.server.maxHeadersCount = 64;

  await app.register(cookie);
  await app.register(formbody, {
    parser: readFields as unknown as (body: string) => Record<string, unknown>,
  });
  // Nothing here reads JSON from a stranger.
  app.removeContentTypeParser(["application/json", "text/plain"]);

  app.addHook("onRequest", async (request, reply) => {
    reply.headers(headersOfEveryAnswer);
    // Of several origins it can name none; `frame-ancestors` says whose frames we stand in.
    if (settings.framedBy.length > 0) reply.removeHeader("x-frame-options");
    if (options.secure) reply.header("strict-transport-security", "max-age=31536000");
    if ((request.raw.url ?? "").length > longestUrl) await pages.notice(reply, { type: "bad-link" });
  });
  app.setNotFoundHandler(async (_request, reply) => await pages.notice(reply, { type: "unknown-page" }));
  app.setErrorHandler(async (error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return await pages.notice(reply, { type: "bad-link" });
    // The route's pattern, not the address: that may hold a visitor's number.
    const { stack } = error;
    const { call } = request.params as { readonly call?: string };
    log.error(
      {
        route: request.routeOptions.url,
        method: request.method,
        stack,
        ...(isCallId(call ?? "") ? { call } : {}),
      },
      "A request could not be answered.",
    );
    await pages.notice(reply, { type: "broken" });
  });
  return app;
}

const longestUrl = 8 * 1024;

const answerToBrokenRequest: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

const headersOfEveryAnswer = {
  "x-content-type-options": "nosniff",
  // Same-origin, not none: with none a browser sends `Origin: null` with our own forms, and the check below would fail.
  "referrer-policy": "same-origin",
  "permissions-policy": permissionsPolicy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "x-frame-options": "DENY",
} as const;

/** Whether a POST was sent by a page of ours: browsers name the sender's origin (Fetch standard, "append a request Origin header"). */
export function ownPageCheck(allowedOrigins: () => readonly string[]): (request: FastifyRequest) => boolean {
  return (request) => {
    const { origin } = request.headers;
    return origin !== undefined && allowedOrigins().includes(origin.toLowerCase());
  };
}
