import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flow, SipRequest } from "../message/message.ts";
import { targetOver } from "../locate.ts";
import { silentTargetMs } from "./call-state.ts";
import { dueAtMs } from "./refresh.ts";
import { header, ScriptedPeer, usualWish } from "./scripted-peer.ts";

/** The addresses that INVITEs went to, and the transactions that were cancelled. */
function asked(peer: ScriptedPeer): string {
  return peer.effects
    .flatMap((effect) => {
      if (effect.type === "send-invite") return [effect.target.address];
      return effect.type === "cancel" ? [`CANCEL of ${effect.tx}`] : [];
    })
    .join(", ");
}

/** Which address lives, and which does not, in the order in which it was found out. */
function news(peer: ScriptedPeer): string {
  return peer.effects
    .flatMap((effect) =>
      effect.type === "target" ? [`${effect.target.address} ${effect.alive ? "lives" : "is dead"}`] : [],
    )
    .join(", ");
}

/** Nothing came from the first address, and the second was asked; gives the first one's INVITE. */
function silent(): { peer: ScriptedPeer; first: SipRequest } {
  const peer = new ScriptedPeer();
  const first = peer.last("INVITE");
  peer.waits(silentTargetMs);
  return { peer, first };
}

test("an address from which nothing came in 4 s is left for the next, and held to be dead", () => {
  const peer = new ScriptedPeer();
  peer.waits(3_999);
  assert.equal(asked(peer), "192.0.2.1");
  peer.waits(1);
  assert.equal(asked(peer), "192.0.2.1, 192.0.2.2");
  assert.equal(header(peer.last(), "CSeq"), "2 INVITE");
  peer.picksUp();
  assert.equal(peer.methods(), "INVITE INVITE ACK");
  assert.equal(news(peer), "192.0.2.1 is dead, 192.0.2.2 lives");
});

test("a registered phone that says nothing for 4 s is given up, and cancelled if it wakes up late", () => {
  const flow: Flow = {
    transport: "udp",
    localAddress: "192.0.2.9",
    localPort: 5060,
    remoteAddress: "198.51.100.7",
    remotePort: 40_000,
  };
  const overs = (peer: ScriptedPeer) =>
    peer.effects.filter((effect) => effect.type === "tell" && effect.event.type === "over").length;
  const sleepy = new ScriptedPeer({ targets: [targetOver(flow)] });
  sleepy.waits(silentTargetMs - 1);
  assert.equal(overs(sleepy), 0);
  sleepy.waits(1);
  assert.equal(overs(sleepy), 1);
  sleepy.responds(180);
  assert.equal(asked(sleepy), "198.51.100.7, CANCEL of 1");
  const quick = new ScriptedPeer({ targets: [targetOver(flow)] });
  quick.waits(silentTargetMs);
  quick.picksUp();
  assert.equal(quick.methods(), "INVITE ACK BYE");
  assert.equal(overs(quick), 1);
  const awake = new ScriptedPeer({ targets: [targetOver(flow)] });
  awake.responds(180);
  awake.waits(silentTargetMs);
  assert.equal(overs(awake), 0);
});

test("the last address is waited for, and so is one that gave a sign of life, or a call that is taken back", () => {
  const { peer: last } = silent();
  const only = new ScriptedPeer({ targets: usualWish.targets.slice(0, 1) });
  const tries = new ScriptedPeer();
  tries.responds(100);
  const ended = new ScriptedPeer();
  ended.input({ type: "hang-up", headers: [] });
  for (const peer of [last, only, tries]) assert.equal(dueAtMs(peer.call), undefined);
  for (const peer of [last, only, tries, ended]) {
    const before = asked(peer);
    peer.waits(30_000);
    assert.equal(asked(peer), before);
  }
});

