import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "#rig/processes.ts";
import { annsNumber, areTalking, type Story, tellStory } from "#rig/story.ts";

/** As an operator does it: by `bin/tandem`, beside a platform with a call on it. */
test("Ann and Bob talk while the database is copied; a platform begun on the copy calls nobody again, and serves the next call", {
  timeout: 180_000,
}, async () => {
  using folder = temporaryFolder("backup");
  const copy = join(folder.path, "copy.sqlite");

  await tellStory({}, async (story) => {
    const [ann, bob] = await talking(story);
    const made = await tandem(`backup ${copy}`, { TANDEM_DATA: story.platform.folder });
    assert.equal(made.code, 0, made.output);
    assert.equal(statSync(copy).mode & 0o777, 0o600);
    const again = await tandem(`backup ${copy}`, { TANDEM_DATA: story.platform.folder });
    assert.deepEqual([again.code, /is there already/.test(again.output)], [1, true]);

    // The unit's socket tells of the platform, and without it the database itself does.
    for (const [socket, why] of [
      [join(story.platform.folder, "unit.sock"), "its unit answers"],
      [join(folder.path, "elsewhere.sock"), "Somebody has"],
    ] as const) {
      const environment = { TANDEM_DATA: story.platform.folder, TANDEM_UNIT_SOCKET: socket };
      const refused = await tandem(`restore ${copy}`, environment);
      assert.equal(refused.code, 1);
      assert.ok(refused.output.includes(why) && refused.output.includes("Nothing was changed"));
    }

    await bob.presses("12#");
    await ann.sees("30 years fixed: 6.1 %");
    await bob.hangsUp();
    await ann.isHungUp();
    assert.equal((await story.record()).outcome, "completed");
  });

  const data = join(folder.path, "data");
  mkdirSync(data);
  const restored = await tandem(`restore ${copy}`, { TANDEM_DATA: data });
  assert.equal(restored.code, 0, restored.output);

  await tellStory({ databaseUrl: `sqlite:${join(data, "tandem.sqlite")}` }, async (story) => {
    const [ann, bob] = await talking(story);
    await bob.presses("12#");
    await ann.sees("30 years fixed: 6.1 %");
    await bob.hangsUp();
    await ann.isHungUp();
    await ann.sees("Goodbye");
    const outcomes = (await story.calls()).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, ["completed", "platform-failed"]);
    // The call of the copy rang nobody here: each telephone was called once, by the new one.
    for (const { phone } of [ann, bob]) {
      const rings = phone.log.filter(({ text }) => text === "rings");
      assert.equal(rings.length, 1, JSON.stringify(phone.log));
    }
  });
});

test("for a PostgreSQL the commands name its own tools", async () => {
  for (const [words, tool] of [
    ["backup copy", "pg_dump"],
    ["restore copy", "pg_restore"],
  ] as const) {
    const { code, output } = await tandem(words, { TANDEM_DATABASE: "postgres://tandem:secret@127.0.0.1/t" });
    assert.equal(code, 1);
    assert.ok(output.includes(tool) && !output.includes("secret"), output);
  }
});

async function talking(story: Story) {
  const [ann, bob] = [story.caller("Ann"), story.agent("Bob")];
  await ann.clicks("mortgages", { signed: { context: { phone: annsNumber, whisperCode: "A47" } } });
  await areTalking(ann, bob);
  return [ann, bob] as const;
}

/** Both streams together. */
function tandem(
  words: string,
  settings: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      join(import.meta.dirname, "../../bin/tandem"),
      words.split(" "),
      { env: { ...process.env, ...settings } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
}
