import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import type { PagePushed } from "#call-manager/call-record.ts";
import { CallStory } from "#rig/call-story.ts";
import { checkPermits, checkRecordAgainstCall } from "#rig/stored-call.ts";
import { storyBank } from "#rig/story-bank.ts";
import type { Reaction, VirtualPhone } from "#rig/virtual-phone.ts";
import { type Database, openDatabase } from "#store/database.ts";
import fc from "fast-check";

let database: Database;
before(async () => {
  database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
});
after(() => database.close());

const reaction: fc.Arbitrary<Reaction> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("answers" as const), afterMs: fc.nat(8000) }) },
  fc.constant<Reaction>({ type: "rings" }),
  fc.constant<Reaction>({ type: "is-busy" }),
  fc.record({ type: fc.constant("declines" as const), afterMs: fc.nat(3000) }),
  fc.constant<Reaction>({ type: "is-unreachable" }),
);

/** What somebody does, and how long after the click. */
const act = fc.record({
  atMs: fc.nat(60_000),
  who: fc.constantFrom("ann" as const, "bob" as const, "carol" as const),
  does: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom("#", "1#", "12#", "7", "99#", "1", "9", "4711#") },
    fc.constantFrom("hangs-up", "cancels", "closes-page", "clicks"),
  ),
});

type Drawn<T> = T extends fc.Arbitrary<infer Value> ? Value : never;

/** Who wants this call to come about, and tries again and again. */
const eager: readonly Drawn<typeof act>[] = Array.from({ length: 20 }, (_, at) => at * 3000).flatMap(
  (atMs) => [
    { atMs, who: "ann", does: "1" },
    { atMs, who: "bob", does: "#" },
    { atMs, who: "carol", does: "#" },
  ],
);

const randomCall = fc.record({
  policy: fc.record({
    legOrder: fc.constantFrom("user-first" as const, "center-first" as const, "both-at-once" as const),
    confirmation: fc.constantFrom("always" as const, "unless-signed" as const, "never" as const),
    maxCallMinutes: fc.constantFrom(1, 30),
    signOn: fc.record({
      whenNobody: fc.constantFrom("hang-up" as const, "next-route" as const, "bridge" as const),
    }),
  }),
  routes: fc.constantFrom(1 as const, 2 as const),
  signed: fc.boolean(),
  ann: reaction,
  bob: reaction,
  carol: reaction,
  acts: fc.array(act, { maxLength: 14 }),
  eager: fc.boolean(),
  /** Ann's browser is open, and shows what comes. */
  looks: fc.boolean(),
  /** At which touch of the world each life of the web process ends. */
  dieAt: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 4 }),
});

test("500 random calls, with random people and deaths, all end as they should", async (t) => {
  const seed = Number(process.env["TANDEM_SEED"] ?? 20260105);
  t.diagnostic(`seed ${seed}`);
  const sums = { bridged: 0, asked: 0, agreed: 0, shown: 0, notShown: 0 };
  const property = fc.asyncProperty(randomCall, async (wish) => {
    const bank = storyBank({ policy: wish.policy, routes: wish.routes });
    const story = new CallStory(database, bank, wish.dieAt);
    const beganAtMs = story.clock.now();
    story.ann.phone.reaction = wish.ann;
    story.bob.reaction = wish.bob;
    story.carol.reaction = wish.carol;
    await story.open();
    await story.ann.clicks({ signed: wish.signed });
    const acts = wish.eager ? [...wish.acts, ...eager] : wish.acts;
    for (const { atMs, who, does } of acts.toSorted((x, y) => x.atMs - y.atMs)) {
      await story.passes(Math.max(0, beganAtMs + atMs - story.clock.now()));
      await perform(story, who === "ann" ? story.ann.phone : story[who], does);
      if (!wish.looks) continue;
      await story.passes(0);
      await story.ann.pages();
    }
    // Those who talk may do so until the time is up.
    await story.until(async () => (await story.ann.record())?.state === "ended", "the end", 40 * 60_000);
    const results = await check(story);
    sums.shown += results.filter((result) => result === "shown").length;
    sums.notShown += results.filter((result) => result === "not-shown").length;
    const agreed = checkConsent(story, mustAsk(wish));
    sums.bridged += story.unit.bridged.length;
    if (mustAsk(wish)) sums.asked += 1;
    if (mustAsk(wish) && agreed) sums.agreed += 1;
  });
  await fc.assert(property, { numRuns: 500, seed });
  t.diagnostic(`${sums.bridged} were bridged; ${sums.asked} had to be agreed to, ${sums.agreed} were`);
  assert.ok(sums.bridged > 100 && sums.agreed > 50, "the calls must come far enough to prove something");
  assert.ok(sums.asked - sums.agreed > 50, "and not all of them may be agreed to");
  assert.ok(sums.shown > 10 && sums.notShown > 10, `${sums.shown} pages shown, ${sums.notShown} not`);
});

