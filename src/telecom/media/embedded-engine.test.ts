import { silentLog } from "#base/log.ts";
import { openEmbeddedEngine } from "./embedded-engine.ts";
import { describeMediaEngine } from "./media-contract.ts";
import { loadKoffi } from "./koffi-module.ts";
import type { LegId } from "#base/ids.ts";
import { openSockets } from "./contract/descriptors.ts";
import { killableEngine } from "./contract/engine-thread.ts";
import { freePair } from "./contract/rig.ts";
import type { MediaEvent } from "./media-engine.ts";
import assert from "node:assert/strict";
import { test } from "node:test";

describeMediaEngine("embedded engine, dgram", (wish) =>
  openEmbeddedEngine({ ...wish, log: silentLog, sockets: "dgram" }),
);

const fastPath = process.platform === "linux" && (await loadKoffi()) !== undefined;
if (fastPath) {
  describeMediaEngine("embedded engine, koffi", async (wish) => {
    const engine = await openEmbeddedEngine({ ...wish, log: silentLog, sockets: "koffi" });
    assert.equal(engine.sockets, "koffi");
    return engine;
  });
}

describeMediaEngine(
  "embedded engine, SRTP",
  (wish) => openEmbeddedEngine({ ...wish, log: silentLog }),
  "srtp",
);

test("the fast path is chosen where it can be had, and Node's own sockets elsewhere", async () => {
  const engine = await openEmbeddedEngine({ portRange: { first: 22_000, last: 22_100 }, log: silentLog });
  assert.equal(engine.sockets, fastPath ? "koffi" : "dgram");
  await engine.close();
});

for (const sockets of fastPath ? (["dgram", "koffi"] as const) : (["dgram"] as const)) {
  test(`${sockets}: should the thread die, every termination is told to be lost, and the next one is served`, async () => {
    const { engine, kill } = await killableEngine(() =>
      openEmbeddedEngine({ portRange: { first: 22_000, last: 22_100 }, log: silentLog, sockets }),
    );
    const told: MediaEvent[] = [];
    engine.onEvent((event) => told.push(event));
    for (const termination of ["one", "two"] as LegId[])
      await engine.createTermination({ ...wish, termination });
    await kill();
    const lost = (): string[] =>
      told.flatMap(({ type, termination }) => (type === "standing" ? [] : [`${type} ${termination}`]));
    assert.deepEqual(lost(), ["nodeLost one", "nodeLost two"]);
    await engine.release("one" as LegId);
    await engine.createTermination({ ...wish, termination: "three" as LegId });
    assert.deepEqual((await engine.audit()).terminations, ["three"]);
    await engine.close();
  });

  test(`${sockets}: a thread that dies leaves no socket behind, and its ports are the next one's`, async () => {
    const before = openSockets();
    const portRange = await freePair();
    const { engine, kill } = await killableEngine(() =>
      openEmbeddedEngine({ portRange, log: silentLog, sockets }),
    );
    await engine.createTermination({ ...wish, termination: "one" as LegId });
    await kill();
    assert.equal(openSockets(), before);
    await engine.createTermination({ ...wish, termination: "two" as LegId });
    await engine.close();
    assert.equal(openSockets(), before);
  });
}

const wish = { address: "127.0.0.1", codecs: ["PCMU"], transport: "rtp" } as const;
