import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import type { Digit, KeyedDigit } from "#contract/telecom.ts";
import { CallStory } from "#rig/call-story.ts";
import { type PolicyWish, storyBank } from "#rig/story-bank.ts";
import { type Database, openDatabase } from "#store/database.ts";
import { readJournalOfCall } from "#store/journal.ts";
import { isSignOn, throughSignOns } from "./sign-on-keys.ts";

const pin = "4711";

function keys(pressed: string): readonly KeyedDigit[] {
  return [...pressed].map((digit, index) => ({
    seq: index + 1,
    digit: digit as Digit,
    atMs: 1000,
    durationMs: 80,
    via: "rfc4733",
  }));
}

test("sign-ons in front are told from a code for a page", () => {
  const through = (pressed: string, signOn: Parameters<typeof throughSignOns>[1]) =>
    throughSignOns(keys(pressed), signOn);
  assert.equal(through("##12#", { key: "#" }), 2);
  assert.equal(through("12##", { key: "#" }), undefined);
  assert.equal(through("4711#4711#12#", { key: "#", pin }), 10);
  assert.equal(through("**12#", { key: "*" }), 2);
  assert.equal(through("4711", { key: "#", pin }), undefined);
});

test("a sign-on's digits are known with their key and without", () => {
  for (const digits of ["", "*", pin, `${pin}*`]) assert.ok(isSignOn(digits, { key: "*", pin }), digits);
  for (const digits of ["12", "471", "*4711"]) assert.ok(!isSignOn(digits, { key: "*", pin }), digits);
  assert.ok(!isSignOn(pin, { key: "#" }));
});

describe("what an agent keys at the sign-on", () => {
  let database: Database;
  before(async () => {
    database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  });
  after(() => database.close());

  /** Bob has answered, and hears the question. */
  const asked = async (signOn: PolicyWish["signOn"] = {}): Promise<CallStory> => {
    const story = new CallStory(database, storyBank({ policy: { signOn } }));
    await story.open();
    await story.ann.clicks();
    await story.until(() => story.ann.phone.rings, "Ann's telephone rings");
    story.ann.phone.answers();
    await story.until(() => story.bob.rings, "Bob's telephone rings");
    story.bob.answers();
    await story.until(() => story.bob.hasHeard("A customer from the web"), "Bob is asked");
    return story;
  };
  /** All in one moment. */
  const keyed = (story: CallStory, digits: string): void => {
    for (const digit of digits) story.bob.lines.at(-1)?.press(digit as Digit);
  };
  const whisperEnd = (story: CallStory) => story.bob.heard.find(({ play }) => play.endsWith(".whisper"))?.end;
  const ends = async (story: CallStory): Promise<readonly string[]> => {
    await story.passes(10_000);
    story.bob.hangsUp();
    await story.ann.untilSees("completed");
    const { call } = story.ann;
    await story.close();
    const journal = call === undefined ? [] : await readJournalOfCall(database, call);
    return journal.map(({ fact }) => JSON.stringify(fact));
  };

  test("a key keyed twice while nothing happened signs on once, and the whisper is heard", async () => {
    const story = await asked();
    story.webProcessDies();
    story.bob.presses("#");
    await story.clock.advance(900);
    story.bob.presses("#");
    await story.ann.untilSees("connected");
    assert.equal(whisperEnd(story), "done");
    await ends(story);
    assert.ok(!story.bob.hasHeard("[refuse]"));
  });

  test("a code keyed with it counts after the bridge, and the whisper is heard first", async () => {
    const story = await asked();
    story.webProcessDies();
    keyed(story, "##12#");
    await story.ann.untilSees("rates");
    assert.equal(whisperEnd(story), "done");
    await ends(story);
  });

  test("a PIN keyed twice is no code, and stays out of the journal", async () => {
    const story = await asked({ pin });
    story.webProcessDies();
    keyed(story, "4711#4711#12#");
    await story.ann.untilSees("rates");
    assert.equal(whisperEnd(story), "done");
    const journal = await ends(story);
    assert.deepEqual(
      journal.filter((row) => row.includes(pin)),
      [],
    );
  });

  test("a PIN that came without its key, and too late, is no code for a page either", async () => {
    const story = await asked({ pin, whenNobody: "bridge" });
    keyed(story, pin);
    await story.ann.untilSees("connected");
    const journal = await ends(story);
    assert.ok(!story.bob.hasHeard("[refuse]"), "Bob heard that his PIN was no code");
    assert.deepEqual(
      journal.filter((row) => row.includes(pin)),
      [],
    );
  });

  test("what follows the third wrong PIN is no code for a page", async () => {
    const story = await asked({ pin, whenNobody: "bridge" });
    story.webProcessDies();
    keyed(story, "1111#2222#3333#4711");
    await story.ann.untilSees("connected");
    const journal = await ends(story);
    assert.deepEqual(
      journal.filter((row) => row.includes(pin)),
      [],
    );
  });

  test("a PIN keyed in the conversation stays out of the journal", async () => {
    const story = await asked({ pin });
    keyed(story, "4711#");
    await story.ann.untilSees("connected");
    keyed(story, "4711#");
    const journal = await ends(story);
    assert.deepEqual(
      journal.filter((row) => row.includes(pin)),
      [],
    );
  });
});
