import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { silentLog } from "#base/log.ts";
import { supervise } from "./supervise.ts";

const folder = mkdtempSync(join(tmpdir(), "tandem-supervise-"));
after(() => rmSync(folder, { recursive: true }));
const charge = join(folder, "charge.mjs");
writeFileSync(
  charge,
  "console.log(`up ${process.pid}`); setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(0));",
);

test("a killed process is started again, and close ends it for good", async () => {
  const ups: number[] = [];
  let heard = () => {};
  const supervisor = supervise(
    [
      {
        name: "charge",
        script: charge,
        environment: {},
        onLine: (line) => {
          ups.push(Number(line.split(" ")[1]));
          heard();
        },
      },
    ],
    silentLog,
  );
  const upTimes = async (times: number): Promise<void> => {
    while (ups.length < times)
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
  };

  await upTimes(1);
  const first = supervisor.pids()["charge"];
  assert.ok(first !== undefined && first === ups[0]);
  process.kill(first, "SIGKILL");
  await upTimes(2);
  const second = supervisor.pids()["charge"];
  assert.ok(second !== undefined && second !== first);

  await supervisor.close();
  assert.throws(() => process.kill(second, 0), "the process is gone");
});

test("a spare waits, loaded, and takes the place of a process that was killed", async () => {
  const script = join(folder, "with-spare.mjs");
  writeFileSync(
    script,
    `const serve = (how) => { console.log(how + " " + process.pid); setInterval(() => {}, 1000); };
     process.on("SIGTERM", () => process.exit(0));
     if (process.argv.includes("--spare")) {
       process.stdin.once("data", () => serve("spare"));
       process.stdin.once("end", () => process.exit(0));
     } else serve("first");`,
  );
  const lines: string[] = [];
  let heard = () => {};
  const onLine = (line: string): void => {
    lines.push(line);
    heard();
  };
  const supervisor = supervise([{ name: "charge", script, environment: {}, spare: true, onLine }], silentLog);
  const saidTimes = async (times: number): Promise<void> => {
    while (lines.length < times)
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
  };

  await saidTimes(1);
  for (let death = 1; death <= 2; death++) {
    process.kill(supervisor.pids()["charge"] ?? 0, "SIGKILL");
    await saidTimes(death + 1);
    assert.equal(lines.at(-1), `spare ${supervisor.pids()["charge"]}`);
  }
  await supervisor.close();
  for (const line of lines) assert.throws(() => process.kill(Number(line.split(" ")[1]), 0), "all are gone");
});
