import { seededRandom } from "#base/random.ts";
import { linearToMuLaw } from "#telecom/media/g711.ts";
import { Stranger, strangersAddress } from "./stranger.ts";

/** What is injected: no telephone of the test says it. */
export const injectedHz = 1_500;
const burst = 40;

/**
 * Junk, sound RTP with a tone, keys (RFC 4733) and forged RTCP (SR, BYE) to every port of the range, from another address and
 * from another port of the telephones' own address.
 */
export async function injectMedia(wish: {
  readonly firstPort: number;
  readonly lastPort: number;
  readonly rounds: number;
}): Promise<{ sent: number }> {
  const strangers = [await Stranger.open(strangersAddress(3, 0)), await Stranger.open("127.0.0.1")];
  const random = seededRandom("media");
  let sent = 0;
  for (let round = 0; round < wish.rounds; round++) {
    for (let port = wish.firstPort; port <= wish.lastPort; port++) {
      for (const stranger of strangers) {
        for (const octets of packetsFor(port, round, random)) stranger.send(octets, port);
        sent += 4;
      }
      if ((sent / 4) % burst === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  for (const stranger of strangers) stranger.close();
  return { sent };
}

function packetsFor(port: number, round: number, random: ReturnType<typeof seededRandom>): readonly Buffer[] {
  const junk = Buffer.from(random.bytes(random.integer(400)));
  const ssrc = 0x0badcafe + (round % 5);
  const key = Buffer.from([11, 0x8a, 0x03, 0x20]);
  // RFC 3550 6.4.1, 6.6: a sender report and BYE of that source, and BYE alone.
  const report = Buffer.alloc(28);
  report.set([0x80, 200, 0, 6]);
  report.writeUInt32BE(ssrc, 4);
  const bye = Buffer.from([0x81, 203, 0, 1, ...report.subarray(4, 8)]);
  return port % 2 === 0
    ? [
        junk,
        rtp(0, round, ssrc, tone(round)),
        rtp(101, round, ssrc, key),
        rtp(8, round, ssrc, junk.subarray(0, 160)),
      ]
    : [junk, bye, Buffer.concat([report, bye]), report];
}

function rtp(payloadType: number, sequence: number, ssrc: number, payload: Uint8Array): Buffer {
  const packet = Buffer.alloc(12 + payload.length);
  packet.set([0x80, payloadType]);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE((sequence * 160) >>> 0, 4);
  packet.writeUInt32BE(ssrc, 8);
  packet.set(payload, 12);
  return packet;
}

function tone(round: number): Uint8Array {
  return Uint8Array.from({ length: 160 }, (_, at) =>
    linearToMuLaw(12_000 * Math.sin((2 * Math.PI * injectedHz * (round * 160 + at)) / 8_000)),
  );
}
