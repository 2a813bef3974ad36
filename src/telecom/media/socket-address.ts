import type { Endpoint } from "./rtp-sockets.ts";
import ipaddr from "ipaddr.js";

/** Linux's `sockaddr_in` and `sockaddr_in6`, as octets. */

export const inetFamily = 2;
export const inet6Family = 10;
export const longestSocketAddress = 28;

/** Writes `endpoint` to the start of `bytes`; returns how long it is. */
export function writeSocketAddress(bytes: Buffer, endpoint: Endpoint): number {
  const address = ipaddr.parse(endpoint.address).toByteArray();
  const isInet = address.length === 4;
  const length = isInet ? 16 : 28;
  bytes.fill(0, 0, length);
  // The family is in the machine's own order, the rest in the network's; both machines we know of are little-endian.
  bytes.writeUInt16LE(isInet ? inetFamily : inet6Family, 0);
  bytes.writeUInt16BE(endpoint.port, 2);
  bytes.set(address, isInet ? 4 : 8);
  return length;
}

/** Reads what `recvfrom` wrote. One object for all packets of a socket; the text of an address is made once, not per packet. */
export class SocketAddressReader implements Endpoint {
  readonly #bytes: Buffer;
  readonly #isInet: boolean;
  readonly #last = [-1, -1, -1, -1];
  address = "";
  port = 0;

  constructor(bytes: Buffer, isInet: boolean) {
    this.#bytes = bytes;
    this.#isInet = isInet;
  }

  read(): void {
    const bytes = this.#bytes;
    this.port = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
    const words = this.#isInet ? 1 : 4;
    const start = this.#isInet ? 4 : 8;
    let same = true;
    for (let n = 0; n < words; n += 1) {
      const word = bytes.readInt32LE(start + n * 4);
      if (this.#last[n] === word) continue;
      this.#last[n] = word;
      same = false;
    }
    if (!same) this.address = ipaddr.fromByteArray([...bytes.subarray(start, start + words * 4)]).toString();
  }
}
