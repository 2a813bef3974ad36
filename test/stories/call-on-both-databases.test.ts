import assert from "node:assert/strict";
import { test } from "node:test";
import { forEachDatabase } from "#rig/databases.ts";
import { quietDatabase } from "#rig/quiet-database.ts";
import { tellStory } from "#rig/tell-story.ts";
import { callStories } from "./call-stories.ts";

const told = [
  "Ann types her number and agrees with 1 on the telephone",
  "Bob pushes a page, and again, and another; Ann goes back from each",
  "both at once: Bob is there first",
];

forEachDatabase((_make, open) => {
  for (const name of told) {
    test(name, async () => {
      const story = callStories.find((each) => each.name === name);
      assert.ok(story !== undefined);
      const { database, quiet } = quietDatabase(await open());
      const { crossings } = await tellStory(database, story, [], quiet);
      // And again, with the process dying in the first third, the middle, the last third.
      for (const part of [0.2, 0.5, 0.8])
        await tellStory(database, story, [Math.ceil(crossings * part)], quiet);
    });
  }
});
