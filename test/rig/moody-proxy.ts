import { once } from "node:events";
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";

/**
 * What a proxy on the way may do to a request: let it pass; hold its answer back until all of it is there, which of a stream is never;
 * refuse it; break its connection off at once, or after the first octets of the answer.
 */
export type Mood = "pass" | "hold" | "refuse" | "break" | "break-later";

export interface MoodyProxy {
  readonly url: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** An HTTP proxy between a browser and the platform, of the kind that offices and virus scanners have. */
export async function openMoodyProxy(
  toPort: () => number,
  moodFor: (request: IncomingMessage) => Mood,
): Promise<MoodyProxy> {
  const server = createServer((request, response) => {
    const mood = moodFor(request);
    if (mood === "refuse") return void response.writeHead(502).end();
    if (mood === "break") return void request.socket.destroy();
    const { method, headers, url = "/" } = request;
    const onward = httpRequest({
      host: "127.0.0.1",
      port: toPort(),
      method,
      headers,
      path: url,
      agent: false,
    });
    response.on("close", () => onward.destroy());
    onward.on("error", () => request.socket.destroy());
    onward.on("response", (answer) => void forward(answer, response, mood).catch(() => response.destroy()));
    request.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function forward(answer: IncomingMessage, response: ServerResponse, mood: Mood): Promise<void> {
  const head = (): unknown => response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
  if (mood === "hold") {
    const octets: Buffer[] = [];
    for await (const piece of answer) octets.push(piece as Buffer);
    head();
    return void response.end(Buffer.concat(octets));
  }
  head();
  response.flushHeaders();
  for await (const piece of answer) {
    response.write(piece);
    if (mood === "break-later") return void setImmediate(() => response.destroy());
  }
  response.end();
}
