import { readFileSync, writeFileSync } from "node:fs";
import { type Sound, toMuLaw } from "./wav.ts";

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

/** Writes a sound of 8 kHz as RTP, mu-law, 20 ms a packet, for programs that play captures (sipp puts its own ports in). */
export function writeRtpPcap(path: string, sound: Sound, source = 0x5eed_5eed): void {
  const muLaw = Uint8Array.from(sound.samples, toMuLaw);
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(ethernet, 20);
  const frames: Buffer[] = [header];
  for (let at = 0; at + 160 <= muLaw.length; at += 160) {
    const frame = ethernetFrame(rtpPacket(at, muLaw.subarray(at, at + 160), source));
    const record = Buffer.alloc(16);
    const atUs = (at / 160) * 20_000;
    record.writeUInt32LE(Math.floor(atUs / 1e6), 0);
    record.writeUInt32LE(atUs % 1e6, 4);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    frames.push(record, frame);
  }
  writeFileSync(path, Buffer.concat(frames));
}

function rtpPacket(timestamp: number, payload: Uint8Array, source: number): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(0x80, 0);
  header.writeUInt8(timestamp === 0 ? 0x80 : 0, 1);
  header.writeUInt16BE(timestamp / 160, 2);
  header.writeUInt32BE(timestamp, 4);
  header.writeUInt32BE(source, 8);
  return Buffer.concat([header, payload]);
}

/** Ethernet, IPv4 and UDP around it; addresses, ports and checksums are the player's affair. */
function ethernetFrame(payload: Buffer): Buffer {
  const frame = Buffer.alloc(14 + 20 + 8);
  frame.writeUInt16BE(0x0800, 12);
  frame.writeUInt8(0x45, 14);
  frame.writeUInt16BE(20 + 8 + payload.length, 16);
  frame.writeUInt8(64, 22);
  frame.writeUInt8(17, 23);
  frame.writeUInt32BE(0x7f00_0001, 26);
  frame.writeUInt32BE(0x7f00_0001, 30);
  frame.writeUInt16BE(6000, 34);
  frame.writeUInt16BE(6002, 36);
  frame.writeUInt16BE(8 + payload.length, 38);
  return Buffer.concat([frame, payload]);
}
