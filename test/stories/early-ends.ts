import assert from "node:assert/strict";
import {
  annAnswers,
  bobAnswers,
  bobSignsOn,
  bothAtOnce,
  centerFirst,
  hears,
  type Story,
} from "./story-acts.ts";

/** Somebody has had enough before the two could talk. */
export const earlyEnds: readonly Story[] = [
  {
    name: "Ann cancels on the page during the announcement",
    tell: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "Hello");
      await s.ann.cancels();
    },
    outcome: "visitor-cancelled",
    calledBob: 0,
  },
  {
    name: "Ann cancels on the page during the whisper",
    tell: async (s) => {
      await annAnswers(s);
      await bobSignsOn(s);
      await hears(s, "bob", "Mortgages");
      await s.ann.cancels();
    },
    outcome: "visitor-cancelled",
    calledBob: 1,
  },
  {
    name: "Ann hangs up while she is told that nobody can take her call",
    phones: (s) => void (s.bob.reaction = { type: "is-busy" }),
    tell: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "No agent can take your call");
      s.ann.phone.hangsUp();
    },
    outcome: "center-busy",
    calledBob: 1,
  },
  {
    name: "Bob hangs up while digits are keyed through the machine before him",
    bank: { postDialDigits: "wwwwwwww3" },
    tell: async (s) => {
      await annAnswers(s);
      await bobAnswers(s);
      await s.passes(1000);
      assert.ok(!s.bob.hasHeard("pound"), "he is not asked while digits are keyed");
      s.bob.hangsUp();
    },
    outcome: "agent-hung-up-early",
    calledBob: 1,
  },
  {
    name: "Bob first: Ann hangs up while she is greeted, and Bob is told",
    bank: centerFirst,
    tell: async (s) => {
      await bobSignsOn(s);
      await annAnswers(s);
      await hears(s, "ann", "Hello");
      s.ann.phone.hangsUp();
      await hears(s, "bob", "cannot be reached");
    },
    outcome: "user-hung-up-early",
    calledBob: 1,
  },
  {
    name: "Bob first: Ann declines, and Bob does not wait to be told",
    bank: centerFirst,
    phones: (s) => void (s.ann.phone.reaction = { type: "declines", afterMs: 500 }),
    tell: async (s) => {
      await bobSignsOn(s);
      await hears(s, "bob", "cannot be reached");
      s.bob.hangsUp();
    },
    outcome: "user-declined",
    calledBob: 1,
  },
  {
    name: "Bob first: Ann cancels on the page during the whisper, and is not called",
    bank: centerFirst,
    tell: async (s) => {
      await bobSignsOn(s);
      await hears(s, "bob", "Mortgages");
      await s.ann.cancels();
      await s.ann.untilSees("visitor-cancelled");
      assert.equal(s.ann.phone.lines.length, 0);
    },
    outcome: "visitor-cancelled",
    calledBob: 1,
  },
  {
    name: "Bob first: nobody signs on, and Ann's telephone never rings",
    bank: centerFirst,
    phones: (s) => void (s.bob.reaction = { type: "answers", afterMs: 500 }),
    tell: async (s) => {
      await s.ann.untilSees("nobody-signed-on");
      assert.equal(s.ann.phone.lines.length, 0);
    },
    outcome: "nobody-signed-on",
    calledBob: 1,
  },
  {
    name: "both at once: Ann hangs up while Bob's telephone rings, and it stops",
    bank: bothAtOnce,
    tell: async (s) => {
      await annAnswers(s);
      await s.until(() => s.bob.rings, "Bob's telephone rings");
      s.ann.phone.hangsUp();
      await s.until(() => !s.bob.rings, "Bob's telephone stops ringing");
    },
    outcome: "user-hung-up-early",
    calledBob: 1,
  },
  {
    name: "both at once: Bob hangs up while Ann's telephone rings, and it stops",
    bank: bothAtOnce,
    tell: async (s) => {
      await bobSignsOn(s);
      await s.passes(1000);
      s.bob.hangsUp();
      await s.until(() => !s.ann.phone.rings, "Ann's telephone stops ringing");
    },
    outcome: "agent-hung-up-early",
    calledBob: 1,
  },
  {
    name: "both at once: Ann does not answer, and Bob, who waits, is told",
    bank: bothAtOnce,
    tell: async (s) => {
      await bobSignsOn(s);
      await hears(s, "bob", "cannot be reached");
    },
    outcome: "user-no-answer",
    calledBob: 1,
  },
  {
    name: "both at once: Ann cancels on the page while both telephones ring",
    bank: bothAtOnce,
    tell: async (s) => {
      await s.until(() => s.bob.rings && s.ann.phone.rings, "both telephones ring");
      await s.ann.cancels();
      await s.until(() => !s.bob.rings && !s.ann.phone.rings, "both stop ringing");
    },
    outcome: "visitor-cancelled",
    calledBob: 1,
  },
];
