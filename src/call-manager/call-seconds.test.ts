import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { CallStory } from "#rig/call-story.ts";
import { checkRecordAgainstCall } from "#rig/stored-call.ts";
import { type StoryBank, storyBank } from "#rig/story-bank.ts";
import { type Database, openDatabase } from "#store/database.ts";
import { readJournalOfCall } from "#store/journal.ts";
import { factOf } from "./journal-fact.ts";

describe("a call's seconds", () => {
  let database: Database;
  before(async () => {
    database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  });
  after(() => database.close());

  const second = 1000;
  const answers = async (story: CallStory): Promise<void> => {
    await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
    story.ann.phone.answers();
  };
  /** Ann answers, Bob signs on, and they talk for 100 seconds. Then what `then` says; the seconds of the record. */
  const talks = async (then: (story: CallStory) => Promise<void>, bank: StoryBank = storyBank()) => {
    const story = new CallStory(database, bank);
    await story.open();
    await story.ann.clicks();
    await answers(story);
    const annFromMs = story.clock.now();
    await story.until(() => story.bob.rings, "Bob's telephone rings");
    story.bob.answers();
    const bobFromMs = story.clock.now();
    await story.until(() => story.bob.hasHeard("pound"), "Bob is asked");
    story.bob.presses("#");
    await story.ann.untilSees("connected");
    const togetherFromMs = story.clock.now();
    await story.passes(100 * second);
    const overAtMs = story.clock.now();
    await then(story);
    await story.until(async () => (await story.ann.record())?.state === "ended", "the end");
    const record = await story.ann.record();
    await checkRecordAgainstCall(record, story.ann.session, database);
    await story.close();
    assert.ok(record !== undefined);
    // What the telephones themselves saw, rounded up.
    const seen = (fromMs: number): number => Math.ceil((overAtMs - fromMs) / second);
    return {
      told: [record.userLegSeconds, record.centerLegSeconds, record.bridgedSeconds],
      seen: [seen(annFromMs), seen(bobFromMs), seen(togetherFromMs)],
      call: record.call,
      bobsLine: story.bob.line,
    };
  };
  /** A goodbye, and the way to the unit, take a moment. */
  const agree = ({ told, seen }: { readonly told: readonly number[]; readonly seen: readonly number[] }) => {
    for (const [index, seconds] of seen.entries())
      assert.ok(Math.abs((told[index] ?? 0) - seconds) <= 8, `${told.join(", ")}, not ${seen.join(", ")}`);
  };

  test("are what the telephones saw", async () => {
    agree(await talks(async (story) => story.ann.phone.hangsUp()));
  });

  test("end with the conversation, also where the process was away for a minute", async () => {
    const { told, seen, bobsLine } = await talks(async (story) => {
      story.webProcessDies();
      story.ann.phone.hangsUp();
      await story.clock.advance(60 * second);
    });
    // Bob's own line was up until somebody was there to end it.
    const { answeredAtMs = 0, endedAtMs = 0 } = bobsLine ?? {};
    const [ann = 0, , together = 0] = seen;
    agree({ told, seen: [ann, Math.ceil((endedAtMs - answeredAtMs) / second), together] });
  });

  test("are known when the unit is lost with its lines", async () => {
    agree(await talks(async (story) => story.unit.restart()));
  });

  test("are known when the unit cannot be heard at the end", async () => {
    agree(
      await talks(async (story) => {
        story.unit.hides();
        await story.ann.cancels();
        await story.passes(200 * second);
        story.unit.showsAgain();
      }),
    );
  });

  test("are no night when both processes were away for one", async () => {
    const { told } = await talks(async (story) => {
      story.unit.hides();
      story.webProcessDies();
      story.unit.restart();
      await story.clock.advance(8 * 3600 * second);
      story.unit.showsAgain();
    });
    // The unit would have ended both lines: ten minutes to the bridge, thirty to talk, one for the goodbye.
    for (const seconds of told) assert.ok(seconds <= 41 * 60, told.join(", "));
  });

  test("of a center that was let go end there, also when the unit is lost later", async () => {
    const bank = storyBank({ routes: 2, policy: { signOn: { whenNobody: "next-route" } } });
    const story = new CallStory(database, bank);
    await story.open();
    await story.ann.clicks();
    await answers(story);
    await story.until(() => story.bob.rings, "Bob's telephone rings");
    story.bob.answers();
    await story.until(() => story.carol.rings, "nobody signs on, and Carol's telephone rings");
    await story.passes(25 * second);
    story.carol.answers();
    await story.passes(5 * second);
    story.unit.restart();
    await story.ann.untilSees("platform-failed");
    const { centerLegSeconds = 0 } = (await story.ann.record()) ?? {};
    await story.close();
    assert.ok(centerLegSeconds >= 25 && centerLegSeconds <= 27, String(centerLegSeconds));
  });

  test("can be told from the journal alone: it says when each line answered", async () => {
    const { call, told } = await talks(async (story) => story.ann.phone.hangsUp());
    const rows = await readJournalOfCall(database, call);
    const answered = rows.flatMap((row) => factOf(row).answered ?? []);
    assert.deepEqual(
      answered.map(({ leg }) => leg),
      [`${call}.user`, `${call}.center.1`],
    );
    const endAtMs = rows.at(-1)?.atMs ?? 0;
    for (const [index, { atMs }] of answered.entries())
      assert.ok(Math.abs((endAtMs - atMs) / second - (told[index] ?? 0)) <= 8);
  });
});
