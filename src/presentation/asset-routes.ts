import type { FastifyInstance, FastifyReply } from "fastify";
import { asset } from "./assets.ts";
import type { PageWriter } from "./page-writer.ts";

/** Style sheet, scripts and icon; and the subscribers' snippet at an address that never changes. */
export function assetRoutes(app: FastifyInstance, pages: PageWriter): void {
  app.get<{ Params: { name: string } }>("/assets/:name", async (request, reply) => {
    const found = asset(request.params.name);
    if (found === undefined) return await pages.notice(reply, { type: "unknown-page" });
    const versioned = request.raw.url?.endsWith(`?v=${found.version}`) === true;
    await send(reply, request.params.name, versioned ? "public, max-age=31536000, immutable" : "no-cache");
  });

  app.get("/snippet.js", async (_request, reply) => {
    // Loaded by the subscribers' pages, which are other sites.
    reply.header("cross-origin-resource-policy", "cross-origin");
    await send(reply, "snippet.js", "public, max-age=3600");
  });
}

async function send(reply: FastifyReply, name: string, cacheControl: string): Promise<void> {
  const found = asset(name);
  const etag = `"${found?.version ?? ""}"`;
  reply.headers({ "cache-control": cacheControl, etag });
  if (reply.request.headers["if-none-match"] === etag) return void (await reply.code(304).send());
  await reply
    .type(found?.type ?? "")
    .header("content-security-policy", "default-src 'none'")
    .send(found?.content);
}
