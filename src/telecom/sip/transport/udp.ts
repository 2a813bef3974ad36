import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { Log } from "#base/log.ts";
import type { Flow } from "../message/message.ts";
import type { SendOutcome } from "./transport.ts";

export interface Udp {
  readonly port: number;
  send(flow: Flow, octets: Uint8Array): Promise<SendOutcome>;
  close(): Promise<void>;
}

// A burst of requests waits in the kernel, not in our heap; where the system allows less, it gives less.
const receiveBufferOctets = 4 * 1024 * 1024;

/** Binds a UDP socket, `udp4` or `udp6` by its address. */
export async function openUdp(options: {
  readonly address: string;
  readonly port: number;
  readonly log: Log;
  receive(flow: Flow, octets: Uint8Array, framing: "datagram"): void;
}): Promise<Udp> {
  const family = isIPv6(options.address) ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? "udp6" : "udp4",
    ipv6Only: family === 6,
    recvBufferSize: receiveBufferOctets,
    // Only addresses are sent to; a name that slipped through must not become a DNS query.
    lookup: (host, _options, done) => done(null, host, family),
  });
  const bound = once(socket, "listening");
  socket.bind({ address: options.address, port: options.port });
  try {
    await bound;
  } catch (error) {
    socket.close();
    throw error;
  }
  const { port } = socket.address();

  socket.on("error", (error) => options.log.warn({ error: error.message }, "The UDP socket met an error."));
  socket.on("message", (octets, source) => {
    // RFC 5626 3.5.1, 4.4.1: an empty line keeps a NAT binding alive and asks for nothing.
    if (octets.length <= 4 && octets.every((octet) => octet === 0x0d || octet === 0x0a || octet === 0))
      return;
    const flow: Flow = {
      transport: "udp",
      localAddress: options.address,
      localPort: port,
      remoteAddress: source.address,
      remotePort: source.port,
    };
    options.receive(flow, octets, "datagram");
  });

  return {
    port,
    send: (flow, octets) =>
      new Promise((resolve) => {
        const done = (error: Error | null): void =>
          resolve(error === null ? { type: "sent" } : { type: "failed", why: error.message });
        try {
          socket.send(octets, flow.remotePort, flow.remoteAddress, done);
        } catch (error) {
          // A socket that has been closed throws instead of calling back.
          resolve({ type: "failed", why: error instanceof Error ? error.message : "closed" });
        }
      }),
    close: () =>
      new Promise((resolve) => {
        socket.close(() => resolve());
      }),
  };
}
