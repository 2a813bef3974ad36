import type { ReceptionReport } from "./inbound-stream.ts";
import { octet, word, writeWord } from "./rtp.ts";

/** RTCP (RFC 3550 6): compound packets of ours, and what we want to know of others'. */

const senderReport = 200;
const receiverReport = 201;
const sourceDescription = 202;
const goodbye = 203;
/** 1 January 1900 to 1 January 1970, in seconds. */
const ntpEpochSeconds = 2_208_988_800;

/** Room that any compound packet of ours needs. */
export const longestRtcpPacket = 256;

export interface RtcpWish {
  readonly ssrc: number;
  /** RFC 3550 6.5.1. At most 64 octets. */
  readonly canonicalName: string;
  /** Present when we have sent RTP since the last but one report: a sender report is written, else a receiver report. */
  readonly sent:
    | { readonly timestamp: number; readonly packets: number; readonly octets: number }
    | undefined;
  readonly heard: ReceptionReport | undefined;
  /** Of the far end's last sender report. `atMs` and `nowMs` are of one clock, whichever. */
  readonly lastSenderReport: { readonly ntp: number; readonly atMs: number } | undefined;
  readonly nowMs: number;
  readonly wallMs: number;
  /** True for the last packet of a stream. */
  readonly leaving: boolean;
}

/** Writes a compound packet (report, SDES with CNAME, BYE at the end) to the start of `packet`; returns its length. */
export function writeRtcp(packet: Buffer, wish: RtcpWish): number {
  let at = writeReport(packet, wish);
  at = writeSourceDescription(packet, at, wish);
  return wish.leaving ? writeGoodbye(packet, at, wish.ssrc) : at;
}

function writeReport(packet: Buffer, wish: RtcpWish): number {
  const { ssrc, sent, heard, lastSenderReport, nowMs, wallMs } = wish;
  let at = 8;
  if (sent !== undefined) {
    writeWord(packet, at, Math.floor(wallMs / 1_000) + ntpEpochSeconds);
    writeWord(packet, at + 4, Math.floor(((wallMs % 1_000) / 1_000) * 2 ** 32));
    writeWord(packet, at + 8, sent.timestamp);
    writeWord(packet, at + 12, sent.packets);
    writeWord(packet, at + 16, sent.octets);
    at += 20;
  }
  if (heard !== undefined) {
    writeWord(packet, at, heard.ssrc);
    writeWord(packet, at + 4, ((heard.fractionLost << 24) | (heard.lost & 0xffffff)) >>> 0);
    writeWord(packet, at + 8, heard.highestSequence);
    writeWord(packet, at + 12, heard.jitter);
    writeWord(packet, at + 16, lastSenderReport?.ntp ?? 0);
    // RFC 3550 6.4.1: DLSR in 65536ths of a second.
    const delayMs = lastSenderReport === undefined ? 0 : nowMs - lastSenderReport.atMs;
    writeWord(packet, at + 20, Math.round(delayMs * 65.536));
    at += 24;
  }
  writeCommonHeader(packet, {
    at: 0,
    count: heard === undefined ? 0 : 1,
    type: sent === undefined ? receiverReport : senderReport,
    length: at,
  });
  writeWord(packet, 4, ssrc);
  return at;
}

function writeSourceDescription(packet: Buffer, start: number, { ssrc, canonicalName }: RtcpWish): number {
  writeWord(packet, start + 4, ssrc);
  packet[start + 8] = 1; // CNAME
  const length = packet.write(canonicalName.slice(0, 64), start + 10, "latin1");
  packet[start + 9] = length;
  // A chunk ends with at least one null octet, at a boundary of 32 bits.
  const end = start + 8 + Math.ceil((2 + length + 1) / 4) * 4;
  packet.fill(0, start + 10 + length, end);
  writeCommonHeader(packet, { at: start, count: 1, type: sourceDescription, length: end - start });
  return end;
}

function writeGoodbye(packet: Buffer, start: number, ssrc: number): number {
  writeWord(packet, start + 4, ssrc);
  writeCommonHeader(packet, { at: start, count: 1, type: goodbye, length: 8 });
  return start + 8;
}

function writeCommonHeader(
  packet: Buffer,
  { at, count, type, length }: { at: number; count: number; type: number; length: number },
): void {
  packet[at] = 0x80 | count;
  packet[at + 1] = type;
  packet[at + 2] = (length / 4 - 1) >>> 8;
  packet[at + 3] = length / 4 - 1;
}

/** What a compound packet tells us. */
export interface RtcpNews {
  /** NTP time of each sender report, its middle 32 bits, and whose it is. */
  readonly senderReport: { readonly ssrc: number; readonly ntp: number } | undefined;
  readonly left: boolean;
}

/** Reads `packet[0..length)`; undefined when it is no compound packet (RFC 3550 A.2). Unknown parts are passed over. */
export function readRtcp(packet: Buffer, length: number): RtcpNews | undefined {
  if (length < 8 || length > 1_500 || length > packet.length || length % 4 !== 0) return undefined;
  const firstType = octet(packet, 1);
  if (octet(packet, 0) >> 6 !== 2 || (firstType !== senderReport && firstType !== receiverReport))
    return undefined;

  let news: { senderReport: RtcpNews["senderReport"]; left: boolean } = {
    senderReport: undefined,
    left: false,
  };
  for (let at = 0; at < length; ) {
    const size = at + 4 <= length ? ((octet(packet, at + 2) << 8) | octet(packet, at + 3)) * 4 + 4 : 0;
    if (size === 0 || at + size > length || octet(packet, at) >> 6 !== 2) return undefined;
    const type = octet(packet, at + 1);
    if (type === senderReport && size >= 28) {
      const ntp = (((word(packet, at + 8) & 0xffff) << 16) | (word(packet, at + 12) >>> 16)) >>> 0;
      news = { ...news, senderReport: { ssrc: word(packet, at + 4), ntp } };
    } else if (type === goodbye) news = { ...news, left: true };
    at += size;
  }
  return news;
}
