import { InboundStream } from "./inbound-stream.ts";
import { longestRtcpPacket, readRtcp, writeRtcp } from "./rtcp.ts";
import { makeRtpView } from "./rtp.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

const wallMs = Date.UTC(2026, 0, 5, 12);
/** By another clock than the wall's. */
const nowMs = 5_000;

test("a compound packet holds a sender report, its CNAME and, at the end, BYE", () => {
  const packet = Buffer.alloc(longestRtcpPacket);
  const length = writeRtcp(packet, {
    ssrc: 0xaabbccdd,
    canonicalName: "abc@tandem",
    sent: { timestamp: 1_600, packets: 10, octets: 1_600 },
    heard: { ssrc: 0x11223344, fractionLost: 64, lost: 5, highestSequence: 0x1_0007, jitter: 20 },
    lastSenderReport: { ntp: 0x12345678, atMs: nowMs - 1_000 },
    nowMs,
    wallMs,
    leaving: true,
  });
  const told = packet.subarray(0, length);
  assert.equal(told.toString("hex", 0, 8), "81c8000caabbccdd");
  // 1 January 1900 to the moment above, in seconds.
  assert.equal(told.readUInt32BE(8), 2_208_988_800 + wallMs / 1_000);
  assert.equal(told.readUInt32BE(28), 0x11223344);
  assert.equal(told.readUInt32BE(32), (64 << 24) | 5);
  assert.equal(told.readUInt32BE(48), 65_536, "DLSR is one second");
  const description = told.subarray(52);
  assert.equal(description.readUInt8(1), 202);
  assert.equal(description.toString("latin1", 10, 20), "abc@tandem");
  assert.equal(told.toString("hex", length - 8), "81cb0001aabbccdd");
  assert.deepEqual(readRtcp(told, length), {
    senderReport: { ssrc: 0xaabbccdd, ntp: told.readUIntBE(10, 4) },
    left: true,
  });
});

test("who has sent and heard nothing writes an empty receiver report", () => {
  const packet = Buffer.alloc(longestRtcpPacket);
  const length = writeRtcp(packet, {
    ssrc: 1,
    canonicalName: "x",
    sent: undefined,
    heard: undefined,
    lastSenderReport: undefined,
    nowMs,
    wallMs,
    leaving: false,
  });
  assert.equal(packet.toString("hex", 0, 8), "80c9000100000001");
  assert.deepEqual(readRtcp(packet, length), { senderReport: undefined, left: false });
});

test("any octets are read or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (octets, looksRight) => {
      const packet = Buffer.from(octets);
      if (looksRight && packet.length > 3) packet.writeUInt16BE(0x80c8, 0);
      readRtcp(packet, packet.length);
    }),
  );
});

test("loss, its fraction and a wrapped sequence are counted as RFC 3550 A.3 says", () => {
  const stream = new InboundStream();
  const view = { ...makeRtpView(), ssrc: 7 };
  for (let n = 0; n < 100; n += 1) {
    if (n % 4 === 3) continue;
    stream.packet({ ...view, sequence: (65_500 + n) & 0xffff, timestamp: n * 160 }, nowMs + n * 20, true);
  }
  const report = stream.report();
  // 75 of 99: the hundredth is lost too, and cannot be missed before another comes.
  assert.equal(report?.lost, 24);
  assert.equal(report?.highestSequence, 65_500 + 98);
  assert.equal(report?.fractionLost, Math.floor((24 * 256) / 99));
  assert.equal(stream.report()?.fractionLost, 0, "since the last report");
  assert.equal(stream.jitterMs, 0);
});

test("jitter is RFC 3550 A.8's: a 16th of each change", () => {
  const stream = new InboundStream();
  const view = { ...makeRtpView(), ssrc: 7 };
  stream.packet({ ...view, sequence: 1, timestamp: 0 }, nowMs, true);
  stream.packet({ ...view, sequence: 2, timestamp: 160 }, nowMs + 20 + 16, true);
  assert.equal(stream.jitterMs, 1);
});

test("a stream with another SSRC begins anew, and what was lost stays lost", () => {
  const stream = new InboundStream();
  for (const sequence of [1, 4]) stream.packet({ ...makeRtpView(), ssrc: 7, sequence }, nowMs, true);
  stream.packet({ ...makeRtpView(), ssrc: 8, sequence: 30_000 }, nowMs, true);
  assert.equal(stream.lost, 2);
  assert.equal(stream.report()?.lost, 0, "a report is of one source");
  assert.equal(stream.packets, 3);
});
