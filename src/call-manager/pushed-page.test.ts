import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { CallStory } from "#rig/call-story.ts";
import { storyBank } from "#rig/story-bank.ts";
import { openDatabase } from "#store/database.ts";

test("a page that comes while the visitor closes the one before it stays", async (t) => {
  const database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  t.after(() => database.close());
  const bank = storyBank();
  const gate = { open: Promise.resolve() };
  const { pageForDigits } = bank.network;
  const network = {
    ...bank.network,
    pageForDigits: async (...asked: Parameters<typeof pageForDigits>) => {
      await gate.open;
      return pageForDigits(...asked);
    },
  };
  const story = new CallStory(database, { ...bank, network });
  await story.open();
  await story.ann.clicks();
  await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
  story.ann.phone.answers();
  await story.until(() => story.bob.rings, "Bob's telephone rings");
  story.bob.answers();
  await story.until(() => story.bob.hasHeard("pound"), "Bob is asked");
  story.bob.presses("#");
  await story.ann.untilSees("connected");
  story.bob.presses("12#");
  await story.ann.untilSees("rates");

  const { promise, resolve } = Promise.withResolvers<void>();
  gate.open = promise;
  story.bob.presses("7#");
  await story.passes(1000);
  await story.ann.closesPage();
  resolve();
  await story.ann.untilSees("form");
  await story.passes(1000);
  assert.equal(await story.ann.sees(), "form", "the page that she did not close");
  await story.ann.closesPage();
  await story.ann.untilSees("connected");
  story.bob.hangsUp();
  await story.ann.untilSees("completed");
  await story.close();
});
