import assert from "node:assert/strict";
import type { PhoneName } from "#base/ids.ts";
import { bobsDnis } from "#rig/story-bank.ts";
import { earlyEnds } from "./early-ends.ts";
import { endsByThePlatform } from "./ends-by-the-platform.ts";
import {
  annAnswers,
  bobAnswers,
  bobSignsOn,
  bothAtOnce,
  centerFirst,
  confirms,
  connect,
  hears,
  type Story,
  whisperEnd,
} from "./story-acts.ts";

const withPin = { policy: { signOn: { pin: "4711" } } } as const;

/**
 * The call stories: told once each in `src/call-manager/web-call.test.ts`, and again and again, with the web process dying at every
 * moment, in `test/crashes/web-call.test.ts`. So they wait for what is, never for how long.
 */
export const callStories: readonly Story[] = [
  {
    name: "Ann and Bob talk, and Bob hangs up",
    tell: async (s) => {
      await connect(s);
      s.bob.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
  },
  {
    name: "Bob's telephone is registered with us, and is dialled by its name, over no trunk",
    bank: { phone: "bob.bank" as PhoneName },
    tell: async (s) => {
      await connect(s);
      const target = s.unit.dialed.find(({ user }) => user === bobsDnis)?.target;
      assert.deepEqual(target, {
        type: "phone",
        phone: "bob.bank",
        user: bobsDnis,
        codecs: ["PCMU", "PCMA"],
        media: "rtp",
      });
      s.bob.presses("12#");
      await s.ann.untilSees("rates");
      s.bob.hangsUp();
    },
    outcome: "completed",
    pushed: ["rates"],
    calledBob: 1,
  },
  {
    name: "Ann types her number and agrees with 1 on the telephone",
    signed: false,
    tell: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "press 1");
      assert.equal(s.bob.lines.length, 0, "no center without consent");
      s.ann.phone.presses("1");
      await bobSignsOn(s);
      await s.ann.untilSees("connected");
      s.ann.phone.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
  },
  {
    name: "somebody else's telephone rings, and they refuse all calls with 9",
    signed: false,
    tell: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "press 1");
      s.ann.phone.presses("9");
    },
    outcome: "user-refused-calls",
    calledBob: 0,
  },
  {
    name: "nobody agrees on the telephone",
    signed: false,
    tell: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "press 1");
      s.ann.phone.presses("5");
    },
    outcome: "user-did-not-confirm",
    calledBob: 0,
  },
  {
    name: "Ann's telephone is busy",
    phones: (s) => void (s.ann.phone.reaction = { type: "is-busy" }),
    tell: async () => {},
    outcome: "user-busy",
    calledBob: 0,
  },
  { name: "Ann does not answer", tell: async () => {}, outcome: "user-no-answer", calledBob: 0 },
  {
    name: "Ann declines",
    tell: async (s) => {
      await s.until(() => s.ann.phone.rings, "Ann's telephone rings");
      s.ann.phone.declines();
    },
    outcome: "user-declined",
    calledBob: 0,
  },
  {
    name: "Ann's number leads nowhere",
    phones: (s) => void (s.ann.phone.reaction = { type: "is-unreachable" }),
    tell: async () => {},
    outcome: "user-unreachable",
    calledBob: 0,
  },
  {
    name: "Ann hangs up during the question",
    signed: false,
    tell: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "press 1");
      s.ann.phone.hangsUp();
    },
    outcome: "user-hung-up-early",
    calledBob: 0,
  },
  {
    name: "Ann hangs up during the announcement",
    tell: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "Hello");
      s.ann.phone.hangsUp();
    },
    outcome: "user-hung-up-early",
    calledBob: 0,
  },
  {
    name: "Ann hangs up while Bob's telephone rings",
    tell: async (s) => {
      await annAnswers(s);
      await s.until(() => s.bob.rings, "Bob's telephone rings");
      s.ann.phone.hangsUp();
    },
    outcome: "user-hung-up-early",
    calledBob: 1,
  },
  {
    name: "Ann hangs up while Bob is asked to sign on",
    tell: async (s) => {
      await annAnswers(s);
      await bobAnswers(s);
      await hears(s, "bob", "pound");
      s.ann.phone.hangsUp();
    },
    outcome: "user-hung-up-early",
    calledBob: 1,
  },
  {
    name: "Ann hangs up during the whisper",
    tell: async (s) => {
      await annAnswers(s);
      await bobSignsOn(s);
      await hears(s, "bob", "Mortgages");
      s.ann.phone.hangsUp();
    },
    outcome: "user-hung-up-early",
    calledBob: 1,
  },
  {
    name: "Bob hangs up during the whisper",
    tell: async (s) => {
      await annAnswers(s);
      await bobSignsOn(s);
      await hears(s, "bob", "Mortgages");
      s.bob.hangsUp();
    },
    outcome: "agent-hung-up-early",
    calledBob: 1,
  },
  {
    name: "Bob hangs up instead of signing on",
    tell: async (s) => {
      await annAnswers(s);
      await bobAnswers(s);
      await hears(s, "bob", "pound");
      s.bob.hangsUp();
    },
    outcome: "agent-hung-up-early",
    calledBob: 1,
  },
  {
    name: "the center is busy",
    phones: (s) => void (s.bob.reaction = { type: "is-busy" }),
    tell: annAnswers,
    outcome: "center-busy",
    calledBob: 1,
  },
  { name: "the center does not answer", tell: annAnswers, outcome: "center-no-answer", calledBob: 1 },
  {
    name: "the center declines",
    phones: (s) => void (s.bob.reaction = { type: "declines", afterMs: 900 }),
    tell: annAnswers,
    outcome: "center-declined",
    calledBob: 1,
  },
  {
    name: "the center cannot be reached, and Ann is told",
    phones: (s) => void (s.bob.reaction = { type: "is-unreachable" }),
    tell: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "No agent can take your call");
    },
    outcome: "center-unreachable",
    calledBob: 1,
  },
  {
    name: "Bob is busy, and Carol takes the call over the next route",
    bank: { routes: 2 },
    phones: (s) => void (s.bob.reaction = { type: "is-busy" }),
    tell: async (s) => {
      await annAnswers(s);
      await s.until(() => s.carol.rings, "Carol's telephone rings");
      s.carol.answers();
      await hears(s, "carol", "pound");
      s.carol.presses("#");
      await s.ann.untilSees("connected");
      s.carol.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
    calledCarol: 1,
  },
  {
    name: "a machine answers, nobody signs on, and the call is given up",
    phones: (s) => void (s.bob.reaction = { type: "answers", afterMs: 500 }),
    tell: async (s) => {
      await annAnswers(s);
    },
    outcome: "nobody-signed-on",
    calledBob: 1,
  },
  {
    name: "a machine answers, and Carol takes the call over the next route",
    bank: { routes: 2, policy: { signOn: { whenNobody: "next-route" } } },
    phones: (s) => void (s.bob.reaction = { type: "answers", afterMs: 500 }),
    tell: async (s) => {
      await annAnswers(s);
      await s.until(() => s.carol.rings, "Carol's telephone rings");
      s.carol.answers();
      await hears(s, "carol", "pound");
      s.carol.presses("#");
      await s.ann.untilSees("connected");
      s.ann.phone.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
    calledCarol: 1,
  },
  {
    name: "nobody signs on, and the bank joins them all the same, saying nothing private",
    bank: { policy: { signOn: { whenNobody: "bridge" } } },
    phones: (s) => void (s.bob.reaction = { type: "answers", afterMs: 500 }),
    tell: async (s) => {
      await annAnswers(s);
      await s.ann.untilSees("connected");
      assert.ok(s.bob.hasHeard("A call from the web"));
      assert.ok(!s.bob.hasHeard("A47"), "the customer's code is for who signed on");
      s.bob.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
  },
  {
    name: "Bob keys a wrong PIN, hears so, and then the right one",
    bank: withPin,
    tell: async (s) => {
      await annAnswers(s);
      await bobAnswers(s);
      await hears(s, "bob", "key your code");
      s.bob.presses("0815#");
      await hears(s, "bob", "[refuse]");
      s.bob.presses("4711#");
      await s.ann.untilSees("connected");
      s.bob.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
  },
  {
    name: "somebody tries PINs, and is not asked a fourth time",
    bank: withPin,
    tell: async (s) => {
      await annAnswers(s);
      await bobAnswers(s);
      for (const [tries, pin] of ["1111#", "2222#", "3333#"].entries()) {
        await s.until(
          () => s.bob.heard.some(({ play }) => play.includes(`sign-on.${tries}.`)),
          "Bob is asked",
        );
        s.bob.presses(pin);
      }
    },
    outcome: "nobody-signed-on",
    calledBob: 1,
  },
  {
    name: "the way to Bob leads through a machine that wants digits",
    bank: { postDialDigits: "ww3" },
    tell: async (s) => {
      await annAnswers(s);
      await bobAnswers(s);
      await hears(s, "bob", "pound");
      assert.deepEqual(s.bob.heardDigits, ["3"], "sent once");
      s.bob.presses("#");
      await s.ann.untilSees("connected");
      s.bob.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
  },
  {
    name: "Bob cuts the whisper short with the sign-on key",
    tell: async (s) => {
      await annAnswers(s);
      await bobSignsOn(s);
      await hears(s, "bob", "Mortgages");
      s.bob.presses("#");
      await s.ann.untilSees("connected");
      assert.equal(whisperEnd(s), "stopped");
      s.bob.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
  },
  {
    name: "Bob pushes a page, and again, and another; Ann goes back from each",
    tell: async (s) => {
      await connect(s);
      s.bob.presses("12#");
      await s.ann.untilSees("rates");
      await s.ann.closesPage();
      await s.ann.untilSees("connected");
      s.bob.presses("12#");
      await s.ann.untilSees("rates");
      s.bob.presses("7#");
      await s.ann.untilSees("form");
      await s.ann.closesPage();
      await s.ann.closesPage();
      await s.ann.untilSees("connected");
      await s.until(() => confirms(s) === 3, "Bob hears each confirmed");
      assert.deepEqual(s.ann.phone.heardDigits, [], "Ann hears none of it");
      s.ann.phone.hangsUp();
    },
    outcome: "completed",
    pushed: ["rates", "rates", "form"],
    calledBob: 1,
  },
  {
    name: "Bob keys a code that means nothing, the key alone, and one that a pause ends",
    tell: async (s) => {
      await connect(s);
      s.bob.presses("#");
      s.clock.at(s.clock.now() + 500, () => s.bob.presses("99#"));
      await hears(s, "bob", "[refuse]");
      s.bob.presses("7");
      await s.ann.untilSees("form");
      await hears(s, "bob", "[confirm]");
      s.bob.hangsUp();
    },
    outcome: "completed",
    pushed: ["form"],
    calledBob: 1,
  },
  {
    name: "Bob keys the next code while the tone of the last still sounds",
    tell: async (s) => {
      await connect(s);
      s.bob.presses("12#7#");
      await s.ann.untilSees("form");
      await s.until(() => confirms(s) > 0, "Bob hears it confirmed");
      s.bob.hangsUp();
    },
    outcome: "completed",
    pushed: ["rates", "form"],
    calledBob: 1,
  },
  {
    name: "Ann cancels on the page while her telephone rings",
    tell: async (s) => {
      await s.until(() => s.ann.phone.rings, "Ann's telephone rings");
      await s.ann.cancels();
    },
    outcome: "visitor-cancelled",
    calledBob: 0,
  },
  {
    name: "Ann cancels on the page during the question",
    signed: false,
    tell: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "press 1");
      await s.ann.cancels();
    },
    outcome: "visitor-cancelled",
    calledBob: 0,
  },
  {
    name: "Ann cancels on the page while Bob's telephone rings",
    tell: async (s) => {
      await annAnswers(s);
      await s.until(() => s.bob.rings, "Bob's telephone rings");
      await s.ann.cancels();
      await s.ann.cancels();
    },
    outcome: "visitor-cancelled",
    calledBob: 1,
  },
  {
    name: "Ann cancels on the page while Bob is asked to sign on",
    tell: async (s) => {
      await annAnswers(s);
      await bobAnswers(s);
      await hears(s, "bob", "pound");
      await s.ann.cancels();
    },
    outcome: "visitor-cancelled",
    calledBob: 1,
  },
  {
    name: "Ann ends the conversation on the page",
    tell: async (s) => {
      await connect(s);
      await s.ann.cancels();
    },
    outcome: "completed",
    calledBob: 1,
  },
  {
    name: "they talk until the time is up",
    bank: { policy: { maxCallMinutes: 2 } },
    tell: connect,
    outcome: "time-limit",
    calledBob: 1,
  },
  {
    name: "Bob first: he signs on, hears the whisper, and then Ann is called",
    bank: centerFirst,
    tell: async (s) => {
      await bobSignsOn(s);
      await hears(s, "bob", "Mortgages");
      await hears(s, "bob", "customer is being called");
      await annAnswers(s);
      await s.ann.untilSees("connected");
      s.bob.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
  },
  {
    name: "Bob first: Ann does not answer, and Bob is told",
    bank: centerFirst,
    tell: async (s) => {
      await bobSignsOn(s);
      await hears(s, "bob", "cannot be reached");
    },
    outcome: "user-no-answer",
    calledBob: 1,
  },
  {
    name: "Bob first: he hangs up while Ann's telephone rings",
    bank: centerFirst,
    tell: async (s) => {
      await bobSignsOn(s);
      await s.until(() => s.ann.phone.rings, "Ann's telephone rings");
      s.bob.hangsUp();
    },
    outcome: "agent-hung-up-early",
    calledBob: 1,
  },
  {
    name: "Bob first, but Ann typed her number: she is asked before he is called",
    bank: centerFirst,
    signed: false,
    tell: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "press 1");
      assert.equal(s.bob.lines.length, 0, "no center without consent");
      s.ann.phone.presses("1");
      await bobSignsOn(s);
      await s.ann.untilSees("connected");
      s.bob.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
  },
  {
    name: "both at once: Ann is there first",
    bank: bothAtOnce,
    tell: async (s) => {
      await annAnswers(s);
      await s.until(
        () => s.ann.phone.heard.some(({ play }) => play.endsWith("ringback")),
        "Ann hears ringback",
      );
      await bobSignsOn(s);
      await s.ann.untilSees("connected");
      s.ann.phone.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
  },
  {
    name: "both at once: Bob is there first",
    bank: bothAtOnce,
    tell: async (s) => {
      await bobSignsOn(s);
      await annAnswers(s);
      await s.ann.untilSees("connected");
      s.bob.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
  },
  {
    name: "both at once: Ann is busy, and Bob's telephone stops ringing",
    bank: bothAtOnce,
    phones: (s) => void (s.ann.phone.reaction = { type: "is-busy" }),
    tell: async () => {},
    outcome: "user-busy",
    calledBob: 1,
  },
  {
    name: "both at once: Bob is busy while Ann hears the announcement; Carol takes the call",
    bank: { ...bothAtOnce, routes: 2 },
    phones: (s) => void (s.bob.reaction = { type: "declines", afterMs: 1500 }),
    tell: async (s) => {
      await annAnswers(s);
      await s.until(() => s.carol.rings, "Carol's telephone rings");
      s.carol.answers();
      await hears(s, "carol", "pound");
      s.carol.presses("#");
      await s.ann.untilSees("connected");
      s.carol.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
    calledCarol: 1,
  },
  {
    name: "Bob keys a code over the whisper: it is cut short, and Ann sees the page when she is connected",
    tell: async (s) => {
      await annAnswers(s);
      await bobSignsOn(s);
      await hears(s, "bob", "Mortgages");
      s.bob.presses("12#");
      await s.ann.untilSees("rates");
      assert.equal(whisperEnd(s), "stopped");
      assert.equal(s.unit.bridged.length, 1, "not before she was connected");
      await hears(s, "bob", "[confirm]");
      s.bob.hangsUp();
    },
    outcome: "completed",
    pushed: ["rates"],
    calledBob: 1,
  },
  {
    name: "Bob cuts the whisper short and keys a code in one go",
    tell: async (s) => {
      await annAnswers(s);
      await bobSignsOn(s);
      await hears(s, "bob", "Mortgages");
      s.bob.presses("#12#");
      await s.ann.untilSees("rates");
      s.ann.phone.hangsUp();
    },
    outcome: "completed",
    pushed: ["rates"],
    calledBob: 1,
  },
  {
    name: "Bob keys a code without its end over the whisper: he hears all of it, and the page comes after the bridge",
    tell: async (s) => {
      await annAnswers(s);
      await bobSignsOn(s);
      await hears(s, "bob", "Mortgages");
      s.bob.presses("7");
      await s.ann.untilSees("form");
      assert.equal(whisperEnd(s), "done");
      s.bob.hangsUp();
    },
    outcome: "completed",
    pushed: ["form"],
    calledBob: 1,
  },
  {
    name: "Bob signs on with a star, and cuts the whisper short with it",
    bank: { policy: { signOn: { key: "*" } } },
    tell: async (s) => {
      await annAnswers(s);
      await bobAnswers(s);
      await hears(s, "bob", "star");
      s.bob.presses("*");
      await hears(s, "bob", "Mortgages");
      s.bob.presses("*");
      await s.ann.untilSees("connected");
      assert.equal(whisperEnd(s), "stopped");
      s.bob.presses("12#");
      await s.ann.untilSees("rates");
      s.bob.hangsUp();
    },
    outcome: "completed",
    pushed: ["rates"],
    calledBob: 1,
  },
  {
    name: "Ann's page is in Spanish: her announcements are, Bob's are in the bank's language",
    language: "es",
    signed: false,
    tell: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "pulse 1");
      s.ann.phone.presses("1");
      await hears(s, "ann", "No cuelgue");
      await bobSignsOn(s);
      await s.ann.untilSees("connected");
      s.bob.hangsUp();
      await hears(s, "ann", "Gracias");
    },
    outcome: "completed",
    calledBob: 1,
  },
  {
    name: "the bank has a recording of its own for the announcement",
    bank: { policy: { announcements: { callingCenter: { file: "hold.wav" } } } },
    tell: async (s) => {
      await annAnswers(s);
      await hears(s, "ann", "[hold.wav]");
      await bobSignsOn(s);
      await s.ann.untilSees("connected");
      s.bob.hangsUp();
    },
    outcome: "completed",
    calledBob: 1,
  },
  ...earlyEnds,
  ...endsByThePlatform,
];
