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
