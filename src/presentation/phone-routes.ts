import type { PhoneFacts } from "#contract/browser-phone.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { PageWriter } from "./page-writer.ts";
import { agentPhonePage } from "./pages/agent-phone-page.ts";
import { sameUrlIn } from "./same-url.ts";
import type { BrowserPhones } from "./settings.ts";

/** The agent's telephone. Anybody may open the page: who may be rung is proved to the telecommunications unit, not here. */
export function phoneRoutes(
  app: FastifyInstance,
  { pages, phones }: { readonly pages: PageWriter; readonly phones: BrowserPhones | undefined },
): void {
  app.get("/phone", async (request, reply) => {
    const language = pages.language(request);
    const phone = phones && phoneFactsFor(request, phones);
    await pages.send(reply, agentPhonePage({ language, phone }), {
      language,
      inLanguage: sameUrlIn(request),
      phone,
    });
  });
}

/** Where this browser's telephone speaks SIP. */
export function phoneFactsFor(
  request: FastifyRequest,
  phones: BrowserPhones,
): Pick<PhoneFacts, "socketUrl" | "iceServers"> {
  const { socketUrl, iceServers } = phones;
  // Without a public address only this machine's own browsers reach us, by one of its names.
  const host = /^(localhost|127\.[0-9.]+|\[::1\])$/.test(request.hostname) ? request.hostname : "127.0.0.1";
  return { socketUrl: socketUrl.replace("*", host), iceServers };
}
