import { connect, type TLSSocket } from "node:tls";
import { seededRandom } from "#base/random.ts";
import { strangersRequest } from "./datagrams.ts";
import { closed, dial, strangersAddress } from "./stranger.ts";

interface Wish {
  readonly tlsPort: number;
  readonly webSocketPort: number;
  /** As whose page the telephones of browsers come. */
  readonly origin: string;
  readonly count: number;
  readonly seed: string;
}

/**
 * What is no TLS, handshakes that break off, upgrades that must be refused, and WebSockets that break the protocol or never read. Each
 * on a connection of its own, fifty at once; the end of each is awaited.
 */
export async function floodConnections(wish: Wish): Promise<Record<string, number>> {
  const random = seededRandom(wish.seed);
  const heard = { upgraded: 0, refused: 0, closedByFrame: 0 };
  const one = async (n: number): Promise<void> => {
    const from = strangersAddress(8, n % 200);
    const breaksHandshake = n % 3 === 0;
    const socket = breaksHandshake
      ? dial({ from, port: wish.tlsPort })
      : shakeHands({ from, port: wish.webSocketPort });
    const over = closed(socket);
    let text = "";
    socket.on("data", (octets: Buffer) => {
      text = (text + octets.toString("latin1")).slice(-100_000);
    });
    socket.write(breaksHandshake ? noHandshake(n, random) : noTelephone(n, random, wish.origin));
    socket.end();
    await over;
    if (text.includes("HTTP/1.1 4")) heard.refused++;
    if (text.includes("HTTP/1.1 101 ")) heard.upgraded++;
    // RFC 6455 5.5.1: a close frame of a status alone, at the end.
    if (/\x88\x02\x03[^]$/.test(text)) heard.closedByFrame++;
  };
  for (let at = 0; at < wish.count; at += 50)
    await Promise.all(Array.from({ length: 50 }, (_, n) => one(at + n)));
  return { connections: wish.count, ...heard };
}

/** Over TLS; whoever is there. */
function shakeHands({ from, port }: { readonly from: string; readonly port: number }): TLSSocket {
  const way = { host: "127.0.0.1", port, localAddress: from };
  const socket = connect({ ...way, rejectUnauthorized: false });
  socket.on("error", () => {});
  return socket;
}

type SeededRandom = ReturnType<typeof seededRandom>;

function noHandshake(n: number, random: SeededRandom): Buffer {
  switch (Math.floor(n / 3) % 4) {
    case 0:
      return Buffer.from(
        strangersRequest({ method: "OPTIONS", user: "x", source: "127.0.0.1:5060", serial: n }),
      );
    case 1:
      return Buffer.from(random.bytes(1 + random.integer(2_000)));
    case 2:
      // A handshake record that promises more than comes, RFC 8446 5.1.
      return Buffer.concat([Buffer.from([22, 3, 1, 0x3f, 0xff]), Buffer.from(random.bytes(500))]);
    default:
      return Buffer.alloc(100_000);
  }
}

function noTelephone(n: number, random: SeededRandom, origin: string): Buffer {
  const good = upgrade({ Origin: origin, "Sec-WebSocket-Protocol": "sip" });
  switch (n % 10) {
    case 0:
      return Buffer.from(random.bytes(1 + random.integer(2_000)));
    case 1:
      return Buffer.from(upgrade({ Origin: "https://evil.example", "Sec-WebSocket-Protocol": "sip" }));
    case 2:
      return Buffer.from(upgrade({ Origin: origin, "Sec-WebSocket-Protocol": "chat" }));
    case 3:
      return Buffer.from(`${good.slice(0, -2)}X: ${"y".repeat(20_000)}\r\n\r\n`);
    case 4:
      return Buffer.concat([Buffer.from(good), Buffer.from(random.bytes(2_000))]);
    case 5:
      return Buffer.concat([Buffer.from(good), frame(0x81, Buffer.alloc(70_000, "x"))]);
    case 6:
      return Buffer.concat([
        Buffer.from(good),
        frame(0x01, Buffer.alloc(60_000)),
        frame(0x00, Buffer.alloc(60_000)),
      ]);
    case 7:
      return Buffer.concat([
        Buffer.from(good),
        ...Array.from({ length: 2_000 }, () => frame(0x89, Buffer.from("ping"))),
      ]);
    case 8:
      return Buffer.concat([
        Buffer.from(good),
        ...Array.from({ length: 20 }, () => frame(0x82, Buffer.from(random.bytes(500)))),
      ]);
    default: {
      const request = strangersRequest({
        method: "INVITE",
        user: "7001",
        source: "127.0.0.1:5060",
        serial: n,
      });
      return Buffer.concat([
        Buffer.from(good),
        ...Array.from({ length: 20 }, () => frame(0x81, Buffer.from(request))),
      ]);
    }
  }
}

function upgrade(more: Readonly<Record<string, string>>): string {
  const headers = Object.entries({
    Host: "127.0.0.1",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...more,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET / HTTP/1.1\r\n${headers.join("")}\r\n`;
}

/** RFC 6455 5.2, with a mask of zeros. */
function frame(firstOctet: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(payload.length < 126 ? 2 : 10);
  head.writeUInt8(firstOctet, 0);
  head.writeUInt8(0x80 | (payload.length < 126 ? payload.length : 127), 1);
  if (payload.length >= 126) head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}
