import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { type Language, subjects } from "./offers.ts";
import { calculatorPage, homePage, notFoundPage, ratesPage, type Site, subjectPage } from "./pages.ts";
import { makeToken } from "./token.ts";

/**
 * A subscriber's web site: pages about mortgages, savings and cards, with buttons that lead to Tandem. It knows nothing of
 * Tandem but three things: the address of its links, the snippet, and the key that it signs tokens with.
 */
export function openBankSite(tandem: string, framedBy?: string): FastifyInstance {
  const app = Fastify({ logger: false, forceCloseConnections: true });
  // The scale of sizes, spaces and movements is Tandem's, so that the demonstration looks like one thing.
  const style = ["../../src/presentation/assets/tokens.css", "./style.css"]
    .map((path) => readFileSync(new URL(path, import.meta.url), "utf8"))
    .join("\n");

  app.addHook("onSend", async (_request, reply, payload) => {
    // Pages that an agent pushes are shown inside Tandem's page: it may frame us, and whoever frames it. Nobody else may.
    const ancestors = framedBy === undefined ? tandem : `${tandem} ${framedBy}`;
    reply.header(
      "content-security-policy",
      `default-src 'none'; style-src 'self'; img-src 'self' data:; script-src ${tandem}; form-action 'self'; base-uri 'none'; frame-ancestors ${ancestors}`,
    );
    reply.header("x-content-type-options", "nosniff");
    reply.header("referrer-policy", "strict-origin-when-cross-origin");
    return payload;
  });

  app.get("/style.css", (_request, reply) => reply.type("text/css; charset=utf-8").send(style));

  app.setNotFoundHandler((request, reply) => {
    const language = request.url.startsWith("/es/") ? "es" : chosenLanguage(request);
    return page(reply.code(404), language, notFoundPage(siteOf(language, "")));
  });

  for (const prefix of ["", "/es"]) {
    const own = prefix === "/es" ? "es" : undefined;
    app.get(prefix === "" ? "/" : prefix, (request, reply) => {
      const language = own ?? chosenLanguage(request);
      return page(reply, language, homePage(siteOf(language, "")));
    });
    app.get<{ Params: { subject: string } }>(`${prefix}/:subject`, async (request, reply) => {
      const subject = subjects.find((known) => known === request.params.subject);
      if (subject === undefined) return reply.callNotFound();
      const language = own ?? "en";
      // A token a page view: it is good for one call, for this subject, for an hour.
      const token = await makeToken(subject, language);
      return page(reply, language, subjectPage(siteOf(language, `/${subject}`), subject, token));
    });
    app.get(`${prefix}/pages/rates`, (request, reply) => {
      const language = own ?? chosenLanguage(request);
      return page(reply, language, ratesPage(siteOf(language, "/pages/rates")));
    });
    app.get<{ Querystring: { amount?: string; years?: string; rate?: string } }>(
      `${prefix}/pages/calculator`,
      (request, reply) => {
        const { amount, years, rate } = request.query;
        const wish = {
          amount: bounded(amount, { from: 1000, to: 10_000_000, otherwise: 300_000 }),
          years: bounded(years, { from: 1, to: 40, otherwise: 25 }),
          rate: bounded(rate, { from: 0, to: 30, otherwise: 3.4 }),
        };
        const language = own ?? chosenLanguage(request);
        return page(reply, language, calculatorPage(siteOf(language, "/pages/calculator"), wish));
      },
    );
  }
  return app;

  function siteOf(language: Language, path: string): Site {
    return { tandem, language, path };
  }
}

/**
 * Of an address that says no language, as those do that an agent pushes and that lead back from a call: what the visitor chose
 * on this site, else what the browser prefers.
 */
function chosenLanguage(request: FastifyRequest): Language {
  const { cookie = "", "accept-language": accepted = "" } = request.headers;
  const chosen = /[?&]lang=(en|es)\b/.exec(request.url) ?? /\blanguage=(en|es)\b/.exec(cookie);
  const said = chosen?.[1] ?? /\b(en|es)\b/i.exec(accepted)?.[1]?.toLowerCase();
  return said === "es" ? "es" : "en";
}

function page(reply: FastifyReply, language: Language, body: string): FastifyReply {
  return reply
    .header("set-cookie", `language=${language}; Path=/; SameSite=Lax`)
    .header("vary", "cookie, accept-language")
    .type("text/html; charset=utf-8")
    .send(body);
}

function bounded(text: string | undefined, range: { from: number; to: number; otherwise: number }): number {
  const value = Number(text);
  return text === undefined || text === "" || !Number.isFinite(value)
    ? range.otherwise
    : Math.min(range.to, Math.max(range.from, value));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "8090" },
      tandem: { type: "string", default: "http://127.0.0.1:8080" },
      "framed-by": { type: "string" },
    },
  });
  const framedBy = values["framed-by"];
  const site = openBankSite(
    new URL(values.tandem).origin,
    framedBy === undefined ? undefined : new URL(framedBy).origin,
  );
  const address = await site.listen({ host: "127.0.0.1", port: Number(values.port) });
  console.log(`Example Bank: ${address}/`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void site.close());
}
