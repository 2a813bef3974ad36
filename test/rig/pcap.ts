import { readFileSync } from "node:fs";

/** One UDP datagram or TCP segment of a capture file. */
export interface Packet {
  readonly atMs: number;
  readonly transport: "udp" | "tcp";
  readonly from: string;
  readonly to: string;
  /** TCP's sequence number; 0 for UDP. */
  readonly sequence: number;
  readonly payload: Buffer;
}

const ethernet = 1;
const linuxCooked = 113;
const rawIp = 101;

/** Reads a pcap file as tcpdump and the SIPp captures have it. Fragments and what is neither UDP nor TCP are passed over. */
export function readPcap(path: string): Packet[] {
  const file = readFileSync(path);
  if (file.length < 24) return [];
  const magic = file.readUInt32LE(0);
  const little = magic === 0xa1b2c3d4 || magic === 0xa1b23c4d;
  const nanoseconds = [0xa1b23c4d, 0x4d3cb2a1].includes(magic);
  if (!little && magic !== 0xd4c3b2a1 && magic !== 0x4d3cb2a1) throw new Error(`${path} is no pcap file`);
  const word = (at: number): number => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const link = word(20);
  const packets: Packet[] = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const length = word(at + 8);
    const frame = file.subarray(at + 16, at + 16 + length);
    // The last one may be half written while tcpdump runs.
    if (frame.length < length) break;
    const atMs = word(at) * 1000 + word(at + 4) / (nanoseconds ? 1e6 : 1e3);
    const packet = readIp(frame.subarray(linkHeader(frame, link)), atMs);
    if (packet !== undefined) packets.push(packet);
    at += 16 + length;
  }
  return packets;
}

function linkHeader(frame: Buffer, link: number): number {
  if (link === rawIp) return 0;
  if (link === linuxCooked) return 16;
  if (link !== ethernet) throw new Error(`link type ${link} is not read here`);
  // 802.1Q puts four octets before the type.
  return frame.length >= 14 && frame.readUInt16BE(12) === 0x8100 ? 18 : 14;
}

function readIp(ip: Buffer, atMs: number): Packet | undefined {
  if (ip.length < 20) return undefined;
  const version = ip.readUInt8(0) >> 4;
  if (version === 4) {
    const header = (ip.readUInt8(0) & 15) * 4;
    const fragmented = (ip.readUInt16BE(6) & 0x1fff) !== 0;
    if (fragmented) return undefined;
    const body = ip.subarray(header, ip.readUInt16BE(2) || ip.length);
    const from = [...ip.subarray(12, 16)].join(".");
    const to = [...ip.subarray(16, 20)].join(".");
    return readTransport({ protocol: ip.readUInt8(9), from, to, body, atMs });
  }
  if (version !== 6 || ip.length < 40) return undefined;
  const body = ip.subarray(40, 40 + ip.readUInt16BE(4));
  const from = `[${ipv6(ip.subarray(8, 24))}]`;
  return readTransport({ protocol: ip.readUInt8(6), from, to: `[${ipv6(ip.subarray(24, 40))}]`, body, atMs });
}

function readTransport(told: {
  protocol: number;
  from: string;
  to: string;
  body: Buffer;
  atMs: number;
}): Packet | undefined {
  const { protocol, body, atMs } = told;
  if (body.length < 8) return undefined;
  const ends = { from: `${told.from}:${body.readUInt16BE(0)}`, to: `${told.to}:${body.readUInt16BE(2)}` };
  if (protocol === 17) return { atMs, transport: "udp", ...ends, sequence: 0, payload: body.subarray(8) };
  if (protocol !== 6 || body.length < 20) return undefined;
  const payload = body.subarray((body.readUInt8(12) >> 4) * 4);
  return { atMs, transport: "tcp", ...ends, sequence: body.readUInt32BE(4), payload };
}

function ipv6(octets: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => octets.readUInt16BE(at * 2).toString(16));
  const text = groups.join(":");
  return text === "0:0:0:0:0:0:0:1" ? "::1" : text;
}
