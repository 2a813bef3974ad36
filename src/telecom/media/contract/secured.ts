import { muLawSilence } from "../g711.ts";
import { type Check, rtp, sounding, user } from "./rig.ts";
import type { TestPhone } from "./test-phone.ts";
import assert from "node:assert/strict";

/** What holds of SRTP alone. */
export function checkSecured(check: Check): void {
  check("a phone with keys and one without hear each other, and each other's keys pressed", async (rig) => {
    const [ann, bob] = await rig.bridged({ centerTransport: "rtp" });
    ann.says({ octet: 0x21, frames: 5 });
    bob.says({ octet: 0x42, frames: 5 });
    await bob.until(() => hears(bob, 0x21) === 5);
    await ann.until(() => hears(ann, 0x42) === 5);
    ann.presses("5");
    bob.presses("6");
    await rig.event((event) => event.type === "dtmf" && event.digit === "5");
    await rig.event((event) => event.type === "dtmf" && event.digit === "6");
    assert.ok(bob.heard.some(({ payloadType }) => payloadType === 101));
  });

  check("nothing of what is said can be found on the wire", async (rig) => {
    const ann = await rig.phone(user);
    const wires: Buffer[] = [];
    ann.onWire((packet) => wires.push(packet));
    await rig.plays(user, "hello", new Uint8Array(1_600).fill(0x5a));
    await rig.playEnd("hello");
    await ann.until(() => hears(ann, 0x5a) === 10);
    const spoken = Buffer.alloc(8, 0x5a);
    const silence = Buffer.alloc(8, muLawSilence);
    assert.ok(wires.length >= 10);
    assert.ok(wires.every((wire) => !wire.includes(spoken) && !wire.includes(silence)));
  });

  check(
    "what is forged, cut, plain or said a second time is refused, counted, and heard by nobody",
    async (rig) => {
      const [ann, bob] = await rig.bridged();
      ann.says({ octet: 0x21, frames: 3 });
      await bob.until(() => hears(bob, 0x21) === 3);
      const plain = rtp({ sequence: 2_000, timestamp: 90_000, octet: 0x66 });
      const wire = ann.keys?.protect(plain) ?? plain;
      const forged = Buffer.from(wire);
      forged.writeUInt8(forged.readUInt8(40) ^ 1, 40);
      for (const bad of [plain, forged, wire.subarray(0, wire.length - 1), wire.subarray(0, 20)])
        ann.sendsRaw(bad);
      await rig.refused(user, 4);
      for (let times = 0; times < 3; times += 1) ann.sendsRaw(wire);
      await rig.refused(user, 6);
      await bob.until(() => hears(bob, 0x66) === 1);
      assert.equal((await rig.engine.stats(user))?.packetsIn, 4);
    },
  );

  check("a forged packet teaches nothing of where a phone behind a NAT is", async (rig) => {
    await rig.bridged();
    const ann = await rig.stranger("127.0.0.1");
    const answer = await rig.engine.createAnswer(
      user,
      ann.describes({ connection: "10.11.12.13", port: 40_000 }),
      "127.0.0.1",
    );
    // It comes from the very address that may be learned, without the key.
    const thief = await rig.stranger("127.0.0.1");
    thief.callTo(answer);
    thief.says({ octet: 0x66, frames: 3 });
    await rig.refused(user, 3);
    ann.callTo(answer);
    ann.says({ octet: 0x21, frames: 3 });
    await ann.hearsMore(3);
    assert.equal((await rig.engine.stats(user))?.remote?.port, ann.port);
  });

  check(
    "a re-offer with the same key changes none, and one with another gets another, under another SSRC",
    async (rig) => {
      const [ann, bob] = await rig.bridged();
      await ann.hearsMore(2);
      const first = await rig.engine.createAnswer(user, ann.describes());
      assert.equal(keyOf(first), keyOf(rig.sdpOf(user)));
      const before = ann.heard[0]?.ssrc;
      ann.keys?.renews();
      const second = await rig.engine.createAnswer(user, ann.describes());
      assert.notEqual(keyOf(second), keyOf(first));
      ann.callTo(second);
      ann.says({ octet: 0x21, frames: 3 });
      await bob.until(() => hears(bob, 0x21) === 3);
      bob.says({ octet: 0x42, frames: 3 });
      await ann.until(() => hears(ann, 0x42) === 3);
      const after = ann.heard.filter(({ ssrc }) => ssrc !== before);
      assert.equal(new Set(after.map(({ ssrc }) => ssrc)).size, 1);
      assert.ok((after[0]?.sequence ?? 0) <= 0x8000, "no rollover is near its beginning");
      assert.equal(keyOf(await rig.engine.createAnswer(user, ann.describes())), keyOf(second));
    },
  );

  check(
    "what was on its way under the old key is heard until something comes under the new one",
    async (rig) => {
      const [ann, bob] = await rig.bridged();
      ann.says({ octet: 0x21, frames: 1 });
      await bob.until(() => hears(bob, 0x21) === 1);
      const [late, later] = [2_000, 2_001].map(
        (sequence) =>
          ann.keys?.protect(rtp({ sequence, timestamp: sequence * 160, octet: 0x22 })) ?? Buffer.alloc(0),
      );
      assert.ok(late !== undefined && later !== undefined);
      ann.keys?.renews();
      ann.callTo(await rig.engine.createAnswer(user, ann.describes()));
      ann.sendsRaw(late);
      await bob.until(() => hears(bob, 0x22) === 1);
      ann.sends(rtp({ sequence: 2_002, timestamp: 320_320, octet: 0x23 }));
      await bob.until(() => hears(bob, 0x23) === 1);
      ann.sendsRaw(later);
      await rig.refused(user, 1);
    },
  );

  check("sequence numbers may go round, in and out, as often as they like", async (rig) => {
    const [ann, bob] = await rig.bridged();
    // Less than what is taken for a source that began anew.
    const step = 2_900;
    const rounds = 3;
    // One step more than three whole rounds: ours begin anywhere below 2^15.
    for (let n = 0; n * step < rounds * 0x1_0000 + step; n += 1) {
      const sequence = (60_000 + n * step) & 0xffff;
      ann.sends(rtp({ sequence, timestamp: n * 160, octet: 0x21 }));
      await bob.until(() => hears(bob, 0x21) === n + 1);
    }
    const wraps = bob.heard.filter(({ sequence }, n) => sequence < (bob.heard[n - 1]?.sequence ?? 0));
    assert.equal(wraps.length, rounds);
  });

  check("the shorter tag is taken from those who choose it", async (rig) => {
    const ann = await rig.stranger("127.0.0.1");
    ann.keys?.renews("AES_CM_128_HMAC_SHA1_32");
    await rig.engine.createTermination({ termination: user, ...rig.end() });
    ann.callTo(await rig.engine.createOffer(user));
    await rig.engine.setAnswer(user, ann.describes());
    await rig.plays(user, "hello", new Uint8Array(320).fill(0x5a));
    await ann.until(() => hears(ann, 0x5a) === 2);
    ann.presses("7");
    await rig.digits("7");
  });

  check("plain RTP in the place of SRTP is refused, whoever offers it", async (rig) => {
    const phone = await rig.stranger("127.0.0.1", "rtp");
    await rig.engine.createTermination({ termination: user, ...rig.end() });
    const unacceptable = { code: "SDP_UNACCEPTABLE" };
    await assert.rejects(rig.engine.createAnswer(user, phone.describes()), unacceptable);
    await rig.engine.createOffer(user);
    await assert.rejects(rig.engine.setAnswer(user, phone.describes()), unacceptable);
  });
}

function hears(phone: TestPhone, octet: number): number {
  return sounding(phone).filter(({ payload }) => payload[0] === octet).length;
}

function keyOf(sdp: string): string | undefined {
  return /^a=crypto:.*inline:(\S+)/m.exec(sdp)?.[1];
}
