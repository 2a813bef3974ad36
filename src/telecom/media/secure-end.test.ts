import { randomBytes } from "node:crypto";
import type { CryptoAttribute } from "../sdp/crypto-attribute.ts";
import { keyMaterialLength } from "./srtp/crypto-suite.ts";
import { SecureEnd } from "./secure-end.ts";
import { SrtpReceiver } from "./srtp/srtp-receiver.ts";
import { longestSrtpTrailer, SrtpSender } from "./srtp/srtp-sender.ts";
import assert from "node:assert/strict";
import { test } from "node:test";

const suite = "AES_CM_128_HMAC_SHA1_80";

function key(): CryptoAttribute {
  return { tag: 1, suite, material: randomBytes(keyMaterialLength) };
}

function rtp(sequence: number, ssrc = 7): Buffer {
  const packet = Buffer.alloc(32, sequence);
  packet.writeUInt16BE(0x8000, 0);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE(ssrc, 8);
  return packet;
}

function protect(sender: SrtpSender, sequence: number): Buffer {
  const packet = Buffer.concat([rtp(sequence), Buffer.alloc(longestSrtpTrailer)]);
  const length = sender.rtp(packet, 32);
  assert.ok(length > 0);
  return packet.subarray(0, length);
}

function opens(end: SecureEnd, wire: Buffer): boolean {
  return end.openRtp(Buffer.from(wire), wire.length) >= 0;
}

const onceRound = [65_000, 65_500, 100, 200];

test("over a change of their key the rollover counter may go on, or begin at zero", () => {
  for (const goesOn of [true, false]) {
    const end = new SecureEnd();
    const [ours, first, second] = [key(), key(), key()];
    end.agreed({ ours, theirs: first });
    const sender = new SrtpSender(suite, first.material);
    for (const sequence of onceRound) assert.ok(opens(end, protect(sender, sequence)));
    end.agreed({ ours: key(), theirs: second });
    const next = new SrtpSender(suite, second.material);
    // A sender that goes on has been round once under its new key as well.
    if (goesOn) for (const sequence of onceRound) protect(next, sequence);
    for (const sequence of [300, 301, 500]) assert.ok(opens(end, protect(next, sequence)), `${goesOn}`);
    assert.ok(!opens(end, protect(sender, 302)), "the old key is over");
  }
});

test("a key of ours that is agreed on again goes on where it was; a new one asks for another source", () => {
  const end = new SecureEnd();
  const [early, final] = [key(), key()];
  const [ann, bob] = [key(), key()];
  assert.ok(!end.agreed({ ours: early, theirs: ann }), "the first");
  const sends = (sequence: number): number => end.protectRtp(rtp(sequence), { start: 0, end: 32 });
  assert.ok(sends(1) > 0);
  assert.ok(!end.agreed({ ours: { ...early, tag: 4 }, theirs: bob }));
  assert.equal(sends(1), -1, "nothing twice under one key");
  assert.ok(end.agreed({ ours: final, theirs: bob }));
  assert.ok(sends(2) > 0);
  assert.ok(!end.agreed({ ours: early, theirs: ann }));
  assert.equal(sends(1), -1);
});

test("what was protected stands until the fourth packet after it", () => {
  const end = new SecureEnd();
  const ours = key();
  end.agreed({ ours, theirs: key() });
  const sent = [1, 2, 3, 4].map((sequence) => {
    const length = end.protectRtp(Buffer.concat([Buffer.alloc(5), rtp(sequence)]), { start: 5, end: 37 });
    return end.protected.subarray(0, length);
  });
  const receiver = new SrtpReceiver(suite, ours.material);
  for (const [at, packet] of sent.entries()) {
    assert.equal(receiver.rtp(packet, packet.length), 32);
    assert.deepEqual(packet.subarray(0, 32), rtp(at + 1));
  }
});
