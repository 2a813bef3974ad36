import { after, before, describe, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { tellStory } from "#rig/tell-story.ts";
import { type Database, openDatabase } from "#store/database.ts";
import { callStories } from "../../test/stories/call-stories.ts";

describe("web call", () => {
  let database: Database;
  before(async () => {
    database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  });
  after(() => database.close());

  for (const story of callStories) {
    test(story.name, async () => {
      await tellStory(database, story);
    });
  }
});
