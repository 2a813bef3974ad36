import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { annsNumber, tellStory } from "#rig/story.ts";

test("the operator saves half a configuration, and the web process dies: the call goes on to its goodbye", {
  timeout: 120_000,
}, async () => {
  await tellStory({}, async (story) => {
    const ann = story.caller("Ann");
    await ann.clicks("mortgages", { signed: { context: { phone: annsNumber } } });
    await ann.confirmsNumber();
    await ann.answers();
    const bob = story.agent("Bob");
    await bob.answers();

    writeFileSync(join(story.platform.folder, "tandem.config.json"), '{ "trunks": {');
    await story.platform.killWeb();
    await story.platform.startWeb();

    await bob.presses("#");
    await ann.sees("Leave this page open: pages");
    await bob.presses("12#");
    await ann.sees("30 years fixed: 6.1 %");
    await bob.hangsUp();
    await ann.isHungUp();
    await ann.sees("Goodbye");
    assert.equal((await story.record()).outcome, "completed");
    assert.match(story.platform.output(), /what was loaded before holds on/);
  });
});
