import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

/** One key press as SIPp's captures have it: the UDP payloads, in order. */
export interface Capture {
  readonly key: string;
  readonly packets: readonly { readonly payload: Buffer; readonly atMs: number }[];
}

/** The captures of the twelve keys, made by others and kept beside the project; none where they are not. */
export function keypadCaptures(): readonly Capture[] {
  const folder = new URL("../../../../../shared/corpora/dtmf-rfc2833/", import.meta.url);
  return list(folder).map((name) => {
    const named = /dtmf_2833_(\w+)\.pcap$/.exec(name)?.[1] ?? "";
    const key = named === "pound" ? "#" : named === "star" ? "*" : named;
    return { key, packets: readCapture(readFileSync(new URL(name, folder))) };
  });
}

function list(folder: URL): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".pcap"));
  } catch {
    return [];
  }
}

/** A little-endian pcap file with Ethernet or Linux cooked frames, IPv4. */
function readCapture(file: Buffer): Capture["packets"] {
  assert.equal(file.readUInt32LE(0), 0xa1b2c3d4);
  const linkHeader = file.readUInt32LE(20) === 113 ? 16 : 14;
  const packets: { payload: Buffer; atMs: number }[] = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    const frame = file.subarray(at + 16, at + 16 + length);
    const ipHeader = (frame.readUInt8(linkHeader) & 0x0f) * 4;
    const udp = frame.subarray(linkHeader + ipHeader);
    const atMs = file.readUInt32LE(at) * 1_000 + file.readUInt32LE(at + 4) / 1_000;
    packets.push({ payload: Buffer.from(udp.subarray(8, udp.readUInt16BE(4))), atMs });
    at += 16 + length;
  }
  return packets;
}
