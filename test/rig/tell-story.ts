import assert from "node:assert/strict";
import type { Database } from "#store/database.ts";
import { bankOf, type Story } from "../stories/story-acts.ts";
import { CallStory } from "./call-story.ts";
import { checkPermits, checkRecordAgainstCall } from "./stored-call.ts";
import { bobsDnis, carolsDnis } from "./story-bank.ts";

/**
 * Tells one story from Ann's click to the last leg's end, and checks what must hold of every call, however often the web process
 * died on the way. Gives how often it touched the world: the moments at which it can die.
 */
export async function tellStory(
  database: Database,
  story: Story,
  dieAt: readonly number[] = [],
  quiet: CallStory["quiet"] = async () => {},
): Promise<{ readonly crossings: number; readonly lives: number }> {
  const told = new CallStory(database, bankOf(story), dieAt);
  told.quiet = quiet;
  story.phones?.(told);
  await told.open();
  const answer = await told.ann.clicks({
    signed: story.signed ?? true,
    language: story.language ?? "en",
  });
  assert.equal(answer.type, "begun");
  await story.tell(told);
  await told.ann.untilSees(story.outcome);
  const { crossings } = told;
  await checkEnd(told, story, database);
  return { crossings, lives: told.lives };
}

async function checkEnd(told: CallStory, story: Story, database: Database): Promise<void> {
  const { ann, unit } = told;
  const record = await ann.record();
  const pages = await ann.pages();
  await told.close();
  assert.deepEqual(told.errors, [], "no step failed");

  // One record, and the journal holds all of it.
  await checkRecordAgainstCall(record, ann.session, database);
  assert.equal(record?.outcome, story.outcome);
  assert.equal(record.state, "ended");
  assert.deepEqual(
    record.pagesPushed.map(({ page }) => page),
    story.pushed ?? [],
  );

  // Each page once, the end once and last.
  const shown = pages.map(({ page }) => page);
  assert.deepEqual(
    shown.flatMap((page) => (page.type === "pushed" ? [page.page] : [])),
    story.pushed ?? [],
  );
  assert.deepEqual(
    shown.flatMap((page, index) => (page.type === "disconnect" ? [index] : [])),
    [shown.length - 1],
  );
  assert.deepEqual(
    pages.map(({ seq }) => seq),
    pages.map((_, index) => index + 1),
  );

  // Nobody dialled twice, and nobody without need.
  const dialed = (user: string): number => unit.dialed.filter((dial) => dial.user === user).length;
  assert.ok(dialed(ann.phone.user) <= 1, "Ann dialled twice");
  assert.equal(dialed(bobsDnis), story.calledBob ?? 0, "calls to Bob");
  assert.equal(dialed(carolsDnis), story.calledCarol ?? 0, "calls to Carol");
  await checkPermits(unit.dialed, { call: record.call, visitor: ann.phone.user }, database);
  // A leg may end while the command to join it is on its way.
  const refused = unit.refused.filter((why) => why !== "bridge: a leg is not answered");
  assert.deepEqual(refused, [], "commands that the unit refused");

  // No bridge without a whisper before it, and what was said was said once.
  for (const { atMs, legs } of unit.bridged) {
    const agent = [told.bob, told.carol].find(({ line }) => line !== undefined && legs.includes(line.leg));
    const whisper = agent?.heard.find(({ play }) => play.endsWith(".whisper"));
    assert.ok(whisper !== undefined && whisper.atMs <= atMs, "bridged without a whisper");
    assert.ok(!ann.phone.hasHeard("A47"), "Ann heard the whisper");
  }
  for (const phone of [ann.phone, told.bob, told.carol]) {
    const plays = phone.heard.map(({ play }) => play);
    assert.equal(new Set(plays).size, plays.length, `${phone.user} heard something twice`);
  }
}
