import assert from "node:assert/strict";
import type { CallStory } from "#rig/call-story.ts";
import {
  annAnswers,
  bobAnswers,
  bobSignsOn,
  bothAtOnce,
  centerFirst,
  connect,
  hears,
  type Story,
} from "./story-acts.ts";

type Moment = { readonly when: string; readonly comes: (s: CallStory) => Promise<void> } & Partial<Story>;

/** The moments of a call at which the platform itself may have to end it. */
const moments: readonly Moment[] = [
  {
    when: "while Ann's telephone rings",
    comes: (s) => s.until(() => s.ann.phone.rings, "Ann's telephone rings"),
    bank: { policy: { userRingSeconds: 900 } },
  },
  {
    when: "while Ann is asked",
    signed: false,
    comes: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "press 1");
    },
    bank: { policy: { confirmationSeconds: 900 } },
  },
  {
    when: "while Bob's telephone rings",
    comes: async (s) => {
      await annAnswers(s);
      await s.until(() => s.bob.rings, "Bob's telephone rings");
    },
    bank: { policy: { centerRingSeconds: 900 } },
    calledBob: 1,
  },
  {
    when: "while Bob is asked to sign on",
    comes: async (s) => {
      await annAnswers(s);
      await bobAnswers(s);
      await hears(s, "bob", "pound");
    },
    bank: { policy: { signOn: { seconds: 900 } } },
    calledBob: 1,
  },
  {
    when: "while both telephones ring",
    comes: (s) => s.until(() => s.bob.rings && s.ann.phone.rings, "both telephones ring"),
    bank: {
      policy: { ...bothAtOnce.policy, userRingSeconds: 900, centerRingSeconds: 900 },
    },
    calledBob: 1,
  },
];

const talking: Moment = { when: "while they talk", comes: connect, calledBob: 1 };
const whispered: Moment = {
  when: "during the whisper",
  comes: async (s) => {
    await annAnswers(s);
    await bobSignsOn(s);
    await hears(s, "bob", "Mortgages");
  },
  calledBob: 1,
};

export const endsByThePlatform: readonly Story[] = [
  ...[...moments, whispered, talking].map(
    ({ when, comes, ...story }): Story => ({
      ...story,
      name: `the telecommunications unit loses its lines ${when}: nobody is called again`,
      tell: async (s) => {
        await comes(s);
        s.unit.restart();
      },
      outcome: "platform-failed",
    }),
  ),
  ...moments.map(
    ({ when, comes, ...story }): Story => ({
      ...story,
      name: `the time for setting up is over ${when}`,
      tell: async (s) => {
        await comes(s);
        await s.passes(550_000);
      },
      outcome: "time-limit",
    }),
  ),
  {
    name: "the center closes between the click and the call",
    bank: { closesAfterClick: true },
    tell: async () => {},
    outcome: "center-closed",
    calledBob: 0,
  },
  {
    name: "the operator stops all calls during the announcement: the center is not called, and Ann is told",
    tell: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "Hello");
      await s.operatorStops();
      await hears(s, "ann", "No agent can take your call");
      await s.operatorResumes();
    },
    outcome: "not-permitted",
    calledBob: 0,
  },
  {
    name: "the operator stops all calls while Bob's telephone rings: he may still answer",
    tell: async (s) => {
      await annAnswers(s);
      await s.until(() => s.bob.rings, "Bob's telephone rings");
      await s.operatorStops();
      await bobSignsOn(s);
      await s.ann.untilSees("connected");
      await s.operatorResumes();
      s.bob.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
  },
  {
    name: "the operator stops all calls while Bob's telephone rings: he declines, and Carol is not called",
    bank: { routes: 2 },
    tell: async (s) => {
      await annAnswers(s);
      await s.until(() => s.bob.rings, "Bob's telephone rings");
      await s.operatorStops();
      s.bob.declines();
      await s.ann.untilSees("not-permitted");
      await s.operatorResumes();
    },
    outcome: "not-permitted",
    calledBob: 1,
    calledCarol: 0,
  },
  {
    name: "Bob first: the operator stops all calls during the whisper, and Ann is not called",
    bank: centerFirst,
    tell: async (s) => {
      await bobSignsOn(s);
      await hears(s, "bob", "Mortgages");
      await s.operatorStops();
      await hears(s, "bob", "cannot be reached");
      await s.ann.untilSees("not-permitted");
      assert.equal(s.ann.phone.lines.length, 0);
      await s.operatorResumes();
    },
    outcome: "not-permitted",
    calledBob: 1,
  },
];
