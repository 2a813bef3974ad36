import { readFileSync } from "node:fs";
import { systemClock } from "#base/clock.ts";
import Fastify, { type FastifyInstance } from "fastify";
import { WireHistory } from "./wire-history.ts";

export interface FirstRunWish {
  /** 0 takes a free one. */
  readonly port: number;
  /** Origins of what the panes show, and of Tandem itself. */
  readonly tandem: string;
  readonly bank: string;
  readonly annsPhone: string;
  readonly bobsPhone: string;
  readonly operatorToken: string;
  /** kill -9, as a crash would; the supervisor starts the next one. */
  killWeb(): void;
}

/**
 * The first run's page, on loopback: the bank's site, both telephones and the wire side by side, and scenarios to try. `GET /wire`
 * is Tandem's wire view, kept going over its deaths; `POST /kill-web` is one of them.
 */
export async function openFirstRun(wish: FirstRunWish): Promise<{ port: number; close(): Promise<void> }> {
  const app = Fastify({ logger: false, forceCloseConnections: true, bodyLimit: 1000 });
  const history = new WireHistory({ ...wish, clock: systemClock });
  refuseOtherSites(app);
  app.addHook("onSend", async (_request, reply, payload) => {
    const framed = [wish.bank, wish.tandem, wish.annsPhone, wish.bobsPhone].join(" ");
    reply.header(
      "content-security-policy",
      `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; frame-src ${framed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    reply.header("x-content-type-options", "nosniff");
    return payload;
  });

  const page = asset("first-run.html")
    .replaceAll("{{tandem}}", wish.tandem)
    .replaceAll("{{bank}}", wish.bank)
    .replaceAll("{{annsPhone}}", wish.annsPhone)
    .replaceAll("{{bobsPhone}}", wish.bobsPhone);
  app.get("/", (_request, reply) => reply.type("text/html; charset=utf-8").send(page));
  for (const name of ["first-run.js", "scenarios.js", "wire-view.js"]) {
    const script = asset(name);
    app.get(`/${name}`, (_request, reply) => reply.type("text/javascript; charset=utf-8").send(script));
  }
  const style = asset("../../src/presentation/assets/tokens.css") + asset("first-run.css");
  app.get("/first-run.css", (_request, reply) => reply.type("text/css; charset=utf-8").send(style));
  app.get("/wire", { exposeHeadRoute: false }, (request, reply) => {
    reply.hijack();
    history.serve(reply.raw, Number(request.headers["last-event-id"] ?? 0));
  });
  app.post("/kill-web", async (_request, reply) => {
    history.note({ type: "web-killed" });
    wish.killWeb();
    await reply.code(204).send();
  });

  history.begin();
  await app.listen({ host: "127.0.0.1", port: wish.port });
  const bound = app.server.address();
  return {
    port: bound !== null && typeof bound === "object" ? bound.port : wish.port,
    async close() {
      history.close();
      await app.close();
    },
  };
}

function asset(name: string): string {
  return readFileSync(new URL(`./${name}`, import.meta.url), "utf8");
}

/** Another site's page must not kill a process, nor read the wire: neither by a script nor by a name that leads to loopback. */
function refuseOtherSites(app: FastifyInstance): void {
  app.addHook("onRequest", async (request, reply) => {
    const host = request.headers.host ?? "";
    const { origin } = request.headers;
    // The panes are at 127.0.0.1: from "localhost" their cookies would be another site's.
    if (/^localhost(?::\d+)?$/.test(host) && request.method === "GET")
      return await reply.redirect(`http://127.0.0.1${host.slice("localhost".length)}${request.url}`, 302);
    if (!/^127\.0\.0\.1(?::\d+)?$/.test(host) || (origin !== undefined && origin !== `http://${host}`))
      await reply.code(403).send({ error: "This page is driven from itself." });
  });
}
