import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { mayCapture, startCapture } from "#rig/capture.ts";
import { openPlatform, type Platform } from "#rig/platform.ts";
import { installed, temporaryFolder } from "#rig/processes.ts";
import { killAgainAndAgain, type RestlessWeb } from "#rig/restless-web.ts";
import { sequence } from "#rig/sound.ts";
import {
  type CastStory,
  cast,
  configOf,
  type Lost,
  tellUnhappyStory,
  type UnhappyStory,
} from "#rig/unhappy-story.ts";
import { writeWav } from "#rig/wav.ts";
import { connectTelecomUnit } from "#telecom/client.ts";
import {
  annEndsIt,
  bobEndsIt,
  losses,
  midCall,
  refusals,
  slow,
  trunks,
  unanswered,
  webDies,
} from "./unhappy-ends.ts";

/**
 * Every way for a call to end badly, or well under bad circumstances, on the real platform: what the record says, what Ann's
 * page says, and that both telephones, which are sipp's, were told all that SIP wants told, and no more.
 */
type Chapters = Readonly<Record<string, readonly UnhappyStory[]>>;

const sideBySide: Chapters = {
  "after a while": slow,
  "a telephone refuses": refusals,
  "nobody answers": unanswered,
  "Ann ends it": annEndsIt,
  "Bob ends it": bobEndsIt,
  "in mid-call": midCall,
  "a trunk has wishes of its own": trunks,
  "the wire loses": losses,
};

// One kill is for all who are on the platform, so these take turns.
const oneByOne: Chapters = { "kill -9": webDies };

const deathSeed = process.env["TANDEM_SEED"] ?? "20261124";

tellAll("unhappy ends", sideBySide, { concurrency: 10 });
tellAll("unhappy ends, with the web process killed again and again", sideBySide, {
  concurrency: 10,
  deathSeed,
});
tellAll("unhappy ends while nobody looks", oneByOne, { concurrency: 1 });

function tellAll(
  title: string,
  chapters: Chapters,
  { concurrency, deathSeed }: { readonly concurrency: number; readonly deathSeed?: string },
): void {
  const skip = installed("sipp") ? false : "no sipp";
  describe(title, { skip }, () => {
    let house: House;
    let told = 0;
    let livedThroughDeath = 0;
    const lost = new Map<UnhappyStory, Lost>();
    before(async () => {
      house = await openHouse(Object.values(chapters).flat());
    });
    after(async () => {
      await house[Symbol.asyncDispose]();
    });

    describe("the stories", { concurrency }, () => {
      let killer: RestlessWeb | undefined;
      before(() => {
        if (deathSeed !== undefined) killer = killAgainAndAgain(house.platform, deathSeed);
      });
      after(() => killer?.rests());

      for (const [chapter, stories] of Object.entries(chapters)) {
        for (const story of stories) {
          test(`${chapter}: ${story.title}`, { timeout: 120_000 }, async () => {
            const cast = house.stories.find((each) => each.title === story.title);
            assert.ok(cast !== undefined);
            told += 1;
            const { webDeaths } = house.platform;
            lost.set(story, await tellUnhappyStory(house.platform, cast));
            if (house.platform.webDeaths > webDeaths) livedThroughDeath += 1;
          });
        }
      }
    });

    const lossy = chapters["the wire loses"] ?? [];
    if (lossy.length > 0)
      test("on a wire that loses, each message that makes and ends a call was lost at least once", () => {
        const lostOf = (who: keyof Lost, stories: readonly UnhappyStory[]): readonly string[] =>
          stories.flatMap((story) => lost.get(story)?.[who] ?? []);
        const talked = lossy.filter(({ outcome }) => outcome === "completed");
        for (const who of ["ann", "bob"] as const)
          includesAll(lostOf(who, talked), ["INVITE", "180 INVITE", "200 INVITE", "ACK", "BYE", "200 BYE"]);
        includesAll(lostOf("bob", lossy), ["CANCEL", "486 INVITE", "487 INVITE"]);
      });

    if (deathSeed !== undefined)
      test("most of the calls lived through a death of the web process", (t) => {
        const deaths = `${house.platform.webDeaths} deaths, seed ${deathSeed}`;
        t.diagnostic(`${livedThroughDeath} of ${told} calls lived through some of ${deaths}`);
        assert.ok(livedThroughDeath > told / 2);
      });

    test("afterwards there is one record a story", async () => {
      const calls = await house.platform.calls();
      assert.equal(calls.length, told);
      assert.deepEqual(
        calls.filter(({ state }) => state !== "ended"),
        [],
      );
    });

    test("afterwards there is nothing on the wire", {
      skip: mayCapture() ? false : "not allowed to capture",
      timeout: 90_000,
    }, async () => {
      // A telephone of sipp's that is gone answers nothing that was lost: timer F gives up on it after 32 s.
      let said = await saidWithinSeconds(house.platform.sipPort, 5);
      for (let more = 0; more < 7 && said.length > 0; more++)
        said = await saidWithinSeconds(house.platform.sipPort, 5);
      assert.deepEqual(said, []);
    });

    test("afterwards no leg is left in the unit, and no socket", async () => {
      await house.platform.killWeb();
      const unit = connectTelecomUnit({
        socketPath: join(house.platform.folder, "unit.sock"),
        clock: systemClock,
        log: silentLog,
      });
      try {
        await unit.ready(AbortSignal.timeout(10_000));
        assert.deepEqual(unit.legs(), []);
      } finally {
        await unit.close();
      }
      assert.equal(socketsOf(house.platform.unitPid), house.socketsBefore);
    });
  });
}

function includesAll(found: readonly string[], wanted: readonly string[]): void {
  assert.deepEqual(
    wanted.filter((each) => !found.includes(each)),
    [],
    `never lost; lost were: ${found.join(", ")}`,
  );
}

interface House extends AsyncDisposable {
  readonly platform: Platform;
  readonly stories: readonly CastStory[];
  readonly socketsBefore: number;
}

async function openHouse(told: readonly UnhappyStory[]): Promise<House> {
  await using parts = new AsyncDisposableStack();
  const prompts = parts.use(temporaryFolder("prompts"));
  mkdirSync(prompts.path, { recursive: true });
  writeWav(join(prompts.path, "long.wav"), sequence([{ hz: [300], seconds: 30 }], 0.05));
  const stories = await cast(told);
  const platform = parts.use(
    await openPlatform({ config: configOf(stories), environment: { TANDEM_PROMPTS: prompts.path } }),
  );
  const socketsBefore = socketsOf(platform.unitPid);
  const owned = parts.move();
  return { platform, stories, socketsBefore, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What leaves the platform's SIP port or comes to it. RFC 3261 T2 is 4 s: whatever is still retransmitted shows. */
async function saidWithinSeconds(sipPort: number, seconds: number): Promise<readonly string[]> {
  await using capture = await startCapture([sipPort]);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  await capture.stop();
  return capture.sip().map(({ from, to, startLine }) => `${from} to ${to}: ${startLine}`);
}

/** A process's UDP sockets: one for SIP, two for each leg. Linux names each descriptor's inode, and the inodes that are UDP's. */
function socketsOf(pid: number): number {
  const udp = new Set(
    readFileSync("/proc/net/udp", "utf8")
      .split("\n")
      .map((line) => `socket:[${line.trim().split(/\s+/)[9]}]`),
  );
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((name) => {
    try {
      return udp.has(readlinkSync(join(folder, name)));
    } catch {
      // Closed since the folder was read.
      return false;
    }
  }).length;
}
