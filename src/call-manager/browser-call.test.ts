import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { SessionId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { CallStory } from "#rig/call-story.ts";
import { type StoryBank, storyBank } from "#rig/story-bank.ts";
import { type Database, openDatabase } from "#store/database.ts";

/** What the unit is told to ring for a visitor in a browser, whatever that browser is called. */
const browserUser = "visitor";

describe("a call from the browser", () => {
  let database: Database;
  beforeEach(async () => {
    database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  });
  afterEach(() => database.close());
  const opened = async (bank: StoryBank): Promise<CallStory> => {
    const story = new CallStory(database, bank);
    await story.open();
    return story;
  };

  for (const legOrder of ["user-first", "center-first", "both-at-once"] as const)
    test(`policy ${legOrder}: the browser is connected before the center is called, and no key is asked for`, async () => {
      const story = await opened(
        storyBank({ browserCalls: true, policy: { confirmation: "always", legOrder } }),
      );
      const browser = story.unit.phone(browserUser);
      await story.ann.clicks({ fromBrowser: true });
      await story.until(() => browser.rings, "Ann's browser is called");
      assert.equal(story.unit.dialed.length, 1, "a click alone rings no center");
      browser.answers();
      await story.until(() => story.bob.rings, "Bob's telephone rings");
      assert.ok(!browser.hasHeard("press 1"));
      const [toAnn, toBob] = story.unit.dialed;
      assert.ok(toAnn?.target.type === "phone");
      assert.match(toAnn.target.phone, /^guest-[0-9a-f]{24}$/);
      assert.ok(toAnn.target.guest?.digest.md5 !== undefined);
      assert.deepEqual(toAnn.identity, {});
      assert.equal(toBob?.identity.callingNumber, undefined, "a browser has no number to show");
      assert.equal((await story.ann.record())?.visitorNumber, "browser");
      await story.ann.cancels();
      await story.ann.untilSees("visitor-cancelled");
      await story.close();
    });

  test("the call's own session learns what its pages log in by, while the call is live, and nobody else", async () => {
    const story = await opened(storyBank({ browserCalls: true }));
    await story.ann.clicks({ fromBrowser: true });
    const { call, session } = story.ann;
    assert.ok(call !== undefined);
    await story.until(() => story.unit.dialed.length > 0, "Ann's browser is called");
    const login = await story.ask((manager) => manager.browserPhone(call, session));
    const [toAnn] = story.unit.dialed;
    assert.ok(login !== undefined && toAnn?.target.type === "phone");
    assert.equal(login.name, toAnn.target.phone);
    const others = await story.ask((manager) => manager.browserPhone(call, "session-x" as SessionId));
    assert.equal(others, undefined);
    await story.ann.cancels();
    await story.ann.untilSees("visitor-cancelled");
    assert.equal(await story.ask((manager) => manager.browserPhone(call, session)), undefined);
    await story.close();
  });

  test("a call to a telephone has no such login", async () => {
    const story = await opened(storyBank({ browserCalls: true }));
    await story.ann.clicks();
    const { call, session } = story.ann;
    assert.ok(call !== undefined);
    assert.equal(await story.ask((manager) => manager.browserPhone(call, session)), undefined);
    await story.ann.cancels();
    await story.ann.untilSees("visitor-cancelled");
    await story.close();
  });

  test("a subscriber who has not said so is not called from browsers", async () => {
    const story = await opened(storyBank());
    const refusal = { type: "refused", why: "browser-not-allowed" };
    assert.deepEqual(await story.ann.clicks({ fromBrowser: true }), refusal);
    assert.equal(story.unit.dialed.length, 0);
    await story.close();
  });

  for (const limit of [
    "perAddressPerHour",
    "perPrefixPerHour",
    "perSubscriberPerHour",
    "perSubscriberAtOnce",
  ] as const)
    test(`${limit} holds for browsers as for telephones, and counts both`, async () => {
      const { limits } = storyBank().subscriber.policy;
      const policy = { limits: { ...limits, [limit]: 2 } };
      const story = await opened(storyBank({ browserCalls: true, policy }));
      await story.ann.clicks();
      const [zoe, max] = [story.visitor("Zoe", "+14158887779"), story.visitor("Max", "+14158887780")];
      assert.equal((await zoe.clicks({ fromBrowser: true })).type, "begun");
      assert.equal((await max.clicks({ fromBrowser: true })).type, "refused");
      assert.equal((await max.clicks()).type, "refused");
      for (const visitor of [story.ann, zoe]) {
        await visitor.cancels();
        await visitor.untilSees("visitor-cancelled");
      }
      await story.close();
    });
});
