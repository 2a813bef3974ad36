import { createSocket, type Socket } from "node:dgram";
import { type Clock, until } from "#base/clock.ts";
import type { Random } from "#base/random.ts";

// RFC 8489 5
const bindingRequest = 0x0001;
const bindingSuccess = 0x0101;
const magicCookie = 0x2112a442;
const headerLength = 20;
// RFC 8489 14.2
const xorMappedAddress = 0x0020;
const addressFamily4 = 0x01;
const tries = 5;
const betweenTriesMs = 500;

/**
 * RFC 8489 7.2.1: asks a STUN server over UDP as which IPv4 address it sees us. Throws when it does not answer within 2.5 s,
 * or its name leads nowhere.
 */
export async function askStun(wish: {
  /** `host` or `host:port`; 3478 unless told. */
  readonly server: string;
  /** The address that we bind. */
  readonly address: string;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<string> {
  const { server, address, clock, random } = wish;
  const [, host = "", port = "3478"] = /^(.*?)(?::([0-9]+))?$/.exec(server) ?? [];
  const request = Buffer.alloc(headerLength);
  request.writeUInt16BE(bindingRequest, 0);
  request.writeUInt32BE(magicCookie, 4);
  request.set(random.bytes(12), 8);
  const socket = createSocket("udp4");
  const over = new AbortController();
  try {
    const seen = new Promise<string>((resolve, reject) => {
      socket.on("error", reject);
      socket.on("message", (packet) => {
        const found = mappedAddress(packet, request.subarray(4, headerLength));
        if (found !== undefined) resolve(found);
      });
    });
    seen.catch(() => {}); // It may fail before anybody waits for it; who does then is told.
    await new Promise<void>((bound, failed) => {
      socket.once("error", failed);
      socket.bind(0, address, () => bound());
    });
    return await Promise.race([
      seen,
      ask({ socket, request, host, port: Number(port), clock, signal: over.signal }),
    ]);
  } finally {
    over.abort();
    socket.close();
  }
}

/** Asks again and again; throws when the last time has brought nothing. */
async function ask(wish: {
  readonly socket: Socket;
  readonly request: Buffer;
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<never> {
  const { socket, request, host, port, clock, signal } = wish;
  for (let tried = 0; tried < tries; tried += 1) {
    await new Promise<void>((sent, failed) =>
      socket.send(request, port, host, (error) => (error === null ? sent() : failed(error))),
    );
    await until(clock, clock.now() + betweenTriesMs, signal);
  }
  throw new Error("no answer");
}

/** The address in the answer to our request, undefined for anything else that comes. */
function mappedAddress(packet: Buffer, cookieAndId: Buffer): string | undefined {
  if (packet.length < headerLength || packet.readUInt16BE(0) !== bindingSuccess) return undefined;
  if (!packet.subarray(4, headerLength).equals(cookieAndId)) return undefined;
  // RFC 8489 14: type, length, value, and up to three octets so that the next begins at a multiple of four.
  for (let at = headerLength; at + 4 <= packet.length; ) {
    const length = packet.readUInt16BE(at + 2);
    const value = packet.subarray(at + 4, at + 4 + length);
    if (packet.readUInt16BE(at) === xorMappedAddress && value.length === 8 && value[1] === addressFamily4) {
      const address = Buffer.alloc(4);
      address.writeUInt32BE((value.readUInt32BE(4) ^ magicCookie) >>> 0);
      return address.join(".");
    }
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return undefined;
}
