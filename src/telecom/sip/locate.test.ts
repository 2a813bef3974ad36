import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#base/random.ts";
import { locate, Quarantine, type Resolver, type SrvRecord } from "./locate.ts";

const resolver: Resolver = {
  srv: async (name) => zone.srv[name] ?? [],
  addresses: async (name) => zone.addresses[name] ?? [],
};
const zone: { srv: Record<string, SrvRecord[]>; addresses: Record<string, string[]> } = {
  srv: {
    "_sip._udp.trunk.example": [
      { name: "second.example", port: 5070, priority: 20, weight: 1 },
      { name: "first.example", port: 5060, priority: 10, weight: 1 },
    ],
    "_sips._tcp.trunk.example": [{ name: "first.example", port: 5071, priority: 10, weight: 1 }],
    "_sip._udp.none.example": [{ name: ".", port: 0, priority: 0, weight: 0 }],
    "_sip._tcp.shared.example": [
      { name: "one.example", port: 5060, priority: 10, weight: 90 },
      { name: "two.example", port: 5060, priority: 10, weight: 10 },
    ],
  },
  addresses: {
    "first.example": ["192.0.2.1", "2001:db8::1"],
    "second.example": ["192.0.2.2"],
    "plain.example": ["192.0.2.3"],
    "one.example": ["192.0.2.11"],
    "two.example": ["192.0.2.12"],
    "none.example": ["192.0.2.9"],
  },
};
const means = { resolver, random: seededRandom("locate"), families: [4, 6] as const };

test("an address is its own target, IPv6 with or without brackets", async () => {
  assert.deepEqual(await locate({ host: "192.0.2.7", transport: "udp" }, means), [
    { transport: "udp", address: "192.0.2.7", port: 5060 },
  ]);
  assert.deepEqual(await locate({ host: "[2001:db8::7]", port: 5070, transport: "tcp" }, means), [
    { transport: "tcp", address: "2001:db8::7", port: 5070 },
  ]);
});

test("SRV records lead by priority, each to all its addresses", async () => {
  const found = await locate({ host: "trunk.example", transport: "udp" }, means);
  assert.deepEqual(
    found.map((target) => `${target.address} ${target.port}`),
    ["192.0.2.1 5060", "2001:db8::1 5060", "192.0.2.2 5070"],
  );
});

test("over TLS the service is sips, and the far end must prove the name that we were told (RFC 5922 4)", async () => {
  const only4 = { ...means, families: [4] as const };
  assert.deepEqual(await locate({ host: "trunk.example", transport: "tls" }, only4), [
    { transport: "tls", address: "192.0.2.1", port: 5071, serverName: "trunk.example" },
  ]);
  assert.deepEqual(await locate({ host: "plain.example", transport: "tls" }, means), [
    { transport: "tls", address: "192.0.2.3", port: 5061, serverName: "plain.example" },
  ]);
  const address = { host: "192.0.2.7", transport: "tls" } as const;
  for (const [hop, serverName] of [
    [address, "192.0.2.7"],
    [{ ...address, serverName: "trunk.example" }, "trunk.example"],
  ] as const) {
    assert.deepEqual(await locate(hop, means), [
      { transport: "tls", address: "192.0.2.7", port: 5061, serverName },
    ]);
  }
});

test("addresses of a family that we are not bound to are left out", async () => {
  const found = await locate({ host: "trunk.example", transport: "udp" }, { ...means, families: [4] });
  assert.deepEqual(
    found.map((target) => target.address),
    ["192.0.2.1", "192.0.2.2"],
  );
});

test("a named port forbids SRV; without SRV the name's addresses are taken at 5060", async () => {
  assert.deepEqual(await locate({ host: "trunk.example", port: 5080, transport: "udp" }, means), []);
  assert.deepEqual(await locate({ host: "plain.example", transport: "tcp" }, means), [
    { transport: "tcp", address: "192.0.2.3", port: 5060 },
  ]);
});

test("a service that says it is not there has no target", async () => {
  assert.deepEqual(await locate({ host: "none.example", transport: "udp" }, means), []);
  assert.deepEqual(await locate({ host: "unheard-of.example", transport: "udp" }, means), []);
});

test("equal priorities share by weight, and both are always in the list", async () => {
  let oneFirst = 0;
  for (let round = 0; round < 500; round++) {
    const found = await locate({ host: "shared.example", transport: "tcp" }, means);
    assert.equal(found.length, 2);
    if (found[0]?.address === "192.0.2.11") oneFirst += 1;
  }
  // 90 of 100 are expected; the seed is fixed.
  assert.ok(oneFirst > 425 && oneFirst < 475, `${oneFirst} of 500`);
});

test("a dead target goes to the end for five minutes, and comes back sooner when it answers", () => {
  const quarantine = new Quarantine();
  const first = { transport: "udp", address: "192.0.2.1", port: 5060 } as const;
  const second = { transport: "udp", address: "192.0.2.2", port: 5060 } as const;
  quarantine.ban(first, 1_000);
  assert.deepEqual(quarantine.sorted([first, second], 300_999), [second, first]);
  assert.deepEqual(quarantine.sorted([first, second], 301_000), [first, second]);
  quarantine.ban(first, 301_000, 5_000);
  assert.deepEqual(quarantine.sorted([first, second], 305_999), [second, first]);
  assert.deepEqual(quarantine.sorted([first, second], 306_000), [first, second]);
  quarantine.ban(first, 310_000);
  quarantine.lift(first);
  assert.deepEqual(quarantine.sorted([first, second], 310_001), [first, second]);
});
