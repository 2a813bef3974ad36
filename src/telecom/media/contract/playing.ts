import type { PlayId } from "#base/ids.ts";
import { aLawSilence, muLawSilence, muLawToALaw } from "../g711.ts";
import { type Check, user, pattern, sounding, assertContinuous } from "./rig.ts";
import assert from "node:assert/strict";

/** What one phone hears of what is played to it. */
export function checkPlaying(check: Check): void {
  check("an announcement arrives whole, in frames of 20 ms, after a marker bit", async (rig) => {
    const ann = await rig.phone(user);
    const audio = pattern(16_000);
    await rig.plays(user, "hello", audio);
    assert.equal(await rig.playEnd("hello"), "done");
    await ann.hearsMore(2);
    const first = ann.heard.findIndex(({ marker }) => marker);
    const frames = ann.heard.slice(first, first + 100);
    assert.deepEqual(Buffer.concat(frames.map(({ payload }) => payload)), Buffer.from(audio));
    assertContinuous(ann.heard);
    assert.ok(frames.every(({ payload, payloadType }) => payload.length === 160 && payloadType === 0));
    assert.equal(frames.filter(({ marker }) => marker).length, 1);
  });

  check("an announcement that is no multiple of 20 ms ends in silence", async (rig) => {
    const ann = await rig.phone(user);
    await rig.plays(user, "short", new Uint8Array(200).fill(7));
    await rig.playEnd("short");
    const sounding = ann.heard.filter(({ payload }) => payload.includes(7));
    assert.equal(sounding.length, 2);
    assert.deepEqual(
      [...(sounding[1]?.payload ?? [])],
      [...Array(40).fill(7), ...Array(120).fill(muLawSilence)],
    );
  });

  check("a phone of the other law hears the same announcement", async (rig) => {
    const ann = await rig.phone(user, { payloads: "8 101" });
    await rig.plays(user, "hello", new Uint8Array(320).fill(0x12));
    await rig.playEnd("hello");
    const sounding = ann.heard.filter(({ payload }) => payload[0] !== aLawSilence);
    assert.equal(sounding.length, 2);
    assert.ok(
      sounding.every(({ payload, payloadType }) => payloadType === 8 && payload[0] === muLawToALaw[0x12]),
    );
  });

  check("a silent leg is sent silence, so that its NAT stays open", async (rig) => {
    const ann = await rig.phone(user);
    const packets = await ann.hearsMore(10);
    assert.ok(
      packets.every(
        ({ payload }) => payload.length === 160 && payload.every((octet) => octet === muLawSilence),
      ),
    );
  });

  check("a loop goes round until it is stopped, without a seam", async (rig) => {
    const ann = await rig.phone(user);
    const audio = pattern(500);
    await rig.plays(user, "ringback", audio, { loop: true });
    await ann.until(() => sounding(ann).length >= 10);
    assert.deepEqual((await rig.engine.audit()).plays, ["ringback"]);
    await rig.engine.stopPlay(user, "ringback" as PlayId);
    await rig.engine.stopPlay(user, "ringback" as PlayId);
    assert.equal(await rig.playEnd("ringback"), "stopped");
    const got = Buffer.concat(sounding(ann).map(({ payload }) => payload));
    assert.ok([...got].every((octet, index) => octet === audio[index % audio.length]));
  });

  check("the same play said twice is played once, and a new one takes its place", async (rig) => {
    const ann = await rig.phone(user);
    await rig.plays(user, "first", new Uint8Array(160).fill(1));
    await rig.playEnd("first");
    await rig.plays(user, "first", new Uint8Array(160).fill(1));
    await rig.plays(user, "long", new Uint8Array(80_000).fill(2));
    await rig.plays(user, "second", new Uint8Array(160).fill(3));
    assert.equal(await rig.playEnd("long"), "stopped");
    assert.equal(await rig.playEnd("second"), "done");
    assert.equal(ann.heard.filter(({ payload }) => payload[0] === 1).length, 1);
    assert.equal(rig.events.filter((event) => event.type === "playFinished").length, 3);
  });

  check("a play waits for a far end to hear it", async (rig) => {
    const ann = await rig.unanswered(user);
    await rig.plays(user, "hello", new Uint8Array(320).fill(9));
    await rig.engine.setAnswer(user, ann.describes());
    await rig.playEnd("hello");
    assert.equal(sounding(ann).length, 2);
  });

  check("a key ends a play that may be barged, as soon as it is pressed", async (rig) => {
    const ann = await rig.phone(user);
    await rig.plays(user, "menu", new Uint8Array(80_000).fill(5), { barge: true });
    await ann.until(() => sounding(ann).length >= 2);
    ann.presses("1");
    assert.equal(await rig.playEnd("menu"), "barged");
    await rig.digits("1");
  });
}
