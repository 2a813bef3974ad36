import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { openCallManager } from "#call-manager/open-call-manager.ts";
import { CallStory } from "#rig/call-story.ts";
import { checkRecordAgainstCall } from "#rig/stored-call.ts";
import { bobsDnis, storyBank } from "#rig/story-bank.ts";
import { type Database, openDatabase } from "#store/database.ts";

async function opened(t: TestContext, wrapped = (database: Database) => database) {
  const database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  t.after(() => database.close());
  const bank = storyBank();
  const story = new CallStory(wrapped(database), bank);
  await story.open();
  return { story, database, bank };
}

async function connect(story: CallStory): Promise<void> {
  await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
  story.ann.phone.answers();
  await story.until(() => story.bob.rings, "Bob's telephone rings");
  story.bob.answers();
  await story.until(() => story.bob.hasHeard("pound"), "Bob is asked");
  story.bob.presses("#");
  await story.ann.untilSees("connected");
}

async function pushedPages(story: CallStory): Promise<readonly string[]> {
  const pages = await story.ann.pages();
  return pages.flatMap(({ page }) => (page.type === "pushed" ? [page.page] : []));
}

/** It answers nothing while `broken`. */
class Brittle {
  broken = false;
  readonly wrap = (database: Database): Database => ({
    ...database,
    tables: () => {
      if (this.broken) throw new Error("The disk is full.");
      return database.tables();
    },
    rows: (query, parameters) => {
      if (this.broken) throw new Error("The disk is full.");
      return database.rows(query, parameters);
    },
    transaction: async (work) => {
      if (this.broken) throw new Error("The disk is full.");
      return database.transaction(work);
    },
  });
}

test("the database is away again and again while they talk: nothing is lost, and the call goes on", async (t) => {
  const brittle = new Brittle();
  const { story } = await opened(t, brittle.wrap);
  await story.ann.clicks();
  await connect(story);
  for (let outage = 1; outage <= 5; outage++) {
    brittle.broken = true;
    story.bob.presses("12#");
    await story.clock.advance(4000);
    brittle.broken = false;
    await story.until(async () => (await pushedPages(story)).length === outage, `page ${outage}`);
  }
  brittle.broken = true;
  story.ann.phone.hangsUp();
  await story.clock.advance(4000);
  brittle.broken = false;
  await story.ann.untilSees("completed");
  assert.equal((await pushedPages(story)).length, 5);
  assert.ok(story.errors.length > 0, "and the operator can read of it");
  await story.close();
});

test("the web process comes back before the unit can be reached: the calls wait, and go on", async (t) => {
  const { story } = await opened(t);
  await story.ann.clicks();
  await connect(story);
  story.unit.hides();
  story.webProcessDies();
  await story.passes(5000);
  assert.equal(story.lives, 2);
  story.bob.presses("12#");
  await story.passes(5000);
  assert.equal(await story.ann.sees(), "connected");
  story.unit.showsAgain();
  await story.ann.untilSees("rates");
  story.bob.hangsUp();
  await story.ann.untilSees("completed");
  await story.close();
});

test("both processes were started anew: the call is over, and nobody is called again", async (t) => {
  const { story } = await opened(t);
  await story.ann.clicks();
  await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
  story.unit.hides();
  story.webProcessDies();
  await story.passes(5000);
  story.unit.restart();
  story.unit.showsAgain();
  await story.ann.untilSees("platform-failed");
  assert.equal(story.unit.dialed.length, 1);
  await story.close();
});

test("who should have been called long ago is not called any more", async (t) => {
  const database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  t.after(() => database.close());
  const { network, ...bank } = storyBank();
  let awayOnce = (): void => story.unit.hides();
  // The unit is away from the moment at which Ann would have been called.
  const trunk: typeof network.trunk = async (id) => {
    awayOnce();
    awayOnce = () => {};
    return network.trunk(id);
  };
  const story = new CallStory(database, { ...bank, network: { ...network, trunk } });
  await story.open();
  await story.ann.clicks();
  await story.passes(10_000);
  story.webProcessDies();
  await story.clock.advance(30_000);
  story.unit.showsAgain();
  await story.ann.untilSees("user-no-answer");
  assert.equal(story.unit.dialed.length, 0);
  await story.close();
});

test("a telephone that the unit refuses to dial is out of reach", async (t) => {
  const { story } = await opened(t);
  story.unit.refusesDials = true;
  await story.ann.clicks();
  await story.ann.untilSees("user-unreachable");
  assert.equal(story.unit.refused.length, 1, "it is asked once");
  await story.close();
});

test("two web processes on one database by mistake: each step counts once, and nobody is called twice", async (t) => {
  const { story, database, bank } = await opened(t);
  await story.ann.clicks();
  const second = await openCallManager({
    database,
    network: bank.network,
    unit: story.unit.connect(),
    pages: { changed: () => {} },
    secretKeys: [new Uint8Array(32)],
    clock: story.clock,
    random: seededRandom("second"),
    log: silentLog,
  });
  await story.passes(100);
  // Zoe's call begins where the second process does not see it; her line is not its to end.
  const zoe = story.visitor("Zoe", "+14158887777");
  await zoe.clicks();
  await connect(story);
  story.bob.presses("12#");
  await story.ann.untilSees("rates");
  await story.passes(3000);
  story.bob.hangsUp();
  await story.ann.untilSees("completed");
  await story.passes(1000);
  assert.ok(zoe.phone.rings);
  await zoe.cancels();
  await zoe.untilSees("visitor-cancelled");

  assert.deepEqual(await pushedPages(story), ["rates"]);
  const shown = (await story.ann.pages()).map(({ page }) =>
    page.type === "connect" ? page.stage : page.type,
  );
  for (const once of ["calling-you", "agent-briefed", "connected", "disconnect"])
    assert.equal(shown.filter((page) => page === once).length, 1, `${once} came not once`);
  const dialed = (user: string) => story.unit.dialed.filter((dial) => dial.user === user).length;
  assert.deepEqual([dialed(story.ann.phone.user), dialed(bobsDnis)], [1, 1]);
  await checkRecordAgainstCall(await story.ann.record(), story.ann.session, database);
  await second.close();
  await story.close();
});
