import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { seededRandom } from "#base/random.ts";
import { startSilentTelephone } from "#rig/sipp/telephone.ts";
import { freePort } from "#rig/ports.ts";
import { askPeer } from "./ask-peer.ts";

const means = { address: "127.0.0.1", clock: systemClock, random: seededRandom("ask"), waitMs: 300 };

test("a name that leads nowhere has no address to ask", async () => {
  const resolver = { srv: async () => [], addresses: async () => [] };
  assert.deepEqual(await askPeer({ host: "trunk.example", transport: "udp" }, { ...means, resolver }), []);
});

test("each address of a name is asked, four at most, and no longer than told", async () => {
  const port = await freePort();
  await using _silent = await startSilentTelephone(port);
  const addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "::1"];
  const resolver = { srv: async () => [], addresses: async () => addresses };
  const answers = await askPeer({ host: "trunk.example", port, transport: "udp" }, { ...means, resolver });
  assert.deepEqual(
    answers.map(({ address, status }) => [address, status]),
    addresses.slice(0, 4).map((address) => [address, undefined]),
  );
});
