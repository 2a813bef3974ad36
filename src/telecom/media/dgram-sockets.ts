import type { RtpSocket, RtpSockets } from "./rtp-sockets.ts";
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";

/** UDP by Node's own sockets. */
export function makeDgramSockets(): RtpSockets {
  return {
    kind: "dgram",
    async bind({ address, port, receive }) {
      const socket = createSocket({
        ...(isIPv6(address) ? { type: "udp6", ipv6Only: true } : { type: "udp4" }),
        // Endpoints are addresses already: without this, every packet would take a turn through the resolver's queue.
        lookup: (name, _options, callback) => callback(null, name, isIPv6(name) ? 6 : 4),
      });
      await bound(socket, { address, port });
      // An ICMP answer to what we sent; the media timeout will tell if the far end is really gone.
      socket.on("error", () => {});
      socket.on("message", (packet, from) => receive(packet, packet.length, from));
      return around(socket);
    },
    close: () => {},
  };
}

/** A socket that could not be bound holds its descriptor until it is closed. */
function bound(socket: Socket, at: { address: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: Error): void => void socket.close(() => reject(error));
    socket.once("error", refused);
    socket.bind(at, () => {
      socket.off("error", refused);
      resolve();
    });
  });
}

function around(socket: Socket): RtpSocket {
  const { port } = socket.address();
  let open = true;
  return {
    port,
    send(packet, { start, end }, to) {
      if (open) socket.send(packet, start, end - start, to.port, to.address, ignore);
    },
    close: () =>
      new Promise((resolve) => {
        if (!open) return resolve();
        open = false;
        socket.close(() => resolve());
      }),
  };
}

function ignore(): void {}
