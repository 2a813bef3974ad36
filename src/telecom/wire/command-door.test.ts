import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { LegId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { type KeyedDigit, type LegState, wireVersion } from "#contract/telecom.ts";
import { connectTelecomUnit } from "../client.ts";
import { openCommandDoor } from "./command-door.ts";

const limit = { timeout: 20_000 };
const leg = "call_1.user" as LegId;
const digits = Array.from(
  { length: 256 },
  (_, n): KeyedDigit => ({
    seq: n + 1,
    digit: "1",
    atMs: 1_790_000_000_000,
    durationMs: 100,
    via: "rfc4733",
  }),
);
/** Together some 20 MB of snapshot. */
const legs = Array.from(
  { length: 1_000 },
  (_, n): LegState => ({
    leg: `call_${n}.user` as LegId,
    state: "answered",
    dialedAtMs: 1,
    digits,
    played: {},
    onHold: false,
  }),
);

async function openDoor(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "tandem-door-"));
  const socketPath = join(folder, "unit.sock");
  let snapshots = 0;
  const door = await openCommandDoor({
    socketPath,
    log: silentLog,
    nowMs: () => 7,
    snapshot: () => {
      snapshots += 1;
      return { type: "snapshot", wireVersion, unitBoot: "boot", atMs: 5, legs };
    },
    figures: () => Promise.reject(new Error("nobody asks")),
    phones: () => ({ phones: [] }),
    onCommand: () => {},
    onClients: () => {},
  });
  t.after(async () => {
    await door.close();
    rmSync(folder, { recursive: true });
  });
  const clients = async (count: number): Promise<void> => {
    while (door.clients !== count) {
      t.signal.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { door, socketPath, clients, snapshots: () => snapshots };
}

test("a client takes a snapshot that is longer than what it may leave unread", limit, async (t) => {
  const { socketPath, snapshots } = await openDoor(t);
  const unit = connectTelecomUnit({ socketPath, clock: systemClock, log: silentLog });
  t.after(() => unit.close());
  await unit.ready(t.signal);
  assert.equal(unit.legs().length, 1_000);
  assert.equal(snapshots(), 1);
});

test(
  "a client that does not read is cut off by what it leaves unread beyond its snapshot",
  limit,
  async (t) => {
    const { door, socketPath, clients } = await openDoor(t);
    const deaf = connect(socketPath);
    t.after(() => deaf.destroy());
    await once(deaf, "connect");
    await clients(1);
    const event = { type: "leg-held", leg, atMs: 1, onHold: true } as const;
    const size = JSON.stringify(event).length + 1;
    const tellMb = (mb: number): void => {
      for (let told = 0; told < mb * 2 ** 20; told += size) door.tell(event);
    };
    tellMb(15);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(door.clients, 1);
    tellMb(2);
    await clients(0);
  },
);

test("a client of versions that do not meet is refused in words, and let go", limit, async (t) => {
  const { socketPath, clients } = await openDoor(t);
  const stranger = connect(socketPath);
  t.after(() => stranger.destroy());
  let said = "";
  stranger.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-1_000)));
  const hello = { type: "hello", speaks: { oldest: 98, newest: 99 } };
  const hangUp = { type: "hang-up", leg, reason: "normal" };
  stranger.write(`${JSON.stringify(hello)}\n${JSON.stringify(hangUp)}\n`);
  await once(stranger, "close");
  await clients(0);
  assert.match(said, /"command":"hello","why":"versions apart: .*clientSpeaks/);
});
