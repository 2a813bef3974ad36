/**
 * What a telephone of the flow bench says, as a capture file that sipp plays: G.711 mu-law in frames of 20 ms from beginning to
 * end, as telephones do, and one key press within it (RFC 4733). Addresses and ports in it mean nothing: sipp puts its own.
 */
export function phoneAudio(wish: {
  readonly seconds: number;
  /** `#`, from this moment on for 100 ms. */
  readonly poundAtMs?: number;
}): Buffer {
  const packets: Buffer[] = [];
  for (let frame = 0; frame < wish.seconds * 50; frame += 1) {
    const sincePoundMs = frame * frameMs - (wish.poundAtMs ?? Number.POSITIVE_INFINITY);
    const step = sincePoundMs / frameMs;
    const payload =
      step >= 0 && step < keyPackets
        ? { type: telephoneEvent, octets: poundKey(step), timestampFrame: frame - step }
        : { type: muLaw, octets: hum, timestampFrame: frame };
    packets.push(captured(frame, payload));
  }
  return Buffer.concat([fileHeader(), ...packets]);
}

const frameMs = 20;
const frameSamples = 160;
const muLaw = 0;
/** The platform offers this one, and the telephones' answers take it. */
const telephoneEvent = 101;
const pound = 11;
/** Five while the key is down, and the end of it three times (RFC 4733 2.5.1.4). */
const keyPackets = 7;
const hum = Buffer.alloc(frameSamples, 0xd5);

function poundKey(step: number): Buffer {
  const duration = Math.min(step + 1, 5) * frameSamples;
  const end = step >= 4 ? 0x80 : 0;
  return Buffer.from([pound, end | 10, duration >> 8, duration & 0xff]);
}

/** One packet with the headers of pcap, Ethernet, IP, UDP and RTP before it. */
function captured(
  frame: number,
  payload: { readonly type: number; readonly octets: Buffer; readonly timestampFrame: number },
): Buffer {
  const rtp = Buffer.alloc(12);
  rtp.writeUInt8(0x80, 0);
  rtp.writeUInt8(payload.type, 1);
  rtp.writeUInt16BE(frame & 0xffff, 2);
  rtp.writeUInt32BE(payload.timestampFrame * frameSamples, 4);
  rtp.writeUInt32BE(0x1234_5678, 8);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(8 + rtp.length + payload.octets.length, 4);
  const ip = Buffer.alloc(20);
  ip.writeUInt8(0x45, 0);
  ip.writeUInt16BE(ip.length + udp.length + rtp.length + payload.octets.length, 2);
  ip.writeUInt8(64, 8);
  ip.writeUInt8(17, 9);
  const ethernet = Buffer.alloc(14);
  ethernet.writeUInt16BE(0x0800, 12);
  const whole = Buffer.concat([ethernet, ip, udp, rtp, payload.octets]);
  const atMs = frame * frameMs;
  const record = Buffer.alloc(16);
  record.writeUInt32LE(Math.floor(atMs / 1000), 0);
  record.writeUInt32LE((atMs % 1000) * 1000, 4);
  record.writeUInt32LE(whole.length, 8);
  record.writeUInt32LE(whole.length, 12);
  return Buffer.concat([record, whole]);
}

/** pcap 2.4, little-endian, microseconds, Ethernet. */
function fileHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20);
  return header;
}
