import {
  makeRtpView,
  readRtp,
  rtpHeaderLength,
  sequenceDistance,
  timestampDistance,
  writeRtpHeader,
} from "./rtp.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

const header = fc.record({
  payloadType: fc.integer({ min: 0, max: 63 }),
  marker: fc.boolean(),
  sequence: fc.integer({ min: 0, max: 0xffff }),
  timestamp: fc.integer({ min: 0, max: 0xffff_ffff }),
  ssrc: fc.integer({ min: 0, max: 0xffff_ffff }),
});

test("what is written is read", () => {
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 200 }), (written, payload) => {
      const packet = Buffer.concat([Buffer.alloc(rtpHeaderLength), payload]);
      writeRtpHeader(packet, 0, written);
      const view = makeRtpView();
      assert.ok(readRtp(packet, packet.length, view));
      assert.deepEqual(view, { ...written, payloadStart: rtpHeaderLength, payloadEnd: packet.length });
    }),
  );
});

test("CSRCs, extension and padding are no payload", () => {
  const payload = [1, 2, 3];
  const packet = Buffer.from([
    ...[0xb2, 0x00, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],
    ...[9, 9, 9, 9, 8, 8, 8, 8],
    ...[0xbe, 0xde, 0, 1, 7, 7, 7, 7],
    ...payload,
    ...[0, 2],
  ]);
  const view = makeRtpView();
  assert.ok(readRtp(packet, packet.length, view));
  assert.deepEqual([...packet.subarray(view.payloadStart, view.payloadEnd)], payload);
});

test("octets that are no RTP are refused, and none is read beyond the end", () => {
  const refused: [string, number[]][] = [
    ["too short", [0x80, 0, 0, 0]],
    ["version 1", [0x40, ...Array(11).fill(0)]],
    ["an RTCP sender report", [0x80, 200, ...Array(10).fill(0)]],
    ["CSRCs beyond the end", [0x8f, 0, ...Array(10).fill(0)]],
    ["an extension without a header", [0x90, 0, ...Array(10).fill(0)]],
    ["an extension beyond the end", [0x90, 0, ...Array(10).fill(0), 0, 0, 0xff, 0xff]],
    ["padding longer than the packet", [0xa0, 0, ...Array(10).fill(0), 200]],
    ["padding of no octets", [0xa0, 0, ...Array(10).fill(0), 0]],
    ["longer than a frame", [0x80, ...Array(1_500).fill(0)]],
  ];
  for (const [why, octets] of refused) {
    assert.equal(readRtp(Buffer.from(octets), octets.length, makeRtpView()), false, why);
  }
});

test("any octets are read or refused, within their bounds", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_600 }), (octets) => {
      const packet = Buffer.from(octets);
      const view = makeRtpView();
      if (!readRtp(packet, packet.length, view)) return;
      assert.ok(view.payloadStart >= rtpHeaderLength);
      assert.ok(view.payloadStart <= view.payloadEnd && view.payloadEnd <= packet.length);
    }),
  );
});

test("numbers go round", () => {
  assert.equal(sequenceDistance(2, 0xffff), 3);
  assert.equal(sequenceDistance(0xffff, 2), -3);
  assert.equal(timestampDistance(100, 0xffff_ffff), 101);
});
