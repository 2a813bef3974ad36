import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { LegId } from "#base/ids.ts";
import { makeLog } from "#base/log.ts";
import { wireRange } from "#contract/versions.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { connectTelecomUnit } from "./client.ts";

/** A unit of some release: it says its snapshot, and what follows. */
async function release(t: TestContext, first: object, ...others: readonly object[]) {
  const folder = temporaryFolder("release");
  const socketPath = join(folder.path, "unit.sock");
  const sockets = new Set<Socket>();
  const heard: unknown[] = [];
  const hears = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    createInterface({ input: socket }).on("line", (line) => {
      heard.push(JSON.parse(line));
      hears.resolve();
    });
    const snapshot = { type: "snapshot", unitBoot: "boot", atMs: 5, legs: [], ...first };
    for (const each of [snapshot, ...others]) socket.write(`${JSON.stringify(each)}\n`);
  });
  server.listen(socketPath);
  await once(server, "listening");
  const refused = Promise.withResolvers<string>();
  const log = makeLog({
    process: "web",
    level: "error",
    destination: { write: (line) => refused.resolve(line) },
  });
  const unit = connectTelecomUnit({ socketPath, clock: systemClock, log });
  t.after(async () => {
    await unit.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    folder[Symbol.dispose]();
  });
  return { unit, heard, hears: hears.promise, refused: refused.promise };
}

const leg = "call_1.user" as LegId;
const hangUp = { type: "hang-up", leg, reason: "normal" } as const;

test("a unit that says what it speaks is greeted; one of the release before is not, for it would not understand", async (t) => {
  const today = await release(t, { wireVersion: wireRange.oldest, speaks: wireRange });
  await today.hears;
  assert.deepEqual(today.heard, [{ type: "hello", speaks: wireRange }]);

  const before = await release(t, { wireVersion: 2 });
  await before.unit.ready();
  before.unit.send(hangUp);
  await before.hears;
  assert.deepEqual(before.heard, [hangUp]);
});

test("a unit that speaks no version of ours is not spoken to, and why is logged", async (t) => {
  const { unit, refused } = await release(t, { wireVersion: 98, speaks: { oldest: 98, newest: 99 } });
  const said = await refused;
  assert.match(said, /VERSIONS_APART/);
  assert.match(said, /"oldest":98/);
  assert.equal(unit.connected, false);
});

test("fields and events of a later release are passed over", async (t) => {
  const { unit } = await release(
    t,
    { wireVersion: 2, speaks: { oldest: 2, newest: 3 }, mood: "good" },
    { type: "leg-sings", leg, atMs: 6 },
    { type: "leg-answered", leg, atMs: 7, sipCallId: "x", voice: "warm" },
  );
  const heard: string[] = [];
  await new Promise<void>((resolve) =>
    unit.onEvent(({ type }) => {
      heard.push(type);
      if (type === "leg-answered") resolve();
    }),
  );
  assert.deepEqual(heard, ["snapshot", "leg-answered"]);
  assert.equal(unit.connected, true);
});
