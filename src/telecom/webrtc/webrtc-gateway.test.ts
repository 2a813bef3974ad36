import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { systemClock, VirtualClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { startCoturn } from "#rig/coturn.ts";
import { childPid, installed } from "#rig/processes.ts";
import type { GatewaySettings } from "./gateway-wire.ts";
import type { WebEnd } from "./web-description.ts";
import { openWebRtcGateway, type WebPeer } from "./webrtc-gateway.ts";

const relay = {
  ...{ address: "127.0.0.1", rtpPort: 9, rtcpPort: 9 },
  formats: [{ payloadType: 0, name: "PCMU" }],
};
const fingerprint = Array.from({ length: 32 }, () => "00").join(":");
const nobody: WebEnd = { iceUfrag: "nobody", icePwd: "n".repeat(22), fingerprint, candidates: [] };

function gatewayFor(
  t: TestContext,
  wish: { clock?: VirtualClock; ports?: number; iceServers?: GatewaySettings["iceServers"] } = {},
) {
  const { clock = systemClock, ports = 50, iceServers = [] } = wish;
  const gateway = openWebRtcGateway({
    settings: { address: "127.0.0.1", ports: { first: 30_200, last: 30_199 + ports }, iceServers },
    ...{ clock, log: silentLog },
  });
  t.after(() => gateway.close());
  return { ...gateway, open: (): Promise<WebPeer> => gateway.open(relay, () => {}) };
}

const limit = { timeout: 60_000 };

test("a peer is one address and one port, and there are no more of them than ports", limit, async (t) => {
  const gateway = gatewayFor(t, { ports: 2 });
  const peers = [await gateway.open(), await gateway.open()];
  for (const { ours } of peers)
    assert.deepEqual(
      ours.candidates.map(({ address, type }) => `${address} ${type}`),
      ["127.0.0.1 host"],
    );
  assert.equal(new Set(peers.map(({ ours }) => ours.candidates[0]?.port)).size, 2);
  await assert.rejects(gateway.open(), { code: "MEDIA_EXHAUSTED" });
  peers[0]?.close();
  await gateway.open();
});

test("what the library cannot take costs its own peer alone", limit, async (t) => {
  const gateway = gatewayFor(t);
  const pid = childPid("gateway-process");
  const strange: readonly Partial<WebEnd>[] = [
    { iceUfrag: "" },
    { icePwd: "" },
    { iceUfrag: "u".repeat(100_000) },
    { fingerprint: "not a fingerprint" },
    { fingerprint: "00" },
    { iceUfrag: "x\r\na=setup:nothing\r\nm=audio -1 \u0000" },
    { candidates: [{ foundation: "", priority: -1, address: "x", port: -1, type: "host" }] },
  ];
  for (const end of strange) {
    const peer = await gateway.open();
    const connecting = peer.connect({ ...nobody, ...end });
    // What it did not refuse waits for a browser that never comes.
    setImmediate(() => peer.close());
    await assert.rejects(connecting, { code: "WEBRTC_FAILED" });
  }
  await gateway.open();
  assert.equal(childPid("gateway-process"), pid, "the process lived through all of it");
});

for (const { what, password, types } of [
  { what: "a right login", password: "secret", types: ["host", "relay", "srflx"] },
  // An offer is made all the same: whoever can reach us directly does.
  { what: "a wrong password", password: "wrong", types: ["host", "srflx"] },
]) {
  test(`at coturn a peer has an address by ${what}: ${types.join(" and ")}`, limit, async (t) => {
    if (!installed("turnserver")) return t.skip("no turnserver");
    await using server = await startCoturn({ username: "unit", password: "secret" });
    const { port } = server;
    const { open } = gatewayFor(t, {
      iceServers: [
        { hostname: "127.0.0.1", port },
        { hostname: "127.0.0.1", port, relay: { username: "unit", password } },
      ],
    });
    const peer = await open();
    const seen = peer.ours.candidates.map(({ type }) => type);
    assert.deepEqual([...new Set(seen)].toSorted(), types);
    assert.equal(server.allocations, types.length - 2);
    peer.close();
  });
}

test("a process that dies is started anew, but not for ever", limit, async (t) => {
  const clock = new VirtualClock();
  const gateway = gatewayFor(t, { clock });
  for (let death = 0; death < 10; death++) {
    const peer = await gateway.open();
    const connecting = peer.connect(nobody);
    process.kill(childPid("gateway-process"), "SIGKILL");
    await assert.rejects(connecting, { code: "WEBRTC_FAILED" });
  }
  await assert.rejects(gateway.open(), { code: "WEBRTC_UNAVAILABLE" });
  await clock.advance(6_000);
  await gateway.open();
});
