import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { shutdownCommand, upgradeCommand } from "../../src/upgrade-command.ts";
import { annsNumber, areTalking, tellStory } from "#rig/story.ts";

/** `tandem start`, as an operator runs it: nobody but the supervisor starts what was killed. */
test("the web process is killed by its id while Ann and Bob talk: the supervisor starts the next one, and they go on", {
  timeout: 120_000,
}, async () => {
  await tellStory({ supervised: true }, async (story) => {
    const { platform } = story;
    const [ann, bob] = [story.caller("Ann"), story.agent("Bob")];
    await ann.clicks("mortgages", { signed: { context: { phone: annsNumber, whisperCode: "A47" } } });
    await areTalking(ann, bob);

    const before = { unit: platform.unitPid, web: platform.webPid() };
    await platform.killWeb();
    await bob.presses("12#");
    await platform.startWeb();
    assert.equal(platform.unitPid, before.unit);
    assert.notEqual(platform.webPid(), before.web);
    await ann.sees("30 years fixed: 6.1 %");
    await ann.closesPage();
    await bob.presses("12#");
    await ann.sees("30 years fixed: 6.1 %");

    await ann.hangsUp();
    await bob.isHungUp();
    await ann.sees("Goodbye");
    const record = await story.record();
    assert.equal(record.outcome, "completed");
    assert.deepEqual(
      record.pagesPushed.map(({ digits }) => digits),
      ["12", "12"],
    );
  });
});

test("a service manager reloads all of it, and restarts it: Ann and Bob go on, until `tandem shutdown` hangs up both", {
  timeout: 120_000,
}, async () => {
  await tellStory({ supervised: true }, async (story) => {
    const { platform } = story;
    const [ann, bob] = [story.caller("Ann"), story.agent("Bob")];
    await ann.clicks("mortgages", { signed: { context: { phone: annsNumber } } });
    await areTalking(ann, bob);
    // An upgrade in place.
    process.kill(parentOf(platform.unitPid), "SIGHUP");
    await platform.startUnit();
    await bob.presses("12#");
    await ann.sees("30 years fixed: 6.1 %");
    await ann.closesPage();

    await platform.restart();
    await bob.presses("12#");
    await ann.sees("30 years fixed: 6.1 %");

    const environment = { TANDEM_DATA: platform.folder };
    const ends = Promise.all([ann.isHungUp(), bob.isHungUp()]);
    assert.deepEqual(await shutdownCommand(environment), {
      code: 0,
      text: "Every call was hung up, and the platform has ended.\n",
    });
    await ends;
    assert.equal((await shutdownCommand(environment)).code, 1, "nobody is there");
    assert.match((await upgradeCommand(undefined, environment)).text, /^No `tandem start` answers at /);
  });
});

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
