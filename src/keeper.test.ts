import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { TandemError } from "#base/errors.ts";
import { silentLog } from "#base/log.ts";
import { loadedLine } from "#base/spare.ts";
import type { Charge, Code } from "./keeper.ts";
import { supervise } from "./supervise.ts";

const folder = mkdtempSync(join(tmpdir(), "tandem-keeper-"));
after(() => rmSync(folder, { recursive: true }));

/** A program that says its name and id when it serves; `instead` is what it does at that point where it does not. */
function version(name: string, { instead }: { readonly instead?: string } = {}): Code {
  const script = join(folder, `${name}.mjs`);
  writeFileSync(
    script,
    `const serve = () => {
       ${instead ?? `console.log("${name} " + process.pid);`}
       setInterval(() => {}, 1000);
     };
     if (process.argv.includes("--spare")) {
       console.log('${loadedLine}');
       const end = () => process.exit(0);
       process.stdin.once("end", end).once("data", () => {
         process.stdin.off("end", end);
         serve();
       });
     } else serve();`,
  );
  return { program: process.execPath, script };
}

/** A platform of a unit and a web process, both of version `one`. */
async function platform(t: TestContext, web: Partial<Charge> = {}) {
  const lines: string[] = [];
  let heard = (): void => {};
  const onLine = (line: string): void => {
    lines.push(line);
    heard();
  };
  const [unitOne, webOne] = [version("unit-one"), version("web-one")];
  const supervisor = supervise(
    [
      { name: "unit", script: unitOne.script, environment: {}, spare: true, makesWayBy: "SIGKILL", onLine },
      { name: "web", script: webOne.script, environment: {}, onLine, ...web },
    ],
    silentLog,
  );
  t.after(() => supervisor.close());
  const said = async (count: number): Promise<void> => {
    while (lines.length < count) await new Promise<void>((resolve) => (heard = resolve));
  };
  await said(2);
  return {
    supervisor,
    lines,
    said,
    /** What is at work, by what each said of itself. */
    atWork: () =>
      Object.values(supervisor.pids()).map(
        (pid) => lines.find((line) => line.endsWith(` ${pid}`))?.split(" ")[0],
      ),
  };
}

const failed = (why: RegExp) => (error: unknown) =>
  error instanceof TandemError && error.code === "UPGRADE_FAILED" && why.test(String(error.details["why"]));

const limit = { timeout: 30_000 };

test(
  "another version takes over, the web process first, and a death afterwards is made good by it",
  limit,
  async (t) => {
    const { supervisor, lines, said, atWork } = await platform(t);
    const before = Object.values(supervisor.pids());
    await supervisor.upgrade({ unit: version("unit-two"), web: version("web-two") });
    assert.deepEqual(atWork(), ["unit-two", "web-two"]);
    assert.deepEqual(
      lines.slice(2).map((line) => line.split(" ")[0]),
      ["web-two", "unit-two"],
    );
    for (const pid of before) assert.throws(() => process.kill(pid ?? 0, 0), "who made way is gone");
    process.kill(supervisor.pids()["unit"] ?? 0, "SIGKILL");
    await said(5);
    assert.deepEqual(atWork(), ["unit-two", "web-two"]);
  },
);

test("a unit that dies when it is to begin leaves the two that were", limit, async (t) => {
  const { supervisor, atWork } = await platform(t);
  const next = { unit: version("unit-dies", { instead: "process.exit(3);" }), web: version("web-two") };
  await assert.rejects(supervisor.upgrade(next), failed(/new unit process ended \(code 3\)/));
  assert.deepEqual(atWork(), ["unit-one", "web-one"]);
});

test("a unit that dies while it loads is never begun: the one at work does not notice", limit, async (t) => {
  const { supervisor, atWork } = await platform(t);
  const { unit } = supervisor.pids();
  const script = join(folder, "does-not-load.mjs");
  writeFileSync(script, "process.exit(4);");
  const next = { unit: { program: process.execPath, script }, web: version("web-two") };
  await assert.rejects(supervisor.upgrade(next), failed(/new unit process ended \(code 4\)/));
  assert.deepEqual(atWork(), ["unit-one", "web-one"]);
  assert.equal(supervisor.pids()["unit"], unit);
});

test("a web process that serves, but not well enough, makes way for the one before", limit, async (t) => {
  const examine = (): Promise<void> =>
    Promise.reject(new TandemError("UPGRADE_FAILED", { why: "not ready: database" }));
  const { supervisor, atWork } = await platform(t, { examine });
  const { unit } = supervisor.pids();
  await assert.rejects(
    supervisor.upgrade({ unit: version("unit-two"), web: version("web-two") }),
    failed(/^not ready: database$/),
  );
  assert.deepEqual(atWork(), ["unit-one", "web-one"]);
  assert.equal(supervisor.pids()["unit"], unit, "no line was handed over for nothing");
});

test(
  "a Node.js that is not there, and a second upgrade while one is at work, change nothing",
  limit,
  async (t) => {
    const { supervisor, atWork } = await platform(t);
    const nowhere = { program: join(folder, "no-node"), script: join(folder, "no-script.mjs") };
    const first = supervisor.upgrade({ web: nowhere });
    await assert.rejects(supervisor.upgrade({ web: version("web-two") }), failed(/another upgrade/));
    await assert.rejects(first, failed(/could not be started/));
    assert.deepEqual(atWork(), ["unit-one", "web-one"]);
  },
);

test("the platform's end in the middle of an upgrade ends it, and leaves no process", limit, async (t) => {
  const { supervisor } = await platform(t);
  const mute = version("web-mute", { instead: "" });
  const upgrade = assert.rejects(supervisor.upgrade({ web: mute }), failed(/./));
  await supervisor.close();
  await upgrade;
  assert.deepEqual(Object.values(supervisor.pids()), [undefined, undefined]);
});
