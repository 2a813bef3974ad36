import { VirtualClock } from "#base/clock.ts";
import type { BridgeId, LegId } from "#base/ids.ts";
import { seededRandom } from "#base/random.ts";
import type { MediaEvent } from "./media-engine.ts";
import { MediaNode } from "./media-node.ts";
import { rtpHeaderLength, writeRtpHeader } from "./rtp.ts";
import type { Endpoint, Receive, RtpSockets } from "./rtp-sockets.ts";
import { eventOf, telephoneEventLength, writeTelephoneEvent } from "./telephone-event.ts";
import assert from "node:assert/strict";
import { test } from "node:test";

const user = "call.user" as LegId;
const center = "call.center" as LegId;
const usersPhone = 30_000;
const centersPhone = 30_002;
const address = "127.0.0.1";

interface Sent {
  readonly packet: Buffer;
  readonly to: Endpoint;
}

/** Sockets on paper: what is sent is kept, and what comes is handed in. A send to a port that is `broken` throws. */
function paperSockets() {
  const receivers = new Map<number, Receive>();
  const sent: Sent[] = [];
  const broken = new Set<number>();
  const sockets: RtpSockets = {
    kind: "dgram",
    async bind({ port, receive }) {
      receivers.set(port, receive);
      return {
        port,
        send(packet, { start, end }, to) {
          if (broken.has(to.port)) throw new Error("a bug");
          sent.push({ packet: Buffer.from(packet.subarray(start, end)), to: { ...to } });
        },
        close: async () => void receivers.delete(port),
      };
    },
    close: () => {},
  };
  return { sockets, receivers, sent, broken };
}

/** Two phones in a bridge that keeps the center's digits from the visitor, on clocks that stand still. */
async function bridged() {
  const clock = new VirtualClock();
  const wall = { nowMs: Date.UTC(2026, 0, 5, 12) };
  const paper = paperSockets();
  const events: MediaEvent[] = [];
  const bugs: LegId[] = [];
  const node = new MediaNode({
    portRange: { first: 20_000, last: 20_999 },
    mediaTimeoutMs: 60_000,
    clock,
    wallClock: { now: () => wall.nowMs },
    random: seededRandom("node"),
    sockets: paper.sockets,
    emit: (event) => events.push(event),
    bug: (termination) => bugs.push(termination),
  });
  const answer = async (termination: LegId, port: number): Promise<number> => {
    await node.createTermination({ termination, address, codecs: ["PCMU"], transport: "rtp" });
    const sdp = node.createAnswer(termination, describes(port), undefined);
    return Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
  };
  await answer(user, usersPhone);
  const centersPort = await answer(center, centersPhone);
  node.join({ bridge: "bridge" as BridgeId, terminations: [user, center], blockDigitsFrom: [center] });

  let sequence = 0;
  let timestamp = 0;
  const send = (payloadType: number, payload: Buffer): void => {
    const packet = Buffer.concat([Buffer.alloc(rtpHeaderLength), payload]);
    sequence += 1;
    writeRtpHeader(packet, 0, { payloadType, marker: false, sequence, timestamp, ssrc: 9 });
    paper.receivers.get(centersPort)?.(packet, packet.length, { address, port: centersPhone });
  };
  return {
    ...paper,
    node,
    clock,
    wall,
    events,
    bugs,
    answer,
    /** 20 ms of the center's phone, and of time. */
    async talks(frames: number): Promise<void> {
      for (let n = 0; n < frames; n += 1) {
        await clock.advance(20);
        wall.nowMs += 20;
        timestamp += 160;
        send(0, Buffer.alloc(160, 0x42));
      }
    },
    presses(): void {
      const payload = Buffer.alloc(telephoneEventLength);
      writeTelephoneEvent(payload, 0, { event: eventOf("1"), end: true, duration: 800 });
      send(101, payload);
    },
    /** How many of its frames the other phone heard. */
    passed: () => paper.sent.filter(({ packet, to }) => to.port === usersPhone && packet[12] === 0x42).length,
  };
}

function describes(port: number): string {
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=audio ${port} RTP/AVP 0 101`,
    "a=rtpmap:101 telephone-event/8000",
    "",
  ].join("\r\n");
}

test("a wall clock that is set, either way, mutes nobody and ends no call", async () => {
  const { wall, events, talks, presses, passed, node } = await bridged();
  await talks(10);
  presses();
  wall.nowMs -= 5_000;
  // What follows the key within 40 ms is its tone, perhaps.
  await talks(3);
  const before = passed();
  await talks(50);
  assert.equal(passed() - before, 50);
  wall.nowMs += 3_600_000;
  await talks(50);
  assert.equal(passed() - before, 100);
  assert.deepEqual(
    events.filter(({ type }) => type === "mediaTimeout"),
    [],
  );
  await node.close();
});

test("events and sender reports tell wall time", async () => {
  const { wall, events, sent, talks, presses, node } = await bridged();
  await talks(1);
  wall.nowMs += 3_600_000;
  presses();
  const key = events.find((event) => event.type === "dtmf");
  assert.equal(key?.atMs, wall.nowMs);
  await node.release(user);
  const report = sent.find(({ to }) => to.port === usersPhone + 1)?.packet;
  assert.equal(report?.readUInt8(1), 200);
  // RFC 3550 4: seconds since 1900.
  assert.equal(report.readUInt32BE(8), Math.floor(wall.nowMs / 1_000) + 2_208_988_800);
  await node.close();
});

test("a bug costs the leg that it meets, and no other", async () => {
  const { node, clock, broken, events, bugs, answer, receivers } = await bridged();
  const [other, others] = ["other" as LegId, 30_004];
  await answer(other, others);
  const bound = receivers.size;
  broken.add(others);
  await clock.advance(20);
  await clock.advance(20);
  assert.deepEqual(bugs, [other]);
  assert.deepEqual(
    events.flatMap(({ type, termination }) => (type === "standing" ? [] : [`${type} ${termination}`])),
    ["nodeLost other"],
  );
  assert.deepEqual(node.audit().terminations, [user, center]);
  assert.equal(receivers.size, bound - 2, "its ports are free");
  await node.release(other);
  await node.close();
  assert.equal(clock.waiting, 0);
});

test("a bug in what a packet leads to ends the leg that heard it, not the thread", async () => {
  const { node, broken, talks, events, bugs } = await bridged();
  await talks(1);
  broken.add(usersPhone);
  await talks(1);
  assert.ok(bugs.includes(center));
  assert.ok(events.some(({ type, termination }) => type === "nodeLost" && termination === center));
  assert.deepEqual(node.audit().bridges, []);
  // The other one falls silent to nobody's harm, or meets the same bug by itself.
  await talks(2);
  broken.clear();
  await node.close();
});

test("a goodbye that fails keeps no port", async () => {
  const { node, broken, receivers, bugs } = await bridged();
  broken.add(usersPhone + 1);
  await node.release(user);
  assert.deepEqual(bugs, [user]);
  assert.equal(receivers.size, 2);
  await node.close();
  assert.equal(receivers.size, 0);
});
