import { isIP, type Socket } from "node:net";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import type { Flow } from "../message/message.ts";
import type { Certificates, OwnCertificate } from "./certificates.ts";
import type { Connection } from "./connections.ts";
import { Deadline } from "./deadline.ts";
import type { Guest } from "./guests.ts";
import { listen, type Listener } from "./listener.ts";
import { identityError } from "./server-identity.ts";
import { acceptStream, keepAlive, openStream } from "./stream-connection.ts";
import { type StreamParts, towards } from "./tcp.ts";

export interface TlsParts extends StreamParts {
  readonly certificates: Certificates;
}

/** RFC 3261 26.3: listens for TLS. Clients are asked for no certificate. */
export function listenTls(
  parts: TlsParts,
  wish: { readonly port: number; readonly shown: OwnCertificate },
): Promise<Listener> {
  const { address, connections } = parts;
  const accept = tlsGate(parts, wish.shown, (socket, guest) => {
    const flow: Flow = {
      transport: "tls",
      localAddress: address,
      localPort: socket.localPort ?? wish.port,
      remoteAddress: socket.remoteAddress ?? "",
      remotePort: socket.remotePort ?? 0,
    };
    connections.keep(acceptStream(socket, flow, parts), guest);
  });
  return listen({ ...parts, port: wish.port, accept });
}

/** Shakes hands with who comes in, and hands on who did. Shows `shown`, or what has replaced it on the disk since. */
export function tlsGate(
  parts: TlsParts,
  shown: OwnCertificate,
  accept: (socket: TLSSocket, guest: Guest) => void,
): (socket: Socket, guest: Guest) => void {
  const handshakes = new Handshakes(parts, shown, accept);
  return (socket, guest) => handshakes.begin(socket, guest);
}

/** The TLS handshakes of connections that came in: each has its place among the strangers' from before its first octet. */
class Handshakes {
  readonly #server: Server;
  readonly #parts: TlsParts;
  readonly #under = new Map<string, { readonly guest: Guest; readonly deadline: Deadline }>();
  #shown: OwnCertificate;

  constructor(parts: TlsParts, shown: OwnCertificate, done: (socket: TLSSocket, guest: Guest) => void) {
    this.#server = createServer(shown);
    this.#parts = parts;
    this.#shown = shown;
    this.#server.on("secureConnection", (socket) => {
      const known = this.#under.get(farEnd(socket));
      // It may have been cut while its last octets were decrypted.
      if (known === undefined) return void socket.destroy();
      known.deadline.clear();
      return done(socket, known.guest);
    });
    this.#server.on("tlsClientError", (error, socket) => {
      parts.log.debug({ from: socket.remoteAddress, error: error.message }, "A TLS handshake failed.");
      socket.destroy();
    });
  }

  begin(socket: Socket, guest: Guest): void {
    const { certificates, clock, limits } = this.#parts;
    const { own } = certificates;
    if (own !== undefined && own !== this.#shown) {
      this.#shown = own;
      this.#server.setSecureContext(own);
    }
    const deadline = new Deadline(clock, () => void socket.destroy());
    deadline.set(limits.connectMs);
    const end = farEnd(socket);
    this.#under.set(end, { guest, deadline });
    socket.on("close", () => {
      deadline.clear();
      this.#under.delete(end);
    });
    socket.on("error", () => {}); // Told by the handshake, and by "close".
    this.#server.emit("connection", socket);
  }
}

/** To a far end that must prove to be `flow.serverName`. */
export function connectTls(flow: Flow, serverName: string, parts: TlsParts): Connection {
  const socket = connect({
    ...towards(flow, parts),
    secureContext: parts.certificates.forClients(),
    // RFC 6066 3: an address is no server name.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    checkServerIdentity: (_host, certificate) => identityError(serverName, certificate),
  });
  socket.setNoDelay(true);
  socket.setKeepAlive(keepAlive.keepAlive, keepAlive.keepAliveInitialDelay);
  return openStream(socket, flow, parts, "secureConnect");
}

function farEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ""} ${remotePort ?? 0}`;
}
