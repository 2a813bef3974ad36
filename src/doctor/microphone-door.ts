import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { readable } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import { Compile } from "typebox/compile";
import type { Finding } from "./finding.ts";
import { microphoneReport, type MicrophoneReport } from "./microphone-report.ts";

/** A page on loopback that tries the microphone of the browser that opens it. */
export interface MicrophoneDoor extends AsyncDisposable {
  /** With a key in its path: no other page that the browser shows, and no other user, finds it. */
  readonly url: string;
  /** How far somebody has come. */
  readonly stage: "nobody" | "opened" | "pressed";
  /** Resolves with what the first report came to, when the page has been told it too. */
  readonly found: Promise<Finding>;
}

const longestReport = 16 * 1024;
const fits = Compile(microphoneReport);

interface File {
  readonly type: string;
  readonly content: string;
}

const headers = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "permissions-policy": "microphone=(self)",
  // The key is in the address.
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

export async function openMicrophoneDoor(wish: {
  readonly random: Random;
  readonly judge: (report: MicrophoneReport) => Finding;
}): Promise<MicrophoneDoor> {
  const key = readable(wish.random, 24);
  const files = pageFiles();
  const found = Promise.withResolvers<Finding>();
  let stage: MicrophoneDoor["stage"] = "nobody";

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const [, given, name = "", ...more] = path.split("/");
    const file = files.get(name);
    if (given !== key || more.length > 0) return reply(response, 404);
    if (request.method === "GET" && file !== undefined) {
      if (name === "" && stage === "nobody") stage = "opened";
      return reply(response, 200, file);
    }
    if (request.method !== "POST") return reply(response, file === undefined ? 404 : 405);
    if (name === "pressed") {
      stage = "pressed";
      request.resume();
      return reply(response, 204);
    }
    if (name !== "report") return reply(response, 404);
    const report = await readReport(request);
    if (report === undefined) return reply(response, 400);
    const finding = wish.judge(report);
    response.once("close", () => found.resolve(finding));
    reply(response, 200, { type: "application/json", content: JSON.stringify(finding) });
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.maxConnections = 20;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/${key}/`,
    get stage() {
      return stage;
    },
    found: found.promise,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function reply(response: ServerResponse, status: number, file?: File): void {
  const type = file === undefined ? {} : { "content-type": file.type };
  // What stays open would be waited for at the end.
  response.writeHead(status, { ...headers, ...type, connection: "close" }).end(file?.content);
}

/** Undefined for one that is too long, or no report. */
async function readReport(request: IncomingMessage): Promise<MicrophoneReport | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > longestReport) return undefined;
    pieces.push(piece);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(pieces).toString("utf8"));
    return fits.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The design's own style, and what is the doctor's. */
function pageFiles(): ReadonlyMap<string, File> {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
  const assets = "../presentation/assets";
  const style = ["tokens.css", "tandem.css", "phone.css"].map((name) => read(`${assets}/${name}`)).join("\n");
  return new Map([
    ["", { type: "text/html; charset=utf-8", content: read("./microphone-page.html") }],
    ["style.css", { type: "text/css; charset=utf-8", content: style }],
    ["page.js", { type: "text/javascript; charset=utf-8", content: read("./microphone-page.js") }],
    ["icon.svg", { type: "image/svg+xml", content: read(`${assets}/icon.svg`) }],
  ]);
}
