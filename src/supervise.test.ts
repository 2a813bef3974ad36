import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeLog, silentLog } from "#base/log.ts";
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

test("a process that dies at once is started later each time, and the fifth death is an error", async () => {
  const dies = join(folder, "dies.mjs");
  writeFileSync(dies, "process.exit(3);");
  const lines: Record<string, unknown>[] = [];
  const told = Promise.withResolvers<void>();
  const log = makeLog({
    process: "supervisor",
    level: "info",
    destination: {
      write(line) {
        lines.push(JSON.parse(line) as Record<string, unknown>);
        if (lines.at(-1)?.["code"] === "CRASH_LOOP") told.resolve();
      },
    },
  });
  const supervisor = supervise([{ name: "charge", script: dies, environment: {} }], log);
  await told.promise;
  await supervisor.close();
  const waits = lines.flatMap(({ againInMs }) => (typeof againInMs === "number" ? [againInMs] : []));
  assert.equal(waits.length, 5);
  assert.ok(
    waits.every((wait, at) => at === 0 || wait > (waits[at - 1] ?? 0)),
    waits.join(),
  );
  assert.deepEqual([lines[0]?.["exit"], lines[0]?.["charge"], lines.at(-1)?.["deaths"]], [3, "charge", 5]);
});
