import assert from "node:assert/strict";
import { test } from "node:test";
import { annsNumber, areTalking, type Story, tellStory } from "#rig/story.ts";

/** The telecommunications unit is killed (kill -9) in every phase of a call; the supervisor's spare takes its place. */
test("the unit dies while it rings, announces, rings Bob, whispers and joins them: the call goes on", {
  timeout: 240_000,
}, async () => {
  await tellStory({ supervised: true }, async (story) => {
    const [ann, bob] = [story.caller("Ann"), story.agent("Bob")];
    await ann.clicks("mortgages", { signed: { context: { phone: annsNumber, whisperCode: "A47" } } });
    await ann.confirmsNumber();
    await ann.rings();
    await unitDies(story);
    await ann.answers();
    await unitDies(story);
    await ann.hears("speech");
    await bob.rings();
    await unitDies(story);
    await bob.answers();
    await bob.hears("speech");
    await bob.presses("#");
    await ann.sees("An agent is told what this is about (now)");
    await unitDies(story);
    await ann.sees("Leave this page open: pages");
    await unitDies(story);
    await bob.presses("12#");
    await ann.sees("30 years fixed: 6.1 %");
    await ann.hangsUp();
    await bob.isHungUp();
    await ann.sees("Goodbye");

    assert.equal((await story.record()).outcome, "completed");
    for (const { phone } of [ann, bob]) {
      assert.equal(phone.log.filter(({ text }) => text.startsWith("rings")).length, 1, "rung once");
      assert.equal(phone.log.filter(({ text }) => text.startsWith("answered")).length, 1);
    }
    assert.ok(ann.phone.digitsHeard.length === 0, "Ann hears no digit");
  });
});

test("Bob hangs up after the unit has died: Ann's line is ended too", { timeout: 120_000 }, async () => {
  await tellStory({ supervised: true }, async (story) => {
    const [ann, bob] = [story.caller("Ann"), story.agent("Bob")];
    await ann.clicks("mortgages", { signed: { context: { phone: annsNumber } } });
    await areTalking(ann, bob);
    await unitDies(story);
    await bob.hangsUp();
    await ann.isHungUp();
    await ann.sees("Goodbye");
    assert.equal((await story.record()).outcome, "completed");
  });
});

async function unitDies({ platform }: Story): Promise<void> {
  await platform.killUnit();
  await platform.startUnit();
}
