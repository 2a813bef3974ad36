import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { startPeer, temporaryFolder } from "#rig/processes.ts";
import { type Check, check } from "./checks.ts";
import { Disk, type Files, type Touch } from "./power/disk.ts";
import { touchesIn } from "./power/trace.ts";

const calls = 200;
const fileNames = ["tandem.sqlite", "tandem.sqlite-wal"] as const;

/**
 * C9. A process begins 200 calls as a visitor's form does, and strace writes down each octet that it gives to the disk, each flush, and
 * each call that it acknowledged. Then the power goes: at every acknowledgement and before every flush, with every loss that a disk may
 * make of what was not flushed. Whatever is found is opened as the next process opens it.
 */
export async function* provePowerLoss(): AsyncIterable<Check> {
  using folder = temporaryFolder("power");
  let touches: readonly Touch[] = [];
  yield await check(`${calls} calls begin, each written down`, async () => {
    touches = await traced(folder.path);
    const count = (type: Touch["type"]): number => touches.filter((touch) => touch.type === type).length;
    assert.equal(acknowledgedIn(touches).size, calls);
    assert.ok(count("flush") >= calls, "each is flushed before it is acknowledged");
    return `${count("write")} writes, ${count("flush")} flushes`;
  });
  yield await check("whenever the power goes, nothing that was acknowledged is lost", () => {
    const disk = new Disk();
    const acknowledged = new Set<string>();
    let states = 0;
    for (const touch of touches) {
      if (touch.type === "said") for (const call of acknowledgedIn([touch])) acknowledged.add(call);
      if (touch.type === "flush" || touch.type === "said")
        for (const files of disk.afterPowerLoss()) {
          assertKept(join(folder.path, "found"), files, acknowledged);
          states += 1;
        }
      disk.touched(touch);
    }
    assert.ok(states > 2 * calls, `${states} states are too few to prove anything`);
    return `${states} states of the disk, ${acknowledged.size} calls`;
  });
  yield await check("a database that loses what was flushed is found out", () => {
    const flushed = touches.filter(({ type }) => type !== "flush").slice(0, touches.length / 2);
    const disk = new Disk();
    for (const touch of flushed) disk.touched(touch);
    const [nothing = new Map()] = disk.afterPowerLoss();
    assert.throws(() => assertKept(join(folder.path, "found"), nothing, acknowledgedIn(flushed)));
  });
}

async function traced(folder: string): Promise<readonly Touch[]> {
  const trace = join(folder, "trace");
  const calling = join(import.meta.dirname, "power/begins-calls.ts");
  await using peer = await startPeer({
    program: "strace",
    words: [
      ...["-f", "-y", "-xx", "-s", "1000000", "-o", trace],
      ...["-e", "trace=write,pwrite64,ftruncate,fsync,fdatasync"],
      ...[process.execPath, calling, join(folder, fileNames[0]), String(calls)],
    ],
  });
  assert.equal(await peer.ended, 0, peer.output());
  return touchesIn(readFileSync(trace, "latin1"), fileNames);
}

function acknowledgedIn(touches: readonly Touch[]): ReadonlySet<string> {
  const said = touches.map((touch) => (touch.type === "said" ? touch.text : "")).join("");
  return new Set(Array.from(said.matchAll(/^acknowledged (\S+)$/gm), ([, call = ""]) => call));
}

/** Each that was acknowledged is there, and each that is there has its permit and its ticket: a transaction is whole or is not. */
function assertKept(folder: string, files: Files, acknowledged: ReadonlySet<string>): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
  const database = new Sqlite(join(folder, fileNames[0]));
  try {
    const column = (statement: string): readonly string[] =>
      database.prepare<[], string>(statement).pluck().all();
    const isMade = column("select name from sqlite_master where name = 'call'").length > 0;
    const found = isMade ? new Set(column("select id from call")) : new Set<string>();
    const lost = [...acknowledged].filter((call) => !found.has(call));
    assert.deepEqual(lost, [], "these were acknowledged, and are lost");
    if (!isMade) return;
    const permitted = new Set(column("select call_id from dial_permit"));
    const half = [...found].filter((call) => !permitted.has(call));
    assert.deepEqual(half, [], "these have no permit");
  } finally {
    database.close();
  }
}
