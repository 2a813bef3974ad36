import { silentLog } from "#base/log.ts";
import { openEmbeddedEngine } from "./embedded-engine.ts";
import { describeMediaEngine } from "./media-contract.ts";
import { loadKoffi } from "./koffi-module.ts";
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

test("the fast path is chosen where it can be had, and Node's own sockets elsewhere", async () => {
  const engine = await openEmbeddedEngine({ portRange: { first: 22_000, last: 22_100 }, log: silentLog });
  assert.equal(engine.sockets, fastPath ? "koffi" : "dgram");
  await engine.close();
});