/** What the policy says of this number, by the policy's own words (docs/configuration.md). */
function mustAsk({ policy, signed }: Drawn<typeof randomCall>): boolean {
  switch (policy.confirmation) {
    case "always":
      return true;
    case "unless-signed":
      return !signed;
    case "never":
      return false;
  }
}

async function perform(story: CallStory, phone: VirtualPhone, does: string): Promise<void> {
  switch (does) {
    case "hangs-up":
      return phone.hangsUp();
    case "cancels":
      return story.ann.cancels();
    case "closes-page":
      return story.ann.closesPage();
    case "clicks":
      // The same form once more: the same call.
      await story.ann.clicks({ again: true });
      return;
    default:
      return phone.presses(does);
  }
}

/** Gives what became of the pages that were pushed. */
async function check(story: CallStory): Promise<readonly PagePushed["result"][]> {
  const { unit, ann, bob, carol } = story;
  const record = await ann.record();
  const pages = (await ann.pages()).map(({ page }) => page);
  await story.close();
  assert.ok(record !== undefined);
  await checkRecordAgainstCall(record, ann.session, database);
  assert.deepEqual(story.errors, [], "no step failed");

  // Nobody dialled twice: one line to Ann, one a route.
  for (const phone of [ann.phone, bob, carol])
    assert.ok(
      unit.dialed.filter(({ user }) => user === phone.user).length <= 1,
      `${phone.user} dialled twice`,
    );
  assert.ok(unit.bridged.length <= 1);

  // No bridge without a whisper, no call without a permit.
  for (const { atMs, legs } of unit.bridged) {
    const agent = [bob, carol].find(({ line }) => line !== undefined && legs.includes(line.leg));
    const whisper = agent?.heard.find(({ play }) => play.endsWith(".whisper"));
    assert.ok(whisper !== undefined && whisper.atMs <= atMs, "bridged without a whisper");
  }
  assert.ok(!ann.phone.hasHeard("A47"), "Ann heard the whisper");
  await checkPermits(unit.dialed, { call: record.call, visitor: ann.phone.user }, database);

  // What the record says is what happened.
  assert.deepEqual(
    pages.flatMap((page) => (page.type === "pushed" ? [page.page] : [])),
    record.pagesPushed.filter(({ result }) => result === "shown").map(({ page }) => page),
  );
  const results = record.pagesPushed.map(({ result }) => result);
  assert.ok(!results.includes("awaited"), "nothing is awaited when all is over");
  assert.deepEqual(pages.at(-1), { type: "disconnect", outcome: record.outcome });
  assert.equal(pages.filter(({ type }) => type === "disconnect").length, 1);
  if (record.outcome === "completed") assert.equal(unit.bridged.length, 1);
  assert.notEqual(record.outcome, "platform-failed");
  const { line } = ann.phone;
  const talkedMs = (line?.endedAtMs ?? 0) - (line?.answeredAtMs ?? line?.endedAtMs ?? 0);
  assert.ok(Math.abs(record.userLegSeconds * 1000 - talkedMs) <= 1000, "seconds as the telephone saw them");
  return results;
}

/** No center without consent, whichever center: what counts is the first key on Ann's own telephone that means yes or no. */
function checkConsent({ ann, unit }: CallStory, asked: boolean): boolean {
  const decided = ann.phone.pressed.find(({ digit }) => digit === "1" || digit === "9");
  const agreed = decided?.digit === "1";
  const centers = unit.dialed.filter(({ user }) => user !== ann.phone.user);
  if (!asked) assert.ok(!ann.phone.hasHeard("press 1"), "Ann was asked without need");
  else if (!agreed) assert.deepEqual(centers, [], "a center was called without consent");
  else
    for (const { atMs, user } of centers)
      assert.ok(decided.atMs <= atMs, `${user} was called before Ann agreed`);
  return agreed;
}
