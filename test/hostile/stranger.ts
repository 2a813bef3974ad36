import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket as TcpSocket } from "node:net";
import { strangersRequest } from "./datagrams.ts";

/** A UDP socket on a loopback address of the stranger's own; what comes back is kept for whoever waits. */
export class Stranger {
  readonly source: string;
  readonly #socket: Socket;
  #serial = 0;
  #listener: (text: string) => void = () => {};
  heard = 0;

  static async open(address: string): Promise<Stranger> {
    const socket = createSocket({ type: "udp4", recvBufferSize: 1024 * 1024 });
    socket.bind(0, address);
    await once(socket, "listening");
    return new Stranger(socket, `${address}:${socket.address().port}`);
  }

  private constructor(socket: Socket, source: string) {
    this.#socket = socket;
    this.source = source;
    socket.on("error", () => {}); // What cannot be sent was worth a try.
    socket.on("message", (octets) => {
      this.heard++;
      this.#listener(octets.toString("latin1"));
    });
  }

  send(octets: Uint8Array, port: number): void {
    // UDP over IPv4 carries 65,507 octets at most.
    this.#socket.send(octets.subarray(0, 65_507), port, "127.0.0.1", () => {});
  }

  /** A request and its final answer; sent again while none comes, for 15 seconds. */
  async asks(
    port: number,
    wish: { readonly method: string; readonly user: string; readonly headers?: readonly string[] },
  ): Promise<string> {
    const serial = ++this.#serial;
    const request = Buffer.from(strangersRequest({ ...wish, source: this.source, serial }));
    let again: NodeJS.Timeout | undefined;
    try {
      return await new Promise<string>((resolve, reject) => {
        this.#listener = (text) => {
          if (text.includes(`x${serial}\r\n`) || text.includes(`x${serial};`)) resolve(text);
        };
        let tries = 0;
        const send = (): void => {
          if (++tries > 30) return reject(new Error(`${wish.method} was never answered`));
          this.send(request, port);
          again = setTimeout(send, 500);
        };
        send();
      });
    } finally {
      clearTimeout(again);
    }
  }

  close(): void {
    this.#socket.close();
  }
}

/** A TCP connection from a loopback address of the stranger's own; refusals and resets are its usual end. */
export function dial(wish: { readonly from: string; readonly port: number }): TcpSocket {
  const socket = connect({ host: "127.0.0.1", port: wish.port, localAddress: wish.from });
  socket.on("error", () => {});
  return socket;
}

/** Resolves when the connection has ended, also by an error. */
export function closed(socket: TcpSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
  });
}

/** The n-th address of a network of strangers: 127.66.x.y. */
export function strangersAddress(network: number, n: number): string {
  return `127.${66 + network}.${Math.floor(n / 250)}.${(n % 250) + 1}`;
}
