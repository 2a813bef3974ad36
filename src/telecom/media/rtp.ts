/**
 * RTP packets (RFC 3550 5.1), read and written in place: a packet that is passed on keeps its buffer, and its new header
 * is written right before its payload.
 */

export const rtpHeaderLength = 12;
/** More than an Ethernet frame carries is no G.711 of anybody's. */
export const longestRtpPacket = 1_500;

/** Where the parts of one packet lie. One object is reused for all packets: copy what must outlive the next `readRtp`. */
export interface RtpView {
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payloadStart: number;
  payloadEnd: number;
}

export function makeRtpView(): RtpView {
  return {
    payloadType: 0,
    marker: false,
    sequence: 0,
    timestamp: 0,
    ssrc: 0,
    payloadStart: 0,
    payloadEnd: 0,
  };
}

/**
 * Reads the header of `packet[0..length)` into `view`, past CSRCs, extension and padding.
 * @returns false, with `view` in no particular state, when the octets are no RTP packet.
 */
export function readRtp(packet: Buffer, length: number, view: RtpView): boolean {
  if (length < rtpHeaderLength || length > longestRtpPacket || length > packet.length) return false;
  const first = octet(packet, 0);
  if (first >> 6 !== 2) return false;
  const second = octet(packet, 1);
  // RFC 5761 4: payload types 64-95 with the marker bit are RTCP packets that came to the wrong port.
  if (second >= 192 && second <= 223) return false;

  let start = rtpHeaderLength + (first & 0x0f) * 4;
  if ((first & 0x10) !== 0) {
    if (start + 4 > length) return false;
    start += 4 + ((octet(packet, start + 2) << 8) | octet(packet, start + 3)) * 4;
  }
  let end = length;
  if ((first & 0x20) !== 0) {
    const padding = octet(packet, length - 1);
    if (padding === 0) return false;
    end -= padding;
  }
  if (start > end) return false;

  view.payloadType = second & 0x7f;
  view.marker = (second & 0x80) !== 0;
  view.sequence = (octet(packet, 2) << 8) | octet(packet, 3);
  view.timestamp = word(packet, 4);
  view.ssrc = word(packet, 8);
  view.payloadStart = start;
  view.payloadEnd = end;
  return true;
}

export interface RtpHeader {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
}

/** Writes a header of 12 octets (no CSRC, extension or padding) at `at`. */
export function writeRtpHeader(packet: Buffer, at: number, header: RtpHeader): void {
  packet[at] = 0x80;
  packet[at + 1] = (header.marker ? 0x80 : 0) | header.payloadType;
  packet[at + 2] = header.sequence >>> 8;
  packet[at + 3] = header.sequence;
  writeWord(packet, at + 4, header.timestamp);
  writeWord(packet, at + 8, header.ssrc);
}

/** How far `later` is after `earlier` in a 16-bit circle: negative when it is before. */
export function sequenceDistance(later: number, earlier: number): number {
  return ((later - earlier) << 16) >> 16;
}

/** The same for 32-bit timestamps. */
export function timestampDistance(later: number, earlier: number): number {
  return (later - earlier) | 0;
}

// Bounds are checked by the callers; `?? 0` only tells the compiler so.
export function octet(packet: Buffer, at: number): number {
  return packet[at] ?? 0;
}

export function word(packet: Buffer, at: number): number {
  return (
    ((octet(packet, at) << 24) |
      (octet(packet, at + 1) << 16) |
      (octet(packet, at + 2) << 8) |
      octet(packet, at + 3)) >>>
    0
  );
}

export function writeWord(packet: Buffer, at: number, value: number): void {
  packet[at] = value >>> 24;
  packet[at + 1] = value >>> 16;
  packet[at + 2] = value >>> 8;
  packet[at + 3] = value;
}
