import { seededRandom } from "#base/random.ts";
import { closed, dial, strangersAddress } from "./stranger.ts";

interface Web {
  readonly port: number;
  /** A visitor's own live connection: its path, and the cookies that open it. */
  readonly events: string;
  readonly cookie: string;
}

/** Slow headers, slow bodies and 500 live connections of one visitor; stays until it is ended. */
export async function holdHttp({
  port,
  events,
  cookie,
}: Web): Promise<{ slow: number; live: number; refused: number }> {
  const slow = Array.from({ length: 400 }, (_, n) => {
    const socket = dial({ from: strangersAddress(4, n), port });
    const head =
      "POST /talk/bank/mortgages HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    socket.write(n % 2 === 0 ? head : `${head}Content-Length: 5000\r\n\r\nticket=`);
    return socket.resume();
  });
  const answers = Array.from({ length: 500 }, async (_, n) => {
    const socket = dial({ from: strangersAddress(5, n % 50), port });
    socket.write(
      `GET ${events} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\nAccept: text/event-stream\r\n\r\n`,
    );
    const answer = new Promise<string>((resolve) => {
      socket.once("data", (octets: Buffer) => resolve(octets.toString("latin1")));
    });
    return await Promise.race([answer, closed(socket).then(() => "")]);
  });
  const heads = await Promise.all(answers);
  const live = heads.filter((head) => head.startsWith("HTTP/1.1 200 ")).length;
  return { slow: slow.length, live, refused: heads.length - live };
}

/** Garbage, headers and bodies without end, and POSTs of nobody's forms. Every answer is awaited, or the connection's end. */
export async function floodHttp({
  port,
  count,
}: Web & { readonly count: number }): Promise<Record<string, number>> {
  const random = seededRandom("http");
  const statuses: Record<string, number> = {};
  const one = async (n: number): Promise<void> => {
    const socket = dial({ from: strangersAddress(6, n % 200), port });
    let text = "";
    socket.on("data", (octets: Buffer) => {
      text = (text + octets.toString("latin1")).slice(0, 200);
    });
    const over = closed(socket);
    socket.write(request(n, random));
    // A sound request that asks for more is answered before the connection ends.
    socket.end();
    await over;
    const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? "none";
    statuses[status] = (statuses[status] ?? 0) + 1;
  };
  for (let at = 0; at < count; at += 50) await Promise.all(Array.from({ length: 50 }, (_, n) => one(at + n)));
  return statuses;
}

function request(n: number, random: ReturnType<typeof seededRandom>): Uint8Array | string {
  const post = (body: string): string =>
    `POST /talk/bank/mortgages HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
  switch (n % 6) {
    case 0:
      return random.bytes(random.integer(2_000) + 1);
    case 1:
      return `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${"a".repeat(100_000)}\r\n\r\n`;
    case 2:
      return post(`ticket=${"a".repeat(60_000)}`);
    case 3:
      return post(`ticket=forged-${n}&phone=%2B1202555${1_000 + (n % 9_000)}`);
    case 4:
      return `GET /talk/bank/mortgages?token=${Buffer.from(random.bytes(300)).toString("base64url")} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    default:
      return `GET /${encodeURIComponent(Buffer.from(random.bytes(40)).toString("latin1"))} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
  }
}
