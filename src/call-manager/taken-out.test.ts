import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { CallStory } from "#rig/call-story.ts";
import { storyBank } from "#rig/story-bank.ts";
import { type Database, openDatabase } from "#store/database.ts";

describe("a subscriber or a subject that the operator takes out under a live call", () => {
  let database: Database;
  before(async () => {
    database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  });
  after(() => database.close());

  const opened = async (signed: boolean) => {
    const { network, ...bank } = storyBank();
    const gone = { subscriber: false, subject: false };
    const story = new CallStory(database, {
      ...bank,
      network: {
        ...network,
        subscriber: async (id) => (gone.subscriber ? undefined : network.subscriber(id)),
        subject: async (id, name) =>
          gone.subject || gone.subscriber ? undefined : network.subject(id, name),
      },
    });
    await story.open();
    await story.ann.clicks({ signed });
    await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
    return { story, gone };
  };
  const endsWithoutABug = async (story: CallStory): Promise<void> => {
    await story.ann.untilSees("not-permitted");
    assert.deepEqual(story.errors, []);
    assert.ok(story.ann.phone.hasHeard("No agent can take your call"), "Ann was told");
    await story.close();
  };

  test("ends it before the question", async () => {
    const { story, gone } = await opened(false);
    gone.subject = true;
    story.ann.phone.answers();
    await endsWithoutABug(story);
    assert.equal(story.bob.lines.length, 0);
  });

  test("ends it before the center is called", async () => {
    const { story, gone } = await opened(true);
    story.ann.phone.answers();
    await story.until(() => story.ann.phone.hasHeard("Please hold the line"), "the announcement");
    gone.subscriber = true;
    await endsWithoutABug(story);
    assert.equal(story.bob.lines.length, 0);
  });

  test("ends it before the sign-on", async () => {
    const { story, gone } = await opened(true);
    story.ann.phone.answers();
    await story.until(() => story.bob.rings, "Bob's telephone rings");
    gone.subscriber = true;
    story.bob.answers();
    await endsWithoutABug(story);
  });

  test("lets those talk who talk", async () => {
    const { story, gone } = await opened(true);
    story.ann.phone.answers();
    await story.until(() => story.bob.rings, "Bob's telephone rings");
    story.bob.answers();
    await story.until(() => story.bob.hasHeard("pound"), "Bob is asked");
    story.bob.presses("#");
    await story.ann.untilSees("connected");
    gone.subscriber = true;
    await story.passes(60_000);
    assert.equal(await story.ann.sees(), "connected");
    story.bob.hangsUp();
    await story.ann.untilSees("completed");
    assert.ok(story.ann.phone.hasHeard("Goodbye"));
    assert.deepEqual(story.errors, []);
    await story.close();
  });
});
