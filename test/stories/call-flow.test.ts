import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ConfigShape } from "#network/config-schema.ts";
import { annsNumber, type Story, type StoryOptions, tellStory } from "#rig/story.ts";

/**
 * The call flow, steps 201-219, told as stories: each once as it is, and once with the web process killed (kill -9) between any
 * two lines. The second telling must not differ from the first in anything that a person could notice.
 */
interface Tale extends StoryOptions {
  readonly title: string;
  readonly tell: (story: Story) => Promise<void>;
}

const tales: readonly Tale[] = [
  {
    title: "Ann clicks, agrees on her telephone, talks with Bob, is shown a page, and both say goodbye",
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("mortgages");
      await ann.submitsNumber("(202) 555-0123");
      await ann.sees("Your telephone is ringing");
      await ann.answers();
      await ann.hears("speech");
      await ann.sees("Press 1 on your telephone");
      await ann.presses("1");
      await ann.sees("We are calling the right person");

      const bob = story.agent("Bob");
      const call = await bob.rings();
      assert.equal(call.dialled, "7001", "the DNIS is what the center's equipment takes as dialled");
      assert.equal(call.from, annsNumber);
      await bob.answers();
      await bob.hears("speech");
      await bob.presses("#");
      await ann.sees("Leave this page open: pages");

      await bob.presses("12#");
      await ann.sees("30 years fixed: 6.1 %");
      await bob.hears("tone confirm");
      await ann.closesPage();
      await ann.sees("Leave this page open: pages");
      await bob.presses("99#");
      await bob.hears("tone refuse");
      await bob.presses("12#");
      await ann.sees("30 years fixed: 6.1 %");

      await bob.hangsUp();
      await ann.isHungUp();
      await ann.sees("Goodbye");
      const record = await story.record();
      assert.equal(record.outcome, "completed");
      assert.deepEqual(
        record.pagesPushed.map(({ page, digits }) => ({ page, digits })),
        [
          { page: "rates", digits: "12" },
          { page: "rates", digits: "12" },
        ],
      );
      assert.ok(ann.phone.digitsHeard.length === 0, "Ann hears no digit");
    },
  },
  {
    title: "the bank signed Ann's number: she is not asked for a key",
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("mortgages", { signed: { context: { phone: annsNumber, whisperCode: "A47" } } });
      await ann.confirmsNumber();
      await ann.answers();
      const bob = story.agent("Bob");
      await bob.answers();
      await bob.hears("speech");
      await bob.presses("#");
      await ann.sees("Leave this page open: pages");
      await ann.hangsUp();
      await bob.isHungUp();
      await ann.sees("Goodbye");
      assert.equal((await story.record()).outcome, "completed");
    },
  },
  {
    title: "center first: Bob signs on and is briefed before Ann's telephone rings",
    policy: { legOrder: "center-first", confirmation: "never" },
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("mortgages");
      await ann.submitsNumber();
      const bob = story.agent("Bob");
      await bob.answers();
      assert.equal(ann.phone.state, "idle");
      await bob.hears("speech");
      await bob.presses("#");
      await ann.answers();
      await ann.sees("Leave this page open: pages");
      await bob.hangsUp();
      await ann.isHungUp();
      assert.equal((await story.record()).legOrder, "center-first");
    },
  },
  {
    title: "both at once: both telephones ring, and both people are joined",
    policy: { legOrder: "both-at-once", confirmation: "never" },
    async tell(story) {
      const ann = story.caller("Ann");
      const bob = story.agent("Bob");
      await ann.clicks("mortgages");
      await ann.submitsNumber();
      await bob.rings();
      await ann.rings();
      await ann.answers();
      await bob.answers();
      await bob.presses("#");
      await ann.sees("Leave this page open: pages");
      await ann.hangsUp();
      await bob.isHungUp();
      assert.equal((await story.record()).outcome, "completed");
    },
  },
  {
    title: "Ann's telephone is busy",
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("mortgages");
      await ann.submitsNumber();
      await ann.isBusy();
      await ann.sees("Your telephone was busy");
      await ann.sees("Call again");
      assert.equal((await story.record()).outcome, "user-busy");
    },
  },
  {
    title: "Ann does not pick up",
    policy: { userRingSeconds: 5 },
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("mortgages");
      await ann.submitsNumber();
      await ann.rings();
      await ann.isHungUp();
      await ann.sees("You did not answer");
      assert.equal((await story.record()).outcome, "user-no-answer");
    },
  },
  {
    title: "somebody else's telephone was typed in: 9 ends it, and the number is not called again",
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("mortgages");
      await ann.submitsNumber();
      await ann.answers();
      await ann.hears("speech");
      await ann.presses("9");
      await ann.isHungUp();
      await ann.sees("You will not be called again");
      assert.equal((await story.record()).outcome, "user-refused-calls");
      await ann.clicks("mortgages");
      await ann.submitsNumber();
      await ann.sees("The owner of this number asked not to be called");
      assert.equal((await story.record()).routesTried.length, 0, "no center was called without consent");
    },
  },
  {
    title: "the first center is busy and the second one takes the call",
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("mortgages", { signed: { context: { phone: annsNumber } } });
      await ann.confirmsNumber();
      await ann.answers();
      await story.agent("Bob").isBusy();
      const carol = story.overflowAgent("Carol");
      assert.equal((await carol.rings()).dialled, "8800");
      await carol.answers();
      await carol.presses("#");
      await ann.sees("Leave this page open: pages");
      await carol.hangsUp();
      await ann.sees("Goodbye");
      const record = await story.record();
      assert.deepEqual(
        record.routesTried.map(({ dnis }) => dnis),
        ["7001", "8800"],
      );
    },
  },
  {
    title: "both centers are busy: Ann is told on her telephone and on the page",
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("mortgages", { signed: { context: { phone: annsNumber } } });
      await ann.confirmsNumber();
      await ann.answers();
      await story.agent("Bob").isBusy();
      await story.overflowAgent("Carol").isBusy();
      await ann.isHungUp();
      await ann.sees("All lines are busy");
      assert.equal((await story.record()).outcome, "center-busy");
    },
  },
  {
    title: "voicemail answers at the center: nobody signs on",
    policy: { signOn: { seconds: 3, asks: 1, whenNobody: "hang-up" } },
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("mortgages", { signed: { context: { phone: annsNumber } } });
      await ann.confirmsNumber();
      await ann.answers();
      const voicemail = story.agent("Voicemail");
      await voicemail.answers();
      await voicemail.isHungUp();
      await ann.isHungUp();
      assert.equal((await story.record()).outcome, "nobody-signed-on");
    },
  },
  {
    title: "a PIN is asked for: the wrong one is refused, the right one signs on",
    policy: { signOn: { pin: "4711" } },
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("mortgages", { signed: { context: { phone: annsNumber } } });
      await ann.confirmsNumber();
      await ann.answers();
      const bob = story.agent("Bob");
      await bob.answers();
      await bob.presses("1234#");
      await bob.hears("tone refuse");
      await bob.presses("4711#");
      await ann.sees("Leave this page open: pages");
      await bob.hangsUp();
      await ann.sees("Goodbye");
      assert.equal((await story.record()).outcome, "completed");
    },
  },
  {
    title: "Ann hangs up while the center still rings",
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("mortgages", { signed: { context: { phone: annsNumber } } });
      await ann.confirmsNumber();
      await ann.answers();
      const bob = story.agent("Bob");
      await bob.rings();
      await ann.hangsUp();
      await bob.isHungUp();
      assert.equal((await story.record()).outcome, "user-hung-up-early");
    },
  },
  {
    title: "Bob hangs up before he signed on, and there is no other center",
    config: withoutOverflow,
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("mortgages", { signed: { context: { phone: annsNumber } } });
      await ann.confirmsNumber();
      await ann.answers();
      const bob = story.agent("Bob");
      await bob.answers();
      await bob.hears("speech");
      await bob.hangsUp();
      await ann.isHungUp();
      assert.equal((await story.record()).outcome, "agent-hung-up-early");
    },
  },
  {
    title: "Ann cancels on the page while her telephone rings",
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("mortgages");
      await ann.submitsNumber();
      await ann.rings();
      await ann.sees("Your telephone is ringing");
      await ann.cancels();
      await ann.isHungUp();
      await ann.sees("The call was cancelled");
      assert.equal((await story.record()).outcome, "visitor-cancelled");
    },
  },
  {
    title: "the center is closed: Ann is told, and nothing is dialled",
    async tell(story) {
      const ann = story.caller("Ann");
      await ann.clicks("savings");
      await ann.sees("Example Bank takes no calls about");
      assert.deepEqual(await story.calls(), []);
    },
  },
];

function withoutOverflow(config: ConfigShape): ConfigShape {
  const { bank } = config.subscribers;
  const mortgages = bank?.subjects["mortgages"];
  if (bank === undefined || mortgages === undefined) throw new Error("The bank has mortgages.");
  const subjects = { ...bank.subjects, mortgages: { ...mortgages, routes: mortgages.routes.slice(0, 1) } };
  return { ...config, subscribers: { bank: { ...bank, subjects } } };
}

for (const crashes of [false, true]) {
  describe(crashes ? "with a kill -9 of the web process between the lines" : "as it is", {
    concurrency: 3,
  }, () => {
    for (const { title, tell, ...options } of tales) {
      test(title, { timeout: 300_000 }, () => tellStory({ ...options, crashes }, tell));
    }
  });
}
