import assert from "node:assert/strict";
import { test } from "node:test";
import { sdpOf } from "../message/body-parts.ts";
import type { SipRequest } from "../message/message.ts";
import { dueAtMs } from "./refresh.ts";
import { header, ourSdp, ScriptedPeer, theirSdp, usualWish } from "./scripted-peer.ts";

const routesOf = (request: SipRequest): readonly string[] =>
  request.headers.filter(({ name }) => name === "Route").map(({ value }) => value);

test("a proxy that records itself in the 2xx alone is on the way of ACK and BYE (RFC 3261 13.2.2.4)", () => {
  const peer = new ScriptedPeer();
  const recorded = [{ name: "Record-Route", value: "<sip:proxy.trunk.example;lr>" }];
  peer.responds(180, { contact: "sip:far@10.0.0.7" });
  peer.picksUp({ contact: "sip:far@10.0.0.7", headers: recorded });
  peer.input({ type: "hang-up", headers: [] });
  for (const method of ["ACK", "BYE"]) {
    assert.deepEqual(routesOf(peer.last(method)), ["<sip:proxy.trunk.example;lr>"]);
    assert.equal(peer.last(method).uri, "sip:far@10.0.0.7");
  }
});

test("a route that the 2xx no longer has is left, and what an early dialog numbered still counts", () => {
  const peer = new ScriptedPeer();
  const recorded = [{ name: "Record-Route", value: "<sip:early.trunk.example;lr>" }];
  peer.responds(180, { contact: "sip:far@10.0.0.7", headers: recorded });
  peer.asks("OPTIONS", { cseq: 50 });
  peer.responds(200, { sdp: "v=0" });
  assert.deepEqual(routesOf(peer.last("ACK")), []);
  assert.equal(peer.last("ACK").uri, "sip:far@10.0.0.7", "a 2xx without a Contact leaves the early one");
  peer.asks("INFO", { cseq: 50 });
  assert.deepEqual(peer.answers, [200, 500]);
  assert.equal(header(peer.last("ACK"), "CSeq"), "1 ACK");
});

test("a session timer that is agreed before the answer falls due after it alone", () => {
  const peer = new ScriptedPeer();
  peer.responds(183, { contact: "sip:far@192.0.2.1" });
  const headers = [
    { name: "Session-Expires", value: "90" },
    { name: "Supported", value: "timer" },
  ];
  peer.asks("UPDATE", { headers });
  assert.equal(header(peer.lastAnswer(), "Session-Expires"), "90;refresher=uac");
  assert.equal(dueAtMs(peer.call), undefined);
  peer.nowMs += 60_000;
  peer.picksUp({ headers: [{ name: "Session-Expires", value: "90;refresher=uas" }] });
  assert.equal(dueAtMs(peer.call), peer.nowMs + 60_000);
});

const reliable = [
  { name: "Require", value: "100rel" },
  { name: "RSeq", value: "1" },
];

/** A telephone rings; the answer to our offer stood in its reliable 183. */
function agreedEarly(): ScriptedPeer {
  const peer = new ScriptedPeer();
  peer.responds(183, { contact: "sip:far@192.0.2.1", sdp: theirSdp, headers: reliable });
  peer.responds(200, { request: peer.last("PRACK") });
  return peer;
}

test("a new offer before the answer is taken once the first was answered reliably (RFC 3311 5.1)", () => {
  const peer = agreedEarly();
  const key = peer.asks("UPDATE", { sdp: "v=0 moved" });
  assert.deepEqual(peer.told.at(-1), { type: "offer", key, sdp: "v=0 moved" });
  peer.input({ type: "offer-answered", key, sdp: ourSdp });
  assert.equal(sdpOf(peer.lastAnswer()), ourSdp);
  // RFC 3261 13.2.1: what the 2xx says of it once more is no news, and no longer true.
  peer.picksUp({ sdp: theirSdp });
  assert.deepEqual(peer.told.at(-1), { type: "answered", sdp: undefined, callId: usualWish.callId });
});

test("a new offer before the first was answered reliably meets 491, and a re-INVITE before the 2xx always", () => {
  const unreliable = new ScriptedPeer();
  unreliable.responds(183, { contact: "sip:far@192.0.2.1", sdp: theirSdp });
  unreliable.asks("UPDATE", { sdp: "v=0 moved" });
  assert.deepEqual(unreliable.answers, [491]);
  const silent = new ScriptedPeer();
  silent.responds(183, { contact: "sip:far@192.0.2.1", headers: reliable });
  silent.asks("UPDATE", { sdp: "v=0 moved" });
  assert.deepEqual(silent.answers, [491]);
  const peer = agreedEarly();
  peer.asks("INVITE", { sdp: "v=0 moved" });
  assert.deepEqual(peer.answers, [491]);
});

test("an offer that is open when its early dialog ends gets its final answer, and does not stand in the next one's way", () => {
  const refused = agreedEarly();
  refused.asks("UPDATE", { sdp: "v=0 moved" });
  refused.responds(503);
  assert.deepEqual(refused.answers, [487]);
  assert.equal(refused.methods(), "INVITE PRACK INVITE");
  refused.picksUp();
  refused.asks("UPDATE", { sdp: "v=0 moved" });
  assert.deepEqual(refused.answers, [487]);
  assert.equal(refused.told.at(-1)?.type, "offer");
  const unanswered = agreedEarly();
  unanswered.asks("UPDATE", { sdp: "v=0 moved" });
  unanswered.input({ type: "hang-up", headers: [] });
  unanswered.input({ type: "no-response", tx: unanswered.call.attempt.tx, status: 408 });
  assert.deepEqual(unanswered.answers, [487]);
  const cancelled = agreedEarly();
  cancelled.asks("UPDATE", { sdp: "v=0 moved" });
  cancelled.input({ type: "hang-up", headers: [] });
  cancelled.picksUp();
  assert.deepEqual(cancelled.answers, [487]);
  assert.equal(cancelled.call.phase, "over");
});
