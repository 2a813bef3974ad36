import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { SessionId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { CallStory } from "#rig/call-story.ts";
import { storyBank } from "#rig/story-bank.ts";
import { promptWords } from "#rig/virtual-phone.ts";
import { openDatabase } from "#store/database.ts";

test("the agent hears that a page is shown when the browser says so, and the record tells it", async (t) => {
  const story = await theyTalk(t);
  story.bob.presses("12#");
  await story.passes(2_000);
  assert.deepEqual(tones(story), [], "nobody has shown it yet");
  assert.equal(await says(story, 1), "shown");
  assert.equal(await says(story, 1), "shown", "safe to say twice");
  await story.passes(500);
  assert.deepEqual(tones(story), ["[confirm]"]);
  assert.deepEqual(await results(story), ["rates shown"]);
});

test("a page that no browser shows within five seconds is taken back, and the agent hears it", async (t) => {
  const story = await theyTalk(t);
  story.bob.presses("12#");
  await story.passes(4_000);
  assert.deepEqual(tones(story), []);
  await story.passes(2_000);
  assert.deepEqual(tones(story), ["[refuse]"]);
  assert.equal(await says(story, 1), "not-shown", "too late");
  assert.equal(await story.ann.sees(), "connected", "what she saw before");
  assert.deepEqual(await results(story), ["rates not-shown"]);

  story.bob.presses("12#");
  await story.ann.untilSees("rates");
  await story.passes(500);
  assert.deepEqual(tones(story), ["[refuse]", "[confirm]"]);
  assert.deepEqual(await results(story), ["rates not-shown", "rates shown"]);
});

test("a page that waits over the web process's death gets its five seconds again", async (t) => {
  const story = await theyTalk(t);
  story.bob.presses("12#");
  await story.passes(3_000);
  story.webProcessDies();
  await story.passes(4_000);
  assert.equal(await says(story, 1), "shown");
  await story.passes(500);
  assert.deepEqual(tones(story), ["[confirm]"]);
});

test("the end of the call takes back what nobody has shown", async (t) => {
  const story = await theyTalk(t);
  story.bob.presses("12#7#");
  await story.passes(2_000);
  assert.equal(await says(story, 2), "shown");
  story.bob.hangsUp();
  await story.until(async () => (await story.ann.record())?.state === "ended", "the call ends");
  assert.deepEqual(await results(story), ["rates not-shown", "form shown"]);
  assert.equal(await says(story, 1), "not-shown");
  const pushed = (await story.ann.pages()).flatMap(({ page }) => (page.type === "pushed" ? [page.page] : []));
  assert.deepEqual(pushed, ["form"]);
});

test("nobody else's browser, and no number of no page, says anything", async (t) => {
  const story = await theyTalk(t);
  story.bob.presses("12#");
  await story.passes(500);
  assert.equal(await says(story, 1, "session_mallory" as SessionId), undefined);
  assert.equal(await says(story, 2), "not-shown");
  assert.equal(await says(story, 1), "shown");
});

async function theyTalk(t: TestContext): Promise<CallStory> {
  const database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  const story = new CallStory(database, storyBank());
  await story.open();
  t.after(async () => {
    story.bob.hangsUp();
    await story.until(async () => (await story.ann.record())?.state === "ended", "the call ends");
    await story.close();
    await database.close();
    assert.deepEqual(story.errors, []);
  });
  await story.ann.clicks();
  await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
  story.ann.phone.answers();
  await story.until(() => story.bob.rings, "Bob's telephone rings");
  story.bob.answers();
  await story.until(() => story.bob.hasHeard("pound"), "Bob is asked");
  story.bob.presses("#");
  await story.ann.untilSees("connected");
  return story;
}

/** Ann's browser, unless told otherwise. */
function says(story: CallStory, push: number, session = story.ann.session) {
  const { call } = story.ann;
  if (call === undefined) throw new Error("Ann has no call");
  return story.ask((manager) => manager.pageShown(call, session, push));
}

function tones(story: CallStory): readonly string[] {
  return story.bob.heard
    .map(({ prompt }) => promptWords(prompt))
    .filter((words) => ["[confirm]", "[refuse]"].includes(words));
}

async function results(story: CallStory): Promise<readonly string[]> {
  const pages = (await story.ann.record())?.pagesPushed ?? [];
  return pages.map(({ page, result }) => `${page} ${result}`);
}
