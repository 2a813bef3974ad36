import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { CallStory } from "#rig/call-story.ts";
import { storyBank } from "#rig/story-bank.ts";
import { tellStory } from "#rig/tell-story.ts";
import { type Database, openDatabase } from "#store/database.ts";

describe("who keys 9 is called no more", () => {
  let database: Database;
  before(async () => {
    database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  });
  after(() => database.close());

  /** Ann typed her number, and hears the question. */
  const asked = async (wrapped: Database = database): Promise<CallStory> => {
    const story = new CallStory(wrapped, storyBank());
    await story.open();
    await story.ann.clicks({ signed: false });
    await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
    story.ann.phone.answers();
    await story.until(() => story.ann.phone.hasHeard("press 1"), "Ann is asked");
    return story;
  };
  const isRefused = async (story: CallStory): Promise<void> => {
    await story.ann.untilSees("user-refused-calls");
    assert.equal((await story.ann.record())?.outcome, "user-refused-calls");
    assert.deepEqual(await story.ann.clicks(), { type: "refused", why: "number-refuses-calls" });
    await story.close();
  };

  test("also who hangs up right after it, in the first question or between two", async () => {
    for (const afterMs of [0, 14_000]) {
      const story = await asked();
      await story.passes(afterMs);
      story.ann.phone.presses("9");
      story.ann.phone.hangsUp();
      await isRefused(story);
    }
  });

  test("also who hangs up while the process is away", async () => {
    const story = await asked();
    story.webProcessDies();
    story.ann.phone.presses("9");
    story.ann.phone.hangsUp();
    await isRefused(story);
  });

  test("also who hangs up while the database is at work on what came before", async () => {
    const slow = { by: 0 };
    const story = await asked({
      ...database,
      transaction: async (work) => {
        for (let turn = 0; turn < slow.by; turn++) await new Promise((resolve) => setImmediate(resolve));
        return database.transaction(work);
      },
    });
    slow.by = 6;
    story.ann.phone.presses("9");
    story.ann.phone.hangsUp();
    await story.clock.advance(0);
    for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
    slow.by = 0;
    await isRefused(story);
  });

  test("also when the page ends the call, and the key is heard of later", async () => {
    const story = await asked();
    story.unit.hides();
    story.ann.phone.presses("9");
    await story.ann.cancels();
    story.unit.showsAgain();
    await isRefused(story);
  });

  test("also over the goodbye, when no key came in time", async () => {
    const story = await asked();
    await story.until(() => story.ann.phone.hasHeard("Goodbye"), "the time to answer is up");
    story.ann.phone.presses("9");
    await isRefused(story);
  });

  test("however often the process dies on the way", async () => {
    const nine = {
      name: "Ann keys 9 and hangs up",
      signed: false,
      tell: async (story: CallStory): Promise<void> => {
        await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
        story.ann.phone.answers();
        await story.until(() => story.ann.phone.hasHeard("press 1"), "Ann is asked");
        story.ann.phone.presses("9");
        story.ann.phone.hangsUp();
      },
      outcome: "user-refused-calls",
    } as const;
    const { crossings } = await tellStory(database, nine);
    for (let dieAt = 1; dieAt <= crossings; dieAt++)
      await tellStory(database, nine, dieAt % 3 === 0 ? [dieAt, 3 + (dieAt % 11)] : [dieAt]);
  });

  test("but not who agreed: 1 and then the hang-up is a hang-up", async () => {
    for (const keys of ["1", "19"]) {
      const story = await asked();
      story.webProcessDies();
      for (const key of keys) story.ann.phone.presses(key);
      story.ann.phone.hangsUp();
      await story.ann.untilSees("user-hung-up-early");
      const again = await story.ann.clicks();
      assert.equal(again.type, "begun");
      await story.ann.cancels();
      await story.ann.untilSees("visitor-cancelled");
      await story.close();
    }
  });
});
