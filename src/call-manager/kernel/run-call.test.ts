import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { systemClock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import { silentLog } from "#base/log.ts";
import type { Network } from "#network/network.ts";
import { CallStory } from "#rig/call-story.ts";
import { storyBank } from "#rig/story-bank.ts";
import { openDatabase } from "#store/database.ts";

/** A network-abstraction database that breaks `times` times when a call asks for the trunk to its visitor. */
function breaking(network: Network, times: number): Network {
  let left = times;
  return {
    ...network,
    async trunk(id) {
      if (left-- > 0) throw new TandemError("BUG", { why: "planted" });
      return network.trunk(id);
    },
  };
}

async function opened(t: TestContext, times: number): Promise<CallStory> {
  const database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  t.after(() => database.close());
  const bank = storyBank();
  const story = new CallStory(database, { ...bank, network: breaking(bank.network, times) });
  await story.open();
  return story;
}

test("a step that failed once is tried again, and the call goes on", async (t) => {
  const story = await opened(t, 1);
  await story.ann.clicks();
  await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
  await story.ann.cancels();
  await story.ann.untilSees("visitor-cancelled");
  assert.equal(story.errors.length, 1);
  await story.close();
});

test("a step that fails again and again ends its call politely, and no other", async (t) => {
  const story = await opened(t, 3);
  await story.ann.clicks();
  await story.ann.untilSees("platform-failed");
  assert.equal(story.unit.dialed.length, 0);
  const zoe = story.visitor("Zoe", "+14158887777");
  await zoe.clicks();
  await story.until(() => zoe.phone.rings, "Zoe's telephone rings");
  await zoe.cancels();
  await zoe.untilSees("visitor-cancelled");
  await story.close();
});

for (const [times, end] of [
  [1, "goes on"],
  [3, "ends"],
] as const)
  test(`what was kept for the next thing to be written is done again: after ${times} failures the call ${end}`, async (t) => {
    const database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
    t.after(() => database.close());
    const { network, ...bank } = storyBank();
    let left = 0;
    const subscriber: Network["subscriber"] = async (id) => {
      if (left-- > 0) throw new TandemError("BUG", { why: "planted" });
      return network.subscriber(id);
    };
    const story = new CallStory(database, { ...bank, network: { ...network, subscriber } });
    await story.open();
    await story.ann.clicks();
    await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
    story.ann.phone.answers();
    await story.until(() => story.ann.phone.hasHeard("An agent is being called"), "Ann is announced to");
    left = times;
    if (end === "goes on") {
      await story.until(() => story.bob.rings, "Bob's telephone rings");
      await story.ann.cancels();
      await story.ann.untilSees("visitor-cancelled");
    } else await story.ann.untilSees("platform-failed");
    const record = await story.ann.record();
    assert.deepEqual(
      record?.steps.filter(({ step }) => step === "announce").map(({ result }) => result),
      [end === "goes on" ? "announced" : "failed"],
    );
    assert.equal(story.errors.length, times);
    await story.close();
  });

test("when the unit itself comes back empty, a call whose line was lost is over", async (t) => {
  const story = await opened(t, 0);
  await story.ann.clicks();
  await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
  story.ann.phone.answers();
  await story.until(() => story.bob.rings, "Bob's telephone rings");
  story.unit.restart();
  await story.ann.untilSees("platform-failed");
  await story.close();
});
