import { seededRandom } from "#base/random.ts";
import type { Digit } from "#contract/telecom.ts";
import { keypadCaptures } from "./captures.ts";
import { digitTone } from "../dual-tone.ts";
import { muLawSilence } from "../g711.ts";
import { type Check, user, center, sounding, assertContinuous } from "./rig.ts";
import assert from "node:assert/strict";

/** Digits: heard once, kept from the partner, sent. */
export function checkDigits(check: Check): void {
  check("a key press is one event, with its duration", async (rig) => {
    const ann = await rig.phone(user);
    for (const digit of "0123456789*#ABCD") ann.presses(digit as Digit);
    await rig.digits("0123456789*#ABCD");
    const told = rig.events.filter((event) => event.type === "dtmf");
    assert.ok(told.every((event) => event.via === "rfc4733" && event.durationMs === 100));
  });

  check("keys are heard through a loss of 5 %, each once", async (rig) => {
    const ann = await rig.phone(user);
    const random = seededRandom("loss");
    const keys = Array.from({ length: 60 }, () => "0123456789*#"[random.integer(12)] as Digit);
    for (const [n, key] of keys.entries()) {
      ann.presses(key, { loses: () => random.integer(20) === 0 });
      // Else the kernel's buffer would overflow, and the loss would be another.
      // A key whose end was lost as well ends when nothing more comes of it.
      if (n % 10 === 9) await rig.digits(keys.slice(0, n + 1).join(""));
    }
  });

  const captures = keypadCaptures();
  check(
    "the captured keys of another make are heard, each once",
    async (rig) => {
      assert.equal(captures.length, 12);
      const ann = await rig.phone(user);
      for (const [n, { key, packets }] of captures.entries()) {
        for (const { payload } of packets) ann.sends(payload);
        await rig.digits(
          captures
            .slice(0, n)
            .map((before) => before.key)
            .join("") + key,
        );
      }
    },
    { skip: captures.length === 0 ? "no ../shared" : false },
  );

  check("blocked keys do not reach the partner, nor the audio under them", async (rig) => {
    const [ann, bob] = await rig.bridged({ block: [center] });
    bob.says({ octet: 0x42, frames: 3 });
    await ann.until(() => sounding(ann).length === 3);
    bob.presses("1", { audioOctet: 0x66 });
    bob.presses("2", { audioOctet: 0x66 });
    await rig.digits("12");
    await ann.hearsMore(5);
    bob.says({ octet: 0x43, frames: 3 });
    await ann.until(() => ann.heard.filter(({ payload }) => payload[0] === 0x43).length === 3);
    assert.ok(ann.heard.every(({ payloadType }) => payloadType === 0));
    assert.ok(ann.heard.every(({ payload }) => payload[0] !== 0x66));
    assertContinuous(ann.heard);
    ann.presses("7");
    await bob.until(() => bob.heard.some(({ payloadType }) => payloadType === 101));
  });

  check("keys that are not blocked pass, under the partner's payload type", async (rig) => {
    const [ann, bob] = await rig.bridged({
      centerPayloads: "0 96",
      centerAttributes: ["a=rtpmap:96 telephone-event/8000"],
    });
    ann.presses("5");
    await bob.until(() => bob.heard.filter(({ payloadType }) => payloadType === 96).length === 8);
    const events = bob.heard.filter(({ payloadType }) => payloadType === 96);
    assert.ok(
      events.every(({ payload, timestamp }) => payload[0] === 5 && timestamp === events[0]?.timestamp),
    );
    await rig.digits("5");
  });

  for (const frameMs of [20, 30, 40, 60]) {
    check(
      `tones of a blocked leg without telephone-events, in packets of ${frameMs} ms, are heard by us, and by nobody after 40 ms`,
      async (rig) => {
        const [ann, bob] = await rig.bridged({ centerPayloads: "0", block: [center] });
        const quiet = new Uint8Array(1_920).fill(muLawSilence);
        let packets = 0;
        // Wherever in a packet the tone begins and ends.
        for (let leadMs = 0; leadMs < frameMs; leadMs += 5) {
          const audio = Buffer.concat([quiet, quiet.subarray(0, leadMs * 8), digitTone("8", 100), quiet]);
          bob.says({ audio, frameMs });
          packets += Math.ceil(audio.length / (frameMs * 8));
          await rig.packetsIn(center, packets);
        }
        await rig.digits("8".repeat(frameMs / 5));
        await ann.hearsMore(1);
        const heard = Buffer.concat(ann.heard.map(({ payload }) => payload));
        const late = pieces(digitTone("8", 100).subarray(320)).filter((piece) => heard.includes(piece));
        assert.equal(late.length, 0, `${late.length * 2} ms of the tone were heard`);
        const told = rig.events.filter((event) => event.type === "dtmf");
        assert.ok(told.every((event) => event.via === "inband"));
      },
    );
  }

  check("digits go out as events with continuous timestamps and three end packets", async (rig) => {
    const ann = await rig.phone(user);
    await rig.engine.sendDtmf(user, "1#");
    await ann.until(() => ann.heard.filter(({ payload }) => payload.length === 4).length === 14);
    await ann.hearsMore(2);
    const events = ann.heard.filter(({ payloadType }) => payloadType === 101);
    assert.deepEqual(
      events.map(({ payload }) => payload[0]),
      [...Array(7).fill(1), ...Array(7).fill(11)],
    );
    assert.deepEqual(events.map(({ payload }) => ((payload[1] ?? 0) & 0x80) !== 0).slice(0, 7), [
      false,
      false,
      false,
      false,
      true,
      true,
      true,
    ]);
    assert.deepEqual(
      events.map(({ payload }) => payload.readUInt16BE(2)).slice(0, 7),
      [160, 320, 480, 640, 800, 800, 800],
    );
    const [first, second] = [events[0], events[7]];
    assert.ok(first?.marker === true && second?.marker === true);
    assert.equal(((second?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0, 1_600, "200 ms from key to key");
    assertContinuous(ann.heard);
  });

  check("digits go out as tones to a phone without telephone-events", async (rig) => {
    const ann = await rig.phone(user, { payloads: "0" });
    await rig.engine.sendDtmf(user, "5");
    await ann.until(() => sounding(ann).length === 5);
    await ann.hearsMore(3);
    assert.deepEqual(
      Buffer.concat(sounding(ann).map(({ payload }) => payload)),
      Buffer.from(digitTone("5", 100)),
    );
  });

  check(
    "a tone after which the phone falls silent, and sends no more, is a key all the same",
    async (rig) => {
      const ann = await rig.phone(user, { payloads: "0" });
      ann.says({ audio: digitTone("5", 100) });
      await rig.digits("5");
    },
  );
}

/** 2 ms each: long enough to be found nowhere else. */
function pieces(audio: Uint8Array): Buffer[] {
  return Array.from({ length: audio.length / 16 }, (_, n) =>
    Buffer.from(audio.subarray(n * 16, n * 16 + 16)),
  );
}