test("what the first says when the second has spoken is too late: cancelled, and its answer ended", () => {
  const { peer, first } = silent();
  peer.responds(180);
  peer.responds(180, { request: first, tag: "late" });
  peer.responds(183, { request: first, tag: "late" });
  assert.equal(asked(peer), "192.0.2.1, 192.0.2.2, CANCEL of 1");
  peer.picksUp({ request: first, tag: "late", contact: "sip:late@192.0.2.1" });
  assert.equal(peer.methods(), "INVITE INVITE ACK BYE");
  assert.equal(header(peer.last("ACK"), "CSeq"), "1 ACK");
  assert.equal(peer.last("BYE").uri, "sip:late@192.0.2.1");
  assert.equal(peer.call.phase, "calling");
  peer.picksUp({ request: first, tag: "late" });
  peer.picksUp();
  assert.equal(peer.methods(), "INVITE INVITE ACK BYE ACK ACK");
  assert.deepEqual(
    peer.told.map((event) => event.type),
    ["progress", "answered"],
  );
  peer.picksUp({ request: first, tag: "later", contact: "sip:later@192.0.2.1" });
  assert.equal(peer.last().uri, "sip:later@192.0.2.1");
  assert.equal(peer.methods(), "INVITE INVITE ACK BYE ACK ACK ACK BYE");
  assert.equal(peer.call.chosen, "far");
  assert.equal(news(peer), "192.0.2.1 is dead, 192.0.2.2 lives, 192.0.2.1 lives");
});

test("when the first speaks before the second it is the one, and the second is too late", () => {
  const { peer, first } = silent();
  const second = peer.last("INVITE");
  peer.responds(180, { request: first });
  peer.responds(180, { request: second, tag: "late" });
  assert.equal(asked(peer), "192.0.2.1, 192.0.2.2, CANCEL of 2");
  peer.picksUp({ request: first });
  peer.responds(487, { request: second, tag: "late" });
  assert.equal(peer.methods(), "INVITE INVITE ACK");
  assert.equal(header(peer.last("ACK"), "CSeq"), "1 ACK");
  assert.equal(peer.call.phase, "answered");
});

test("a challenge of the first is answered there, while nothing has come from the second", () => {
  const peer = new ScriptedPeer({ credentials: { username: "tandem", password: "secret" } });
  const first = peer.last("INVITE");
  peer.waits(silentTargetMs);
  const headers = [{ name: "WWW-Authenticate", value: 'Digest realm="t", nonce="1"' }];
  peer.responds(401, { request: first, headers });
  assert.equal(asked(peer), "192.0.2.1, 192.0.2.2, 192.0.2.1");
  assert.match(header(peer.last(), "Authorization") ?? "", /nonce="1"/);
});

test("when the second cannot be reached the first is waited for, as long as it may still answer", () => {
  const { peer, first } = silent();
  peer.input({ type: "no-response", tx: peer.call.attempt.tx, status: 503 });
  peer.waits(20_000);
  assert.equal(peer.call.phase, "calling");
  peer.picksUp({ request: first });
  assert.equal(peer.call.phase, "answered");
  const { peer: lost } = silent();
  lost.input({ type: "no-response", tx: "2", status: 503 });
  lost.input({ type: "no-response", tx: "1", status: 408 });
  assert.deepEqual(lost.told, [{ type: "over", end: { type: "no-response" } }]);
});

test("a 503 of the first, while nothing has come from the second, leaves the call to that", () => {
  const { peer, first } = silent();
  peer.responds(503, { request: first });
  assert.deepEqual(peer.told, []);
  peer.picksUp();
  assert.equal(peer.methods(), "INVITE INVITE ACK");
});

test("a refusal of the second ends the call, and what the first says then is still ended", () => {
  const { peer, first } = silent();
  peer.responds(503);
  assert.deepEqual(peer.told, [{ type: "over", end: { type: "rejected", status: 503 } }]);
  assert.equal(peer.call.forgetAtMs, peer.nowMs + 32_000);
  peer.responds(180, { request: first });
  assert.equal(asked(peer), "192.0.2.1, 192.0.2.2, CANCEL of 1");
  peer.picksUp({ request: first });
  assert.equal(peer.methods(), "INVITE INVITE ACK BYE");
  assert.equal(peer.told.length, 1);
});

test("a call that is taken back while nothing has come is cancelled wherever it was sent", () => {
  const { peer, first } = silent();
  peer.input({ type: "hang-up", headers: [] });
  peer.picksUp({ request: first, tag: "late", contact: "sip:late@192.0.2.1" });
  assert.equal(peer.methods(), "INVITE INVITE ACK BYE");
  assert.equal(peer.call.phase, "calling", "the second may still ring");
  peer.responds(180);
  peer.responds(487);
  assert.equal(asked(peer), "192.0.2.1, 192.0.2.2, CANCEL of 2");
  assert.equal(peer.call.phase, "over");
});
