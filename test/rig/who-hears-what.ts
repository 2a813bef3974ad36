import assert from "node:assert/strict";
import { type Ear, secondsWithin, type Span, span } from "./ear.ts";
import type { Measures } from "./measured-call.ts";
import { heardTouchTones } from "./sound.ts";
import { voiceHz, voiceSeconds } from "./tone-voice.ts";

/** The tone that each of the two speaks with, all the time from the answer on. */
export const annsTone = 700;
export const bobsTone = 1000;

/** All that holds of any call with a whisper: what was meant for one of them was heard by that one alone. */
export function eachHearsWhatIsTheirs(measured: Measures): void {
  oneSourceEach(measured);
  annHearsTheAnnouncement(measured);
  bobHearsTheWhisper(measured);
  strangersBeforeTheBridge(measured);
  eachHearsTheOther(measured);
}

export function oneSourceEach({ toAnn, toBob }: Measures): void {
  assert.equal(toAnn.streams, 1, "one source speaks to Ann");
  assert.equal(toBob.streams, 1, "one source speaks to Bob");
}

/** 209: who calls, and that the center is called. */
function annHearsTheAnnouncement(measured: Measures): void {
  for (const hz of [voiceHz.greeting, voiceHz.callingCenter]) annAloneHears(measured, "announce", hz);
}

/** A text of the voice's, once, while the step is at work. Bob, once he is there, hears nothing of it. */
export function annAloneHears({ record, toAnn, toBob }: Measures, step: string, hz: number): void {
  near(secondsWithin(toAnn.hears(hz), about(span(record, step))), voiceSeconds, 0.06);
  assert.equal(secondsWithin(toBob.hears(hz), before(record)), 0, `Bob hears what Ann is told (${hz} Hz)`);
}

/** 214. Each word in its order, and Ann none of them, ever. */
export function bobHearsTheWhisper({ record, toAnn, toBob }: Measures): void {
  const whispered = about(span(record, "whisper"));
  const words = [
    [voiceHz.subject, voiceSeconds],
    [voiceHz.customerCode, voiceSeconds],
    [voiceHz.spelled, 3 * voiceSeconds],
  ] as const;
  for (const [hz, seconds] of words) {
    near(secondsWithin(toBob.hears(hz), whispered), seconds, 0.12);
    assert.equal(toAnn.hears(hz).length, 0, `Ann hears the whisper (${hz} Hz)`);
  }
  const order = words.map(([hz]) => toBob.hears(hz)[0]?.fromMs ?? 0);
  assert.deepEqual(
    order,
    order.toSorted((one, other) => one - other),
    "the whisper's words are in their order",
  );
}

export function strangersBeforeTheBridge({ record, toAnn, toBob }: Measures): void {
  for (const [ear, hz, complaint] of [
    [toAnn, bobsTone, "Ann hears Bob before the bridge"],
    [toBob, annsTone, "Bob hears Ann before the bridge"],
  ] as const)
    assert.equal(secondsWithin(ear.hears(hz, { share: 0.8 }), before(record)), 0, complaint);
}

/** 215. Gives for how many seconds each heard the other. */
export function eachHearsTheOther({ record, toAnn, toBob }: Measures): { ann: number; bob: number } {
  const talked = span(record, "converse");
  const seconds = {
    ann: secondsWithin(toAnn.hears(bobsTone), talked),
    bob: secondsWithin(toBob.hears(annsTone), talked),
  };
  assert.ok(seconds.ann > 1.5, `Ann hears Bob for ${seconds.ann.toFixed(2)} s`);
  assert.ok(seconds.bob > 1.5, `Bob hears Ann for ${seconds.bob.toFixed(2)} s`);
  return seconds;
}

/** Neither as telephone-events nor in the voice. */
export function hearsNoKey(ear: Ear): void {
  assert.equal(ear.keyed, "", "telephone-events");
  assert.equal(heardTouchTones(ear.sound), "", "tones");
}

export function near(value: number, wanted: number, tolerance: number): void {
  assert.ok(Math.abs(value - wanted) <= tolerance, `${value.toFixed(2)} s, not ${wanted.toFixed(2)} s`);
}

/** 215. The two are joined some moment after this. */
function before(record: Measures["record"]): Span {
  return { fromMs: 0, toMs: span(record, "bridge").fromMs - 200 };
}

/** The call record's times are another process's, which may be late. */
function about({ fromMs, toMs }: Span): Span {
  return { fromMs: fromMs - 300, toMs: toMs + 300 };
}
