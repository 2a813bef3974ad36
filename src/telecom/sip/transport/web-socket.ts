import { createServer, type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Flow } from "../message/message.ts";
import { limits as messageLimits } from "../message/parse.ts";
import type { OwnCertificate } from "./certificates.ts";
import { Deadline } from "./deadline.ts";
import { forwardedAddress, proxiesAmong } from "./forwarded-address.ts";
import type { Guest } from "./guests.ts";
import { listen, type Listener } from "./listener.ts";
import { type TlsParts, tlsGate } from "./tls.ts";
import { serveWebSocket } from "./web-socket-connection.ts";

/** RFC 7118: where browsers' telephones come in. */
export interface WebSocketOptions {
  /** The address to bind; that of SIP unless told. */
  readonly address?: string | undefined;
  /** 0 takes a free one. */
  readonly port: number;
  /** Whose pages may come, `https://talk.example`. A browser says whose its page is; who says nothing is none. */
  readonly origins: readonly string[];
  /** Reverse proxies, whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
}

/** Listens for WebSockets: for secure ones when there is a certificate to show, else for plain ones. */
export function listenWebSocket(
  parts: TlsParts,
  wish: WebSocketOptions & { readonly shown: OwnCertificate | undefined },
): Promise<Listener> {
  const isProxy = proxiesAmong(wish.trustedProxies);
  const transport = wish.shown === undefined ? "ws" : "wss";
  const upgrades = new Upgrades(parts, { transport, origins: wish.origins, isProxy });
  const begin = (socket: Socket, guest: Guest): void => upgrades.begin(socket, guest);
  return listen({
    ...parts,
    port: wish.port,
    isProxy,
    accept: wish.shown === undefined ? begin : tlsGate(parts, wish.shown, begin),
  });
}

interface UpgradeOptions {
  readonly transport: "ws" | "wss";
  readonly origins: readonly string[];
  readonly isProxy: (address: string) => boolean;
}

/** Connections that have yet to say that they are WebSockets for SIP. */
class Upgrades {
  readonly #parts: TlsParts;
  readonly #options: UpgradeOptions;
  readonly #http = createServer({ maxHeaderSize: 8_192 });
  readonly #webSockets: WebSocketServer;
  readonly #under = new WeakMap<Duplex, { readonly guest: Guest; readonly deadline: Deadline }>();

  constructor(parts: TlsParts, options: UpgradeOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // A telephone's pongs are ours to bound, and a compressed frame could unfold to anything.
      autoPong: false,
      perMessageDeflate: false,
      maxPayload: messageLimits.messageOctets,
      handleProtocols: () => "sip",
    });
    this.#http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#http.on("request", (_request, response) => {
      response.writeHead(426, { connection: "close, upgrade", upgrade: "websocket" }).end();
    });
  }

  begin(socket: Socket, guest: Guest): void {
    const { clock, limits } = this.#parts;
    const deadline = new Deadline(clock, () => void socket.destroy());
    deadline.set(limits.messageMs);
    this.#under.set(socket, { guest, deadline });
    socket.on("close", () => deadline.clear());
    socket.on("error", () => {}); // Told by "close".
    this.#http.emit("connection", socket);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { connections } = this.#parts;
    const known = this.#under.get(socket);
    const flow = this.#flowOf(request);
    if (known === undefined || flow === undefined) return void socket.destroy();
    const refused = this.#refusal(request);
    if (refused !== undefined) return refuse(socket, refused);
    // Through two proxies, two peers behind one address may have one port: the second is not mistaken for the first.
    if (!known.guest.comesFrom(flow.remoteAddress) || connections.to(flow) !== undefined)
      return refuse(socket, 503);
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      known.deadline.clear();
      connections.keep(serveWebSocket(webSocket, flow, this.#parts), known.guest);
    });
  }

  #refusal({ headers }: IncomingMessage): number | undefined {
    // RFC 6455 10.2: without this, any page that a user of ours visits could speak for them.
    if (!this.#options.origins.includes(headers.origin ?? "")) return 403;
    // RFC 7118 4.1
    const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    return offered.includes("sip") ? undefined : 400;
  }

  #flowOf({ socket, headers }: IncomingMessage): Flow | undefined {
    const { remoteAddress: from, remotePort, localPort } = socket;
    if (from === undefined || remotePort === undefined || localPort === undefined) return undefined;
    const forwardedFor = [headers["x-forwarded-for"] ?? []].flat().join(",");
    const remoteAddress = forwardedAddress({ from, forwardedFor, isProxy: this.#options.isProxy });
    const { transport } = this.#options;
    return { transport, localAddress: this.#parts.address, localPort, remoteAddress, remotePort };
  }
}

function refuse(socket: Duplex, status: number): void {
  const reason = STATUS_CODES[status] ?? "";
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
