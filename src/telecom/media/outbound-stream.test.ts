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

function incoming(
  sequence: number,
  timestamp: number,
  { ssrc = 5, octets = 160 } = {},
): { packet: Buffer; view: RtpView } {
  const packet = Buffer.alloc(12 + octets);
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
    return sentAs(packet, stream.pass(packet, view, { source, payloadType: 8, units: 160, nowMs: n * 20 }));
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
    assert.equal(stream.pass(packet, view, { source, payloadType: 0, units: 160, nowMs: 0 }) >= 0, isSent);
  }
});

test("CSRCs of a packet are left behind: its payload goes out right after our header", () => {
  const stream = new OutboundStream(seededRandom("x"));
  const packet = Buffer.concat([Buffer.from([0x82, 0, 0, 1]), Buffer.alloc(16), Buffer.from([1, 2, 3])]);
  const view = makeRtpView();
  assert.ok(readRtp(packet, packet.length, view));
  const start = stream.pass(packet, view, { source: {}, payloadType: 0, units: 3, nowMs: 0 });
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

test("frames of our own begin where the last packet of the partner's ends, however much it holds", () => {
  for (const octets of [160, 240, 320, 480]) {
    const stream = new OutboundStream(seededRandom("x"));
    const { packet, view } = incoming(1, 5_000, { octets });
    const heard = sentAs(
      packet,
      stream.pass(packet, view, { source: {}, payloadType: 0, units: octets, nowMs: 0 }),
    );
    const own = { payloadType: 0, marker: false, octets: 160, nowMs: 20 };
    const next = stream.frame(Buffer.alloc(172), own);
    assert.equal(timestampDistance(next, heard.timestamp), octets);
    assert.equal(timestampDistance(stream.frame(Buffer.alloc(172), { ...own, nowMs: 40 }), next), 160);
  }
});

test("frames of our own begin after a telephone-event that was passed on, when it is over", () => {
  const stream = new OutboundStream(seededRandom("x"));
  const source = {};
  const sent = Array.from({ length: 8 }, (_, n) => {
    const { packet, view } = incoming(1 + n, 5_000, { octets: 4 });
    const units = Math.min(n + 1, 5) * 160;
    return sentAs(packet, stream.pass(packet, view, { source, payloadType: 101, units, nowMs: n * 20 }));
  });
  const next = stream.frame(Buffer.alloc(172), { payloadType: 0, marker: false, octets: 160, nowMs: 160 });
  assert.equal(timestampDistance(next, sent[0]?.timestamp ?? 0), 8 * 160, "at its own moment");
  assert.equal(stream.timestampAt(160), next);

  const short = new OutboundStream(seededRandom("x"));
  const { packet, view } = incoming(1, 5_000, { octets: 4 });
  const only = sentAs(packet, short.pass(packet, view, { source, payloadType: 101, units: 800, nowMs: 0 }));
  const after = short.frame(Buffer.alloc(172), { payloadType: 0, marker: false, octets: 160, nowMs: 20 });
  assert.equal(timestampDistance(after, only.timestamp), 800, "not under its end");
});

test("however sources take turns, sequence numbers go up by one and no timestamp lies under the packet before it", () => {
  const turn = fc.record({
    source: fc.constantFrom("own", "ann", "bob"),
    frames: fc.integer({ min: 1, max: 5 }),
    pauseMs: fc.integer({ min: 0, max: 700 }),
    packetMs: fc.constantFrom(10, 20, 30, 40, 60),
  });
  fc.assert(
    fc.property(
      fc.array(turn, { maxLength: 30 }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (turns, start) => {
        const stream = new OutboundStream(seededRandom(`turns ${start}`));
        const sources = {
          ann: { id: {}, ssrc: 1, sequence: start, timestamp: start * 160 },
          bob: { id: {}, ssrc: 2, sequence: start + 40_000, timestamp: start },
        };
        let nowMs = 0;
        let previous: RtpView | undefined;
        for (const { source, frames, pauseMs, packetMs } of turns) {
          nowMs += pauseMs;
          for (let n = 0; n < frames; n += 1) {
            nowMs += source === "own" ? 20 : packetMs;
            let sent: RtpView;
            if (source === "own") {
              const packet = Buffer.alloc(172);
              stream.frame(packet, { payloadType: 0, marker: false, octets: 160, nowMs });
              sent = sentAs(packet, 0);
            } else {
              const from = sources[source];
              const octets = packetMs * 8;
              const { packet, view } = incoming(++from.sequence, from.timestamp, { ssrc: from.ssrc, octets });
              from.timestamp += octets;
              const passed = { source: from.id, payloadType: 0, units: octets, nowMs };
              sent = sentAs(packet, stream.pass(packet, view, passed));
            }
            if (previous !== undefined) {
              assert.equal(sequenceDistance(sent.sequence, previous.sequence), 1);
              const gone = timestampDistance(sent.timestamp, previous.timestamp);
              assert.ok(gone >= previous.payloadEnd - previous.payloadStart, `${gone}`);
              assert.equal(sent.ssrc, previous.ssrc);
            }
            previous = sent;
          }
        }
      },
    ),
  );
});

test("a stream that becomes another has a new SSRC, counts anew, and begins where a rollover is far", () => {
  fc.assert(
    fc.property(fc.string(), (seed) => {
      const stream = new OutboundStream(seededRandom(seed));
      const packet = Buffer.alloc(172);
      const own = { payloadType: 0, marker: false, octets: 160 };
      stream.frame(packet, { ...own, nowMs: 0 });
      const first = sentAs(packet, 0);
      assert.ok(first.sequence <= 2 ** 15);
      stream.becomeAnother();
      assert.deepEqual([stream.packets, stream.octets, stream.allPackets], [0, 0, 1]);
      stream.frame(packet, { ...own, nowMs: 20 });
      const next = sentAs(packet, 0);
      assert.notEqual(next.ssrc, first.ssrc);
      assert.ok(next.sequence <= 2 ** 15);
      assert.equal(timestampDistance(next.timestamp, first.timestamp), 160, "time goes on");
      assert.equal(stream.allPackets, 2);
    }),
  );
});
