import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { PhoneName } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import type { RegisteredPhone } from "#contract/registered-phones.ts";
import { wireVersion } from "#contract/telecom.ts";
import { connectTelecomUnit } from "./client.ts";
import { type DoorWishes, openCommandDoor } from "./wire/command-door.ts";

const bob: RegisteredPhone = {
  phone: "bob.bank" as PhoneName,
  guest: false,
  places: [{ transport: "wss", address: "127.0.0.1:9", sinceMs: 5, untilMs: 9, readiness: "asked" }],
};

/** A door that answers with `phones`, and a client of it. */
async function scene(t: TestContext, phones: DoorWishes["phones"]) {
  const folder = mkdtempSync(join(tmpdir(), "tandem-phones-"));
  const socketPath = join(folder, "unit.sock");
  const door = await openCommandDoor({
    socketPath,
    log: silentLog,
    nowMs: () => 7,
    snapshot: () => ({ type: "snapshot", wireVersion, unitBoot: "boot", atMs: 5, legs: [] }),
    figures: () => Promise.reject(new Error("nobody asks")),
    phones,
    onCommand: () => {},
    onClients: () => {},
  });
  const unit = connectTelecomUnit({ socketPath, clock: systemClock, log: silentLog });
  t.after(async () => {
    await unit.close();
    await door.close();
    rmSync(folder, { recursive: true });
  });
  return { door, unit, socketPath };
}

test("each who asks for a page of phones is given their own, and not too many may ask at once", async (t) => {
  const { unit } = await scene(t, ({ limit, after }) => ({
    phones: after === bob.phone ? [] : [bob],
    ...(limit === 1 ? { next: bob.phone } : {}),
  }));
  assert.equal(await unit.phones({ limit: 1 }), undefined, "nobody is reached yet");
  await unit.ready();
  const [first, last] = await Promise.all([
    unit.phones({ limit: 1 }),
    unit.phones({ limit: 200, after: bob.phone }),
  ]);
  assert.deepEqual([first?.phones, first?.next], [[bob], bob.phone]);
  assert.deepEqual([last?.phones, last?.next], [[], undefined]);
  const many = await Promise.all(Array.from({ length: 20 }, () => unit.phones({ limit: 5 })));
  assert.equal(many.filter((page) => page !== undefined).length, 16);
  assert.deepEqual((await unit.phones({ limit: 5 }))?.phones, [bob]);
});

test("a unit that goes, or fails, while it is asked for phones keeps nobody waiting", async (t) => {
  const asked = Promise.withResolvers<void>();
  const { door, unit } = await scene(t, () => {
    asked.resolve();
    throw new Error("no phones today");
  });
  await unit.ready();
  const page = unit.phones({ limit: 5 });
  await asked.promise;
  await door.close();
  assert.equal(await page, undefined);
});

test("a wish for more phones than fit a page is refused in words", async (t) => {
  const { socketPath } = await scene(t, () => ({ phones: [] }));
  const socket = connect(socketPath);
  t.after(() => socket.destroy());
  await once(socket, "connect");
  socket.write(`${JSON.stringify({ type: "phones", ask: 1, limit: 201 })}\n`);
  let heard = "";
  for await (const chunk of socket) {
    heard += String(chunk);
    if (heard.includes("refused")) break;
  }
  assert.match(heard, /"refused","command":"phones","why":"does not fit the schema"/);
});
