import { seededRandom } from "#base/random.ts";
import { OutboundStream } from "./outbound-stream.ts";
import {
  makeRtpView,
  readRtp,
  type RtpView,
  sequenceDistance,
  timestampDistance,
  writeRtpHeader,
} from "./rtp.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

function incoming(sequence: number, timestamp: number, ssrc = 5): { packet: Buffer; view: RtpView } {
  const packet = Buffer.alloc(172);
  writeRtpHeader(packet, 0, {
    payloadType: 0,
    marker: false,
    sequence: sequence & 0xffff,
    timestamp: timestamp >>> 0,
    ssrc,
  });
  const view = makeRtpView();
  assert.ok(readRtp(packet, packet.length, view));
  return { packet, view };
}

function sentAs(packet: Buffer, start: number): RtpView {
  const view = makeRtpView();
  assert.ok(readRtp(packet.subarray(start), packet.length - start, view));
  return view;
}

test("packets that are passed on keep their distances, in one SSRC", () => {
  const stream = new OutboundStream(seededRandom("x"));
  const source = {};
  const sent = [10, 11, 13, 12].map((sequence, n) => {
    const { packet, view } = incoming(sequence, sequence * 160);
    return sentAs(packet, stream.pass(packet, view, { source, payloadType: 8, nowMs: n * 20 }));
  });
  const first = sent[0];
  assert.ok(first !== undefined);
  assert.deepEqual(
    sent.map(({ sequence }) => sequenceDistance(sequence, first.sequence)),
    [0, 1, 3, 2],
  );
  assert.deepEqual(
    sent.map(({ timestamp }) => timestampDistance(timestamp, first.timestamp)),
    [0, 160, 480, 320],
  );
  assert.ok(sent.every(({ ssrc, payloadType }) => ssrc === stream.ssrc && payloadType === 8));
  assert.deepEqual(
    sent.map(({ marker }) => marker),
    [true, false, false, false],
  );
});

test("a packet from before the change of source is not sent", () => {
  const stream = new OutboundStream(seededRandom("x"));
  const source = {};
  for (const [sequence, isSent] of [
    [10, true],
    [9, false],
    [11, true],
  ] as const) {
    const { packet, view } = incoming(sequence, sequence * 160);
    assert.equal(stream.pass(packet, view, { source, payloadType: 0, nowMs: 0 }) >= 0, isSent);
  }
});

test("CSRCs of a packet are left behind: its payload goes out right after our header", () => {
  const stream = new OutboundStream(seededRandom("x"));
  const packet = Buffer.concat([Buffer.from([0x82, 0, 0, 1]), Buffer.alloc(16), Buffer.from([1, 2, 3])]);
  const view = makeRtpView();
  assert.ok(readRtp(packet, packet.length, view));
  const start = stream.pass(packet, view, { source: {}, payloadType: 0, nowMs: 0 });
  const sent = sentAs(packet, start);
  assert.deepEqual([...packet.subarray(start + sent.payloadStart)], [1, 2, 3]);
});

test("a pause in what is sent is a pause in the timestamps", () => {
  const stream = new OutboundStream(seededRandom("x"));
  const packet = Buffer.alloc(172);
  const frame = { payloadType: 0, marker: false, octets: 160 };
  const first = stream.frame(packet, { ...frame, nowMs: 1_000 });
  const second = stream.frame(packet, { ...frame, nowMs: 1_020 });
  const late = stream.frame(packet, { ...frame, nowMs: 1_075 });
  const after = stream.frame(packet, { ...frame, nowMs: 3_075 });
  assert.deepEqual(
    [second, late, after].map((timestamp) => timestampDistance(timestamp, first)),
    [160, 320, 320 + 16_000],
  );
});

test("however sources take turns, sequence numbers go up by one and timestamps never back", () => {
  const turn = fc.record({
    source: fc.constantFrom("own", "ann", "bob"),
    frames: fc.integer({ min: 1, max: 5 }),
    pauseMs: fc.integer({ min: 0, max: 700 }),
  });
  fc.assert(
    fc.property(
      fc.array(turn, { maxLength: 30 }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (turns, start) => {
        const stream = new OutboundStream(seededRandom(`turns ${start}`));
        const sources = { ann: { id: {}, at: start }, bob: { id: {}, at: start + 40_000 } };
        let nowMs = 0;
        let previous: RtpView | undefined;
        for (const { source, frames, pauseMs } of turns) {
          nowMs += pauseMs;
          for (let n = 0; n < frames; n += 1) {
            nowMs += 20;
            let sent: RtpView;
            if (source === "own") {
              const packet = Buffer.alloc(172);
              stream.frame(packet, { payloadType: 0, marker: false, octets: 160, nowMs });
              sent = sentAs(packet, 0);
            } else {
              const from = sources[source];
              from.at += 1;
              const { packet, view } = incoming(from.at, from.at * 160, source === "ann" ? 1 : 2);
              sent = sentAs(packet, stream.pass(packet, view, { source: from.id, payloadType: 0, nowMs }));
            }
            if (previous !== undefined) {
              assert.equal(sequenceDistance(sent.sequence, previous.sequence), 1);
              assert.ok(timestampDistance(sent.timestamp, previous.timestamp) >= 160);
              assert.equal(sent.ssrc, previous.ssrc);
            }
            previous = sent;
          }
        }
      },
    ),
  );
});
