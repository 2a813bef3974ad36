import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { resumeCalls, stopCalls } from "#network/dial-permit.ts";
import { CallStory } from "#rig/call-story.ts";
import { storyBank } from "#rig/story-bank.ts";
import { type Database, openDatabase } from "#store/database.ts";

describe("begin call", () => {
  let database: Database;
  before(async () => {
    database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  });
  after(() => database.close());

  const opened = async (bank = storyBank()): Promise<CallStory> => {
    const story = new CallStory(database, bank);
    await story.open();
    return story;
  };
  const refusal = (why: string) => ({ type: "refused", why });

  test("a double click is one call", async () => {
    const story = await opened();
    const answers = await Promise.all([story.ann.clicks(), story.ann.clicks({ again: true })]);
    const [first, second] = answers.map((answer) => (answer.type === "begun" ? answer : undefined));
    assert.equal(first?.call, second?.call);
    assert.deepEqual([first?.resumed, second?.resumed].sort(), [false, true]);
    await story.ann.cancels();
    await story.close();
    assert.ok(story.unit.dialed.length <= 1);
  });

  test("a second tab of the session gets the live call, and a new one when that has ended", async () => {
    const story = await opened();
    const first = await story.ann.clicks();
    const second = await story.ann.clicks();
    assert.deepEqual(second, { ...first, resumed: true });
    await story.ann.cancels();
    await story.ann.untilSees("visitor-cancelled");
    const third = await story.ann.clicks();
    assert.ok(
      third.type === "begun" && first.type === "begun" && third.call !== first.call && !third.resumed,
    );
    await story.ann.cancels();
    await story.ann.untilSees("visitor-cancelled");
    await story.close();
  });

  test("an old ticket gives its own call, also when that has long ended", async () => {
    const story = await opened();
    const first = await story.ann.clicks();
    await story.ann.cancels();
    await story.ann.untilSees("visitor-cancelled");
    assert.deepEqual(await story.ann.clicks({ again: true }), { ...first, resumed: true });
    await story.close();
  });

  test("while the unit is out of reach a call that was begun is found, and no new one is begun", async () => {
    const story = await opened();
    const first = await story.ann.clicks();
    await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
    story.unit.hides();
    const hiddenAtMs = story.clock.now();
    story.clock.at(hiddenAtMs + 1500, () => story.unit.showsAgain());
    assert.deepEqual(await story.ann.clicks({ again: true }), { ...first, resumed: true });
    assert.deepEqual(await story.ann.clicks(), { ...first, resumed: true }, "in another tab");
    assert.equal(story.clock.now(), hiddenAtMs, "Ann had to wait for the unit");
    const zoe = story.visitor("Zoe", "+14158887779");
    // A unit that died is back within a second or two: who would begin a call waits for it.
    const [begun] = await Promise.all([zoe.clicks(), story.passes(1600)]);
    assert.ok(begun.type === "begun" && !begun.resumed);
    const record = await zoe.record();
    assert.ok(
      (record?.beganAtMs ?? 0) >= hiddenAtMs + 1500,
      "Zoe's call began while the unit was out of reach",
    );
    for (const visitor of [story.ann, zoe]) {
      await visitor.cancels();
      await visitor.untilSees("visitor-cancelled");
    }
    await story.close();
  });

  test("two visitors talk at the same time, each with an agent of their own", async () => {
    const story = await opened();
    const zoe = story.visitor("Zoe", "+14158887777");
    const calls = await Promise.all([story.ann.clicks(), zoe.clicks()]);
    assert.notEqual(calls[0]?.type === "begun" && calls[0].call, calls[1]?.type === "begun" && calls[1].call);
    await story.until(() => story.ann.phone.rings && zoe.phone.rings, "both telephones ring");
    story.ann.phone.answers();
    zoe.phone.answers();
    await story.until(() => story.bob.lines.length === 2, "two calls to the center");
    for (const line of story.bob.lines) line.answer();
    await story.passes(1000);
    for (const line of story.bob.lines) line.press("#");
    await story.ann.untilSees("connected");
    await zoe.untilSees("connected");
    const references = [await story.ann.record(), await zoe.record()].map((record) => record?.reference);
    assert.notEqual(references[0], references[1]);
    zoe.phone.hangsUp();
    await zoe.untilSees("completed");
    assert.equal(await story.ann.sees(), "connected", "the other call goes on");
    story.ann.phone.hangsUp();
    await story.ann.untilSees("completed");
    await story.close();
  });

  test("a signed token starts one call", async () => {
    const story = await opened();
    await story.ann.clicks({ token: "t-1" });
    await story.ann.cancels();
    await story.ann.untilSees("visitor-cancelled");
    assert.deepEqual(await story.ann.clicks({ token: "t-1" }), refusal("token-already-used"));
    await story.close();
  });

  test("a number that cannot be called is refused with the reason", async () => {
    const story = await opened();
    assert.deepEqual(await story.ann.clicks({ phone: "12" }), refusal("number-impossible"));
    assert.deepEqual(await story.ann.clicks({ phone: "+442079460000" }), refusal("country-not-allowed"));
    assert.deepEqual(await story.ann.clicks({ phone: "+19005550123" }), refusal("number-type-not-allowed"));
    await story.close();
    assert.equal(story.unit.dialed.length, 0);
  });

  test("who pressed 9 is called no more", async () => {
    const story = await opened();
    await story.ann.clicks({ signed: false });
    await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
    story.ann.phone.answers();
    await story.until(() => story.ann.phone.hasHeard("press 1"), "the question");
    story.ann.phone.presses("9");
    await story.ann.untilSees("user-refused-calls");
    assert.deepEqual(await story.ann.clicks(), refusal("number-refuses-calls"));
    await story.close();
  });

  test("outside the hours nothing is placed", async () => {
    const story = await opened(storyBank({ closed: true }));
    assert.deepEqual(await story.ann.clicks(), refusal("outside-hours"));
    await story.close();
  });

  test("the operator's stop holds from the next click on", async () => {
    const story = await opened();
    await database.transaction((tx) => stopCalls(tx, "platform", { atMs: story.clock.now(), why: "fraud" }));
    assert.deepEqual(await story.ann.clicks(), refusal("platform-stopped"));
    await database.transaction((tx) => resumeCalls(tx, "platform"));
    await story.close();
  });

  test("a limit that is reached refuses the click and leaves nothing behind", async () => {
    const { limits } = storyBank().subscriber.policy;
    const story = await opened(storyBank({ policy: { limits: { ...limits, perNumberPer10Minutes: 1 } } }));
    await story.ann.clicks();
    await story.ann.cancels();
    await story.ann.untilSees("visitor-cancelled");
    const before = (await story.ann.pages()).length;
    assert.deepEqual(await story.ann.clicks(), refusal("too-many-calls-to-number"));
    assert.equal((await story.ann.pages()).length, before);
    await story.close();
  });

  test("another session can neither end the call nor close its page", async () => {
    const story = await opened();
    await story.ann.clicks();
    const zoe = story.visitor("Zoe", "+14158887778");
    zoe.call = story.ann.call;
    await zoe.cancels();
    await zoe.closesPage();
    await story.until(() => story.ann.phone.rings, "Ann's telephone rings on");
    await story.ann.cancels();
    await story.ann.untilSees("visitor-cancelled");
    await story.close();
  });
});
