import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallEvent } from "./dialog/call-state.ts";
import { type Fork, forked, step } from "./forked-call.ts";

const progress: CallEvent = { type: "progress", status: 180, sdp: "early" };
const answered: CallEvent = { type: "answered", sdp: "answer", callId: "1" };
const rejected = (status: number): CallEvent => ({ type: "over", end: { type: "rejected", status } });
const hangUp = { type: "hang-up", headers: [] } as const;

/** What was told and said, in order: `tell answered`, `say 1 hang-up`. */
function told(branches: number) {
  let fork: Fork = forked(branches);
  const take = (input: Parameters<typeof step>[1]): string[] => {
    const [next, effects] = step(fork, input);
    fork = next;
    return effects.map((effect) => {
      if (effect.type === "say") return `say ${effect.branch} ${effect.word.type}`;
      const { event } = effect;
      const end = event.type === "over" && event.end.type === "rejected" ? ` ${event.end.status}` : "";
      return `tell ${event.type}${end}`;
    });
  };
  return {
    hears: (branch: number, event: CallEvent) => take({ type: "heard", branch, event }),
    is: (word: typeof hangUp) => take({ type: "said", word }),
    raw: (branch: number, event: CallEvent) => step(fork, { type: "heard", branch, event })[1],
  };
}

test("the first to answer has the call, and the others are hung up", () => {
  const call = told(3);
  assert.deepEqual(call.hears(0, progress), ["tell progress"]);
  assert.deepEqual(call.hears(1, answered), ["tell answered", "say 0 hang-up", "say 2 hang-up"]);
  assert.deepEqual(call.hears(0, rejected(487)), []);
  assert.deepEqual(call.hears(1, { type: "offer", key: "1", sdp: "hold" }), ["tell offer"]);
  assert.deepEqual(call.is(hangUp), ["say 1 hang-up"]);
  assert.deepEqual(call.hears(1, { type: "over", end: { type: "hung-up-by-far-end" } }), ["tell over"]);
});

test("two that answer at once: the second is hung up, and what becomes of it is nobody's business", () => {
  const call = told(2);
  call.hears(0, answered);
  assert.deepEqual(call.hears(1, answered), ["say 1 hang-up"]);
  assert.deepEqual(call.hears(1, rejected(487)), []);
  assert.deepEqual(call.hears(1, { type: "over", end: { type: "hung-up-by-far-end" } }), []);
});

test("early media of one of several telephones is not heard", () => {
  const [effect] = told(2).raw(0, progress);
  assert.deepEqual(effect, { type: "tell", branch: 0, event: { ...progress, sdp: undefined } });
});

test("an offer of a telephone that nobody has picked up is refused", () => {
  assert.deepEqual(told(2).hears(0, { type: "offer", key: "1", sdp: "x" }), ["say 0 offer-refused"]);
});

test("of several refusals the one that says most of the person is told, when the last has come", () => {
  const call = told(3);
  assert.deepEqual(call.hears(0, rejected(486)), []);
  assert.deepEqual(call.hears(1, { type: "over", end: { type: "no-response" } }), []);
  assert.deepEqual(call.hears(2, rejected(480)), ["tell over 486"]);
});

test("who declines for all their telephones (6xx) ends the ringing everywhere", () => {
  const call = told(3);
  assert.deepEqual(call.hears(1, rejected(603)), ["tell over 603", "say 0 hang-up", "say 2 hang-up"]);
  assert.deepEqual(call.hears(0, answered), ["say 0 hang-up"]);
});

test("a call that is not wanted any more is hung up everywhere, also where it is answered after that", () => {
  const call = told(2);
  assert.deepEqual(call.is(hangUp), ["say 0 hang-up", "say 1 hang-up"]);
  assert.deepEqual(call.hears(0, answered), ["say 0 hang-up"]);
  assert.deepEqual(call.hears(1, rejected(487)), []);
});
