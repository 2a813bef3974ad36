import assert from "node:assert/strict";
import { test } from "node:test";
import { bankConfig } from "#rig/bank.ts";
import { permitsOf as storedPermitsOf } from "#rig/stored-permits.ts";
import { annsNumber, type Story, tellStory } from "#rig/story.ts";

const toAnn = { subscriber: "bank", number: annsNumber, kind: "user" };
const toBob = { subscriber: "bank", number: "+12025550142", kind: "center" };
const toCarol = { subscriber: "bank", number: "+12025550190", kind: "center" };

test("when a telephone rings, its permit is in the database already, and no other", {
  timeout: 120_000,
}, async () => {
  const limits = { ...bankConfig({ user: 1, center: 1 }).subscribers["bank"]?.policy?.limits };
  const policy = { limits: { ...limits, perNumberPer10Minutes: 1 }, confirmation: "never" } as const;
  await tellStory({ policy }, async (story) => {
    const ann = story.caller("Ann");
    await ann.clicks("mortgages");
    assert.deepEqual(permitsOf(story), [], "a click permits nothing");
    await ann.submitsNumber();
    await ann.rings();
    assert.deepEqual(permitsOf(story), [toAnn]);
    await ann.answers();
    const bob = story.agent("Bob");
    await bob.rings();
    assert.deepEqual(permitsOf(story), [toAnn, toBob]);
    await bob.isBusy();
    await story.overflowAgent("Carol").rings();
    assert.deepEqual(permitsOf(story), [toAnn, toBob, toCarol]);
    await ann.hangsUp();
    await ann.sees("The call ended early");

    // The next one is refused before anything is dialled.
    const again = story.caller("Ann");
    await again.clicks("mortgages");
    await again.submitsNumber();
    await again.sees("This number was called several times already");
    assert.deepEqual(permitsOf(story), [toAnn, toBob, toCarol]);
    assert.equal((await story.record()).outcome, "user-hung-up-early");
  });
});

function permitsOf({ platform }: Story) {
  return storedPermitsOf(platform).map(({ subscriber, number, kind }) => ({ subscriber, number, kind }));
}
