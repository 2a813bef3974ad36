import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { CallStory } from "#rig/call-story.ts";
import { storyBank } from "#rig/story-bank.ts";
import { type Database, openDatabase } from "#store/database.ts";

/** Whether the visitor's telephone itself must agree, for each policy and kind of number. */
const asks = {
  always: { signed: true, typed: true },
  "unless-signed": { signed: false, typed: true },
  never: { signed: false, typed: false },
} as const;

describe("no center without consent", () => {
  let database: Database;
  before(async () => {
    database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  });
  after(() => database.close());

  for (const confirmation of ["always", "unless-signed", "never"] as const)
    for (const number of ["signed", "typed"] as const)
      for (const legOrder of ["user-first", "center-first", "both-at-once"] as const) {
        const asked = asks[confirmation][number];
        const does = asked ? "asks before the center is called" : "asks nothing";
        test(`${confirmation}, a ${number} number, ${legOrder}: ${does}`, async () => {
          const story = new CallStory(database, storyBank({ policy: { confirmation, legOrder } }));
          await story.open();
          await story.ann.clicks({ signed: number === "signed" });
          if (asked) await annIsAskedFirst(story);
          else await nobodyIsAsked(story, legOrder);
          await story.ann.untilSees("connected");
          assert.equal(story.ann.phone.hasHeard("press 1"), asked);
          assert.equal((await story.ann.record())?.legOrder, asked ? "user-first" : legOrder);
          story.ann.phone.hangsUp();
          await story.ann.untilSees("completed");
          await story.close();
        });
      }
});

async function annIsAskedFirst(story: CallStory): Promise<void> {
  const { phone } = story.ann;
  await story.until(() => phone.rings, "Ann's telephone rings");
  phone.answers();
  await story.until(() => phone.hasHeard("press 1"), "Ann is asked");
  // Another key is no consent, nor is time.
  phone.presses("5");
  await story.passes(10_000);
  assert.equal(story.unit.dialed.length, 1, "the center was called before Ann agreed");
  phone.presses("1");
  await bobSignsOn(story);
}

async function nobodyIsAsked(story: CallStory, legOrder: string): Promise<void> {
  const { phone } = story.ann;
  if (legOrder === "center-first") await bobSignsOn(story);
  await story.until(() => phone.rings, "Ann's telephone rings");
  phone.answers();
  if (legOrder !== "center-first") await bobSignsOn(story);
}

async function bobSignsOn(story: CallStory): Promise<void> {
  await story.until(() => story.bob.rings, "Bob's telephone rings");
  story.bob.answers();
  await story.until(() => story.bob.hasHeard("pound"), "Bob is asked to sign on");
  story.bob.presses("#");
}
