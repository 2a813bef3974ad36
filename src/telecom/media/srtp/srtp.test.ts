import { type CryptoSuite, cryptoSuites, deriveSessionKeys, keyMaterialLength } from "./crypto-suite.ts";
import { PacketCipher } from "./packet-cipher.ts";
import { SrtpReceiver } from "./srtp-receiver.ts";
import { longestSrtpTrailer, SrtpSender } from "./srtp-sender.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

const material = Buffer.from("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6", "hex");

test("session keys are those of RFC 3711 B.3", () => {
  const { cipherKey, salt, authenticationKey } = deriveSessionKeys(material, "srtp");
  assert.equal(cipherKey.toString("hex"), "c61e7a93744f39ee10734afe3ff7a087");
  assert.equal(salt.toString("hex"), "30cbbc08863d8c85d49db34a9ae1");
  assert.equal(authenticationKey.toString("hex"), "cebe321f6ff7716b6fd4ab49af256a156d38baa4");
});

test("the keystream is that of RFC 3711 B.2", () => {
  const cipher = new PacketCipher({
    cipherKey: Buffer.from("2b7e151628aed2a6abf7158809cf4f3c", "hex"),
    authenticationKey: Buffer.alloc(20),
    salt: Buffer.from("f0f1f2f3f4f5f6f7f8f9fafbfcfd", "hex"),
  });
  const packet = Buffer.alloc(48);
  cipher.apply(packet, { start: 0, end: 48 }, 0, 0);
  assert.equal(
    packet.toString("hex"),
    "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0",
  );
});

test("a whole packet is what another implementation makes of it", () => {
  const plain = `800f1234decafbadcafebabe${"ab".repeat(16)}`;
  const packet = Buffer.concat([Buffer.from(plain, "hex"), Buffer.alloc(longestSrtpTrailer)]);
  const length = new SrtpSender("AES_CM_128_HMAC_SHA1_80", material).rtp(packet, 28);
  const secret = packet.toString("hex", 0, length);
  // The reference packet of libsrtp's own validation.
  assert.equal(secret, "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
});

const suites = fc.constantFrom<CryptoSuite>(...cryptoSuites);
const keys = fc.uint8Array({ minLength: keyMaterialLength, maxLength: keyMaterialLength });
const payloads = fc.uint8Array({ minLength: 0, maxLength: 400 });

function rtp(sequence: number, payload: Uint8Array, ssrc = 7): Buffer {
  const packet = Buffer.alloc(12 + payload.length);
  packet.writeUInt16BE(0x8000, 0);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE(ssrc, 8);
  packet.set(payload, 12);
  return packet;
}

/** What goes over the wire; undefined when the sender refuses to send it. */
function protect(sender: SrtpSender, plain: Buffer, kind: "rtp" | "rtcp" = "rtp"): Buffer | undefined {
  const packet = Buffer.concat([plain, Buffer.alloc(longestSrtpTrailer)]);
  const length = sender[kind](packet, plain.length);
  return length < 0 ? undefined : packet.subarray(0, length);
}

function open(receiver: SrtpReceiver, wire: Buffer, kind: "rtp" | "rtcp" = "rtp"): Buffer | undefined {
  const packet = Buffer.from(wire);
  const length = receiver[kind](packet, packet.length);
  return length < 0 ? undefined : packet.subarray(0, length);
}

for (const kind of ["rtp", "rtcp"] as const) {
  test(`${kind}: what was protected is opened once, with one bit changed never, and replayed never`, () => {
    fc.assert(
      fc.property(suites, keys, payloads, fc.nat(), (suite, key, payload, flip) => {
        const sender = new SrtpSender(suite, key);
        const receiver = new SrtpReceiver(suite, key);
        const plain = rtp(500, payload);
        const wire = protect(sender, plain, kind);
        assert.ok(wire !== undefined);
        const bit = flip % (wire.length * 8);
        const spoiled = Buffer.from(wire);
        spoiled.writeUInt8(spoiled.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        assert.equal(open(receiver, spoiled, kind), undefined);
        assert.deepEqual(open(receiver, wire, kind), plain);
        assert.equal(open(receiver, wire, kind), undefined);
      }),
    );
  });

  test(`${kind}: octets of a stranger's are refused, whatever they are`, () => {
    const receiver = new SrtpReceiver("AES_CM_128_HMAC_SHA1_32", material);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_600 }), (octets) => {
        assert.equal(open(receiver, Buffer.from(octets), kind), undefined);
      }),
    );
  });
}

test("loss and reordering across the wrap of sequence numbers cost nothing but what was lost", () => {
  const steps = fc.array(fc.record({ lost: fc.boolean(), late: fc.nat(20) }), {
    minLength: 200,
    maxLength: 300,
  });
  fc.assert(
    fc.property(suites, fc.integer({ min: 65_400, max: 65_535 }), steps, (suite, first, fates) => {
      const sender = new SrtpSender(suite, material);
      const receiver = new SrtpReceiver(suite, material);
      const onTheWay = fates.map(({ lost, late }, at) => {
        const plain = rtp(first + at, Buffer.from([at]));
        // RFC 3711 3.3.1: who hears a stream's beginning after its first wrap cannot know of it.
        const begins = at === 0;
        return {
          plain,
          wire: protect(sender, plain),
          lost: lost && !begins,
          arrives: begins ? 0 : at + late,
        };
      });
      for (const { plain, wire, lost } of onTheWay.toSorted((one, other) => one.arrives - other.arrives)) {
        assert.ok(wire !== undefined);
        if (!lost) assert.deepEqual(open(receiver, wire), plain);
      }
    }),
    { numRuns: 30 },
  );
});

test("a sender puts no second packet under one index", () => {
  const sender = new SrtpSender("AES_CM_128_HMAC_SHA1_80", material);
  assert.ok(protect(sender, rtp(9, Buffer.from([1]))) !== undefined);
  assert.equal(protect(sender, rtp(9, Buffer.from([2]))), undefined);
  assert.ok(
    protect(sender, rtp(8, Buffer.from([3]))) !== undefined,
    "a packet that was late is no second one",
  );
});

test("who has the key and changes its SSRC without end is not remembered without end", () => {
  const receiver = new SrtpReceiver("AES_CM_128_HMAC_SHA1_80", material);
  const heard = Array.from({ length: 100 }, (_, ssrc) => {
    const wire = protect(new SrtpSender("AES_CM_128_HMAC_SHA1_80", material), rtp(1, Buffer.from([1]), ssrc));
    return wire !== undefined && open(receiver, wire) !== undefined;
  });
  assert.equal(heard.filter(Boolean).length, 64);
});
