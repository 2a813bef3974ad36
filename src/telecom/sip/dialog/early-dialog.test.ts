import assert from "node:assert/strict";
import { test } from "node:test";
import type { SipRequest } from "../message/message.ts";
import { dueAtMs } from "./refresh.ts";
import { header, ScriptedPeer } from "./scripted-peer.ts";

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
