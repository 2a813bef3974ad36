import assert from "node:assert/strict";
import type { CallRecord } from "#call-manager/call-record.ts";
import type { RtpStream, WireMessage } from "#rig/capture.ts";
import { earOf, span } from "#rig/ear.ts";
import { heard, heardTone, heardTouchTones, lengthOf, likeness } from "#rig/sound.ts";
import type { Sound } from "#rig/wav.ts";
import { type Check, check } from "./checks.ts";
import { annsTone, bobsTone } from "./flow-people.ts";

/** Who heard what when: the RTP that reached each telephone, against the times of the call record. */
export async function* proveSound(told: {
  readonly messages: readonly WireMessage[];
  readonly streams: readonly RtpStream[];
  readonly annPort: number;
  readonly bobPort: number;
  readonly record: CallRecord;
}): AsyncGenerator<Check> {
  const toAnn = earOf(told, told.annPort);
  const toBob = earOf(told, told.bobPort);
  const whisper = span(told.record, "whisper");
  const talk = span(told.record, "converse");

  yield await check("sound     one source with one timeline for each telephone", () => {
    assert.equal(toAnn.streams, 1, "Ann's telephone");
    assert.equal(toBob.streams, 1, "Bob's telephone");
  });
  yield await check("sound 209 frames of 20 ms, and no drift", () => {
    const [asked, waits] = [span(told.record, "user-confirms"), span(told.record, "agent-signs-on")];
    const { packets, uneven, driftMs, gapP99Ms } = toAnn.pacing({ fromMs: asked.fromMs, toMs: waits.toMs });
    assert.ok(packets > 150, `only ${packets} packets`);
    assert.equal(uneven, 0, "packets that hold, or follow, another length than 20 ms");
    assert.ok(Math.abs(driftMs) < 10, `drift of ${driftMs.toFixed(1)} ms`);
    const seconds = (packets / 50).toFixed(1);
    return `${seconds} s: drift ${driftMs.toFixed(1)} ms, 99 of 100 gaps within ${gapP99Ms.toFixed(1)} ms`;
  });
  yield await check("sound 209 Ann is spoken to before she agrees", () => {
    const asked = toAnn.between(span(told.record, "user-confirms"));
    const length = lengthOf(heard(asked));
    assert.ok(length > 1, `only ${length.toFixed(1)} s`);
    return `${length.toFixed(1)} s`;
  });
  yield await check("sound 214 Bob hears the whisper", () => {
    const length = lengthOf(heard(toBob.between(whisper)));
    assert.ok(length > 1, `only ${length.toFixed(1)} s`);
    return `${length.toFixed(1)} s`;
  });
  yield await check("sound 214 Ann does not hear it", () => {
    const spoken = toBob.between(whisper);
    const [loudest] = [...heard(spoken, { joinSeconds: 0.1 })].toSorted(
      (x, y) => y.toSeconds - y.fromSeconds - (x.toSeconds - x.fromSeconds),
    );
    assert.ok(loudest !== undefined, "no whisper was heard");
    const from = Math.round(loudest.fromSeconds * 8000);
    const piece: Sound = { sampleRate: 8000, samples: spoken.samples.slice(from, from + 2400) };
    assert.ok(likeness(spoken, piece).likeness > 0.99, "the comparison itself does not find what is there");
    const alike = likeness(
      toAnn.between({ fromMs: whisper.fromMs - 200, toMs: whisper.toMs + 1_000 }),
      piece,
    ).likeness;
    assert.ok(alike < 0.5, `Ann's line is ${alike.toFixed(2)} alike`);
    return `likeness ${alike.toFixed(2)}`;
  });
  yield await check("sound 215 before the bridge neither hears the other", () => {
    const beforeMs = talk.fromMs - 300;
    assert.equal(
      lengthOf(heardTone(toBob.between({ fromMs: 0, toMs: beforeMs }), annsTone, { share: 0.8 })),
      0,
    );
    assert.equal(
      lengthOf(heardTone(toAnn.between({ fromMs: 0, toMs: beforeMs }), bobsTone, { share: 0.8 })),
      0,
    );
  });
  yield await check("sound 215 then each hears the other", () => {
    const annHears = lengthOf(heardTone(toAnn.between(talk), bobsTone));
    const bobHears = lengthOf(heardTone(toBob.between(talk), annsTone));
    assert.ok(annHears > 1.5 && bobHears > 1.5, `Ann ${annHears.toFixed(1)} s, Bob ${bobHears.toFixed(1)} s`);
    return `Ann ${annHears.toFixed(1)} s, Bob ${bobHears.toFixed(1)} s`;
  });
  yield await check("sound 216 Bob's keys do not reach Ann", () => {
    assert.equal(toAnn.keyed, "", "as telephone-events");
    assert.equal(heardTouchTones(toAnn.between(talk)), "", "as tones");
  });
}
