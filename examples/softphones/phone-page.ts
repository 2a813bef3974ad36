import Fastify, { type FastifyInstance } from "fastify";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { serveHandset } from "./handset.ts";
import type { Softphone } from "./softphone.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

/** Nothing inline, nothing from elsewhere, in the frames of the origin that was named alone. */
const contentSecurityPolicy = (framedBy: string): string =>
  `default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors ${framedBy}`;

/**
 * A phone's page and its control, on loopback: `GET /` the page, `GET /events` what happens (Server-Sent Events),
 * `GET /state`, `GET /heard.wav`, the handset at `/sound`, and `POST /answer /reject /busy /hangup`, `POST /digits {"digits":"12#"}`.
 */
export async function openPhonePage(
  phone: Softphone,
  port: number,
  framedBy = "'none'",
): Promise<{ port: number; close(): Promise<void> }> {
  const app = Fastify({ logger: false, forceCloseConnections: true, bodyLimit: 2000 });
  refuseOtherSites(app);
  const page = read("./phone.html").replaceAll("{{name}}", escaped(phone.name));
  const style = `${read("../../src/presentation/assets/tokens.css")}\n${read("./phone.css")}`;

  app.get("/", (_request, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", contentSecurityPolicy(framedBy))
      .send(page),
  );
  app.get("/phone.css", (_request, reply) => reply.type("text/css; charset=utf-8").send(style));
  for (const name of ["phone-view.js", "phone-sound.js", "sound-worklet.js"]) {
    const script = read(`./${name}`);
    app.get(`/${name}`, (_request, reply) => reply.type("text/javascript; charset=utf-8").send(script));
  }
  app.get("/state", () => stateOf(phone));
  app.get("/heard.wav", (_request, reply) => reply.type("audio/wav").send(phone.recordingAsWav()));
  app.get("/events", (request, reply) => {
    const afterSeq = Number(request.headers["last-event-id"] ?? 0);
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    const send = (event: string, data: unknown, id?: number): void => {
      reply.raw.write(
        `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
      );
    };
    send("state", stateOf(phone));
    for (const line of phone.log) if (line.seq > afterSeq) send("log", line, line.seq);
    const stop = phone.on((event) => {
      if (event.type === "log") send("log", event.line, event.line.seq);
      else if (event.type !== "audio") send("state", stateOf(phone));
    });
    request.raw.on("close", stop);
  });

  app.post("/answer", async () => {
    await phone.answer();
    return stateOf(phone);
  });
  const acts = {
    "/reject": () => phone.reject(),
    "/busy": () => phone.busy(),
    "/hangup": () => phone.hangUp(),
  };
  for (const [path, act] of Object.entries(acts)) {
    app.post(path, () => {
      act();
      return stateOf(phone);
    });
  }
  app.post(
    "/digits",
    {
      schema: {
        body: {
          type: "object",
          required: ["digits"],
          properties: { digits: { type: "string", pattern: "^[0-9*#A-Dw]{1,40}$" } },
        },
      },
    },
    (request) => {
      phone.press((request.body as { digits: string }).digits);
      return stateOf(phone);
    },
  );

  const handset = serveHandset(phone, app.server, (request) => isOwnPage(request));
  await app.listen({ host: "127.0.0.1", port });
  const bound = app.server.address();
  return {
    port: bound !== null && typeof bound === "object" ? bound.port : port,
    async close() {
      handset.close();
      await app.close();
    },
  };
}

function stateOf(phone: Softphone) {
  return {
    name: phone.name,
    state: phone.state,
    sipPort: phone.sipPort,
    call: phone.call,
    heard: phone.heard,
    digitsHeard: phone.digitsHeard,
  };
}

/** Another site's page must not press our keys nor listen: neither by a form or script, nor by a name that leads to loopback. */
function refuseOtherSites(app: FastifyInstance): void {
  app.addHook("onRequest", async (request, reply) => {
    if (!isOwnPage(request)) await reply.code(403).send({ error: "This phone is driven from its own page." });
  });
}

function isOwnPage({ headers }: Pick<IncomingMessage, "headers">): boolean {
  const { host = "", origin } = headers;
  const local = /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(host);
  return local && (origin === undefined || origin === `http://${host}`);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
