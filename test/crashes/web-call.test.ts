import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { tellStory } from "#rig/tell-story.ts";
import { type Database, openDatabase } from "#store/database.ts";
import { callStories } from "../stories/call-stories.ts";

/**
 * Each story again, with the web process dying without notice at every moment at which it touches the world: before and after each
 * transaction, before and after each command to the unit, between every two events. And again with its successor dying too.
 */
describe("web call, with the process dying", () => {
  let database: Database;
  before(async () => {
    database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  });
  after(() => database.close());

  for (const story of callStories) {
    test(story.name, async () => {
      const { crossings } = await tellStory(database, story);
      for (let dieAt = 1; dieAt <= crossings; dieAt++) {
        // The second life is cut short too, a little later each time.
        const lives = dieAt % 3 === 0 ? [dieAt, 3 + (dieAt % 11)] : [dieAt];
        try {
          await tellStory(database, story, lives);
        } catch (cause) {
          throw new Error(
            `It ended differently when the process died at its touch ${lives.join(", then ")}.`,
            {
              cause,
            },
          );
        }
      }
      assert.ok(crossings > 5);
    });
  }
});
