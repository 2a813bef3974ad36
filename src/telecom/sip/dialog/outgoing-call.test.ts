import assert from "node:assert/strict";
import { test } from "node:test";
import { header, ScriptedPeer, theirSdp, usualWish } from "./scripted-peer.ts";

const credentials = { username: "tandem", password: "secret" };

test("a call rings, is answered and acknowledged, and ends by our BYE", () => {
  const peer = new ScriptedPeer();
  peer.responds(100);
  peer.responds(180);
  peer.picksUp();
  assert.equal(peer.call.phase, "answered");
  assert.equal(header(peer.last("ACK"), "CSeq"), "1 ACK");
  assert.equal(peer.last("ACK").uri, "sip:far@192.0.2.1:5060");
  peer.input({ type: "hang-up", headers: [{ name: "Reason", value: "Q.850;cause=16" }] });
  assert.equal(peer.methods(), "INVITE ACK BYE");
  assert.equal(header(peer.last(), "CSeq"), "2 BYE");
  assert.equal(header(peer.last(), "Reason"), "Q.850;cause=16");
  assert.deepEqual(
    peer.told.map((event) => event.type),
    ["progress", "answered"],
  );
});

test("the 2xx that comes again is answered by the same ACK, and told once", () => {
  const peer = new ScriptedPeer();
  peer.picksUp();
  peer.picksUp();
  assert.equal(peer.methods(), "INVITE ACK ACK");
  assert.deepEqual(peer.sent[1], peer.sent[2]);
  assert.equal(peer.told.length, 1);
});

test("of several forks that answer the first is taken, the others are acknowledged and ended", () => {
  const peer = new ScriptedPeer();
  peer.responds(180, { tag: "one" });
  peer.responds(180, { tag: "two" });
  peer.picksUp({ tag: "two", contact: "sip:two@192.0.2.1" });
  peer.picksUp({ tag: "one", contact: "sip:one@192.0.2.1" });
  assert.equal(peer.methods(), "INVITE ACK ACK BYE");
  assert.equal(peer.last("BYE").uri, "sip:one@192.0.2.1");
  assert.equal(peer.call.phase, "answered");
  assert.equal(peer.call.chosen, "two");
});

test("a CANCEL that crosses the answer: the 200 is acknowledged, then ended", () => {
  const peer = new ScriptedPeer();
  peer.responds(180);
  peer.input({ type: "hang-up", headers: [] });
  assert.equal(peer.effects.at(-1)?.type, "cancel");
  peer.picksUp();
  assert.equal(peer.methods(), "INVITE ACK BYE");
  assert.equal(peer.call.phase, "over");
  assert.deepEqual(
    peer.told.map((event) => event.type),
    ["progress"],
  );
});

test("no CANCEL goes out before a provisional response, and one does with the first (RFC 3261 9.1)", () => {
  const peer = new ScriptedPeer();
  peer.input({ type: "hang-up", headers: [] });
  assert.equal(
    peer.effects.some((effect) => effect.type === "cancel"),
    false,
  );
  peer.responds(100);
  assert.equal(peer.effects.filter((effect) => effect.type === "cancel").length, 1);
  peer.responds(180);
  assert.equal(peer.effects.filter((effect) => effect.type === "cancel").length, 1);
  peer.responds(487);
  assert.equal(peer.call.phase, "over");
});

test("requests follow the recorded route, strict routers included", () => {
  const peer = new ScriptedPeer();
  const routes = ["<sip:last.example;lr>", "<sip:first.example>"];
  peer.picksUp({ headers: routes.map((value) => ({ name: "Record-Route", value })) });
  const ack = peer.last("ACK");
  // RFC 3261 12.1.2 turns the order round; 12.2.1.1 lays a strict router on.
  assert.equal(ack.uri, "sip:first.example");
  assert.deepEqual(
    ack.headers.filter((line) => line.name === "Route").map((line) => line.value),
    ["<sip:last.example;lr>", "<sip:far@192.0.2.1:5060>"],
  );
});

test("a challenge is answered with the next CSeq, and the ACK of the 2xx carries the credentials", () => {
  const peer = new ScriptedPeer({ credentials });
  const challenge = 'Digest realm="trunk", nonce="n1", qop="auth", algorithm=SHA-256';
  peer.responds(407, { headers: [{ name: "Proxy-Authenticate", value: challenge }] });
  assert.equal(header(peer.last(), "CSeq"), "2 INVITE");
  assert.match(header(peer.last(), "Proxy-Authorization") ?? "", /algorithm=SHA-256.*nc=00000001/);
  peer.picksUp();
  assert.equal(
    header(peer.last("ACK"), "Proxy-Authorization"),
    header(peer.last("INVITE"), "Proxy-Authorization"),
  );
  peer.input({ type: "hang-up", headers: [] });
  assert.match(header(peer.last("BYE"), "Proxy-Authorization") ?? "", /nc=00000002/);
});

test("a BYE that is challenged with a fresh nonce is sent again", () => {
  const peer = new ScriptedPeer({ credentials });
  peer.picksUp();
  peer.input({ type: "hang-up", headers: [] });
  const challenge = 'Digest realm="trunk", nonce="late", qop="auth"';
  peer.responds(401, {
    request: peer.last("BYE"),
    headers: [{ name: "WWW-Authenticate", value: challenge }],
  });
  assert.equal(peer.methods(), "INVITE ACK BYE BYE");
  assert.match(header(peer.last(), "Authorization") ?? "", /nonce="late"/);
});

test("a trunk whose nonces are good for one request gets an answer to each, and a wrong password one alone", () => {
  const peer = new ScriptedPeer({ credentials });
  const challenge = (nonce: string) => [
    { name: "Proxy-Authenticate", value: `Digest realm="trunk", nonce="${nonce}", qop="auth"` },
  ];
  peer.responds(407, { headers: challenge("for INVITE") });
  peer.picksUp();
  peer.input({ type: "hang-up", headers: [] });
  peer.responds(407, { request: peer.last("BYE"), headers: challenge("for BYE") });
  assert.equal(peer.methods(), "INVITE INVITE ACK BYE BYE");
  assert.match(header(peer.last(), "Proxy-Authorization") ?? "", /nonce="for BYE".*nc=00000001/);
  peer.responds(407, { request: peer.last("BYE"), headers: challenge("once more") });
  assert.equal(peer.methods(), "INVITE INVITE ACK BYE BYE");
});

test("without credentials a challenge is the end", () => {
  const peer = new ScriptedPeer();
  peer.responds(401, { headers: [{ name: "WWW-Authenticate", value: 'Digest realm="trunk", nonce="n"' }] });
  assert.deepEqual(peer.told, [{ type: "over", end: { type: "rejected", status: 401 } }]);
});

test("a 302 is followed to a number of the same trunk alone", () => {
  const peer = new ScriptedPeer();
  peer.responds(302, {
    headers: [
      { name: "Contact", value: "<sip:900@evil.example>;q=1.0, <sip:200@trunk.example?X-Header=1>;q=0.5" },
    ],
  });
  assert.equal(peer.last().uri, "sip:200@trunk.example");
  peer.responds(486);
  assert.deepEqual(peer.told, [{ type: "over", end: { type: "rejected", status: 486 } }]);
});

test("redirections that lead in a circle, or on and on, come to an end", () => {
  const circle = new ScriptedPeer();
  circle.responds(302, { headers: [{ name: "Contact", value: "<sip:100@trunk.example>" }] });
  assert.deepEqual(circle.told, [{ type: "over", end: { type: "rejected", status: 302 } }]);
  const endless = new ScriptedPeer();
  for (let hop = 0; endless.call.phase === "calling"; hop++) {
    endless.responds(302, { headers: [{ name: "Contact", value: `<sip:${200 + hop}@trunk.example>` }] });
  }
  assert.equal(endless.sent.length, 6);
});

test("503 and time-outs lead to the trunk's next address, then to the end", () => {
  const peer = new ScriptedPeer();
  peer.responds(503);
  const second = peer.effects.findLast((effect) => effect.type === "send-invite");
  assert.equal(second?.type === "send-invite" && second.target.address, "192.0.2.2");
  peer.input({ type: "no-response", tx: peer.call.attempt.tx, status: 408 });
  assert.deepEqual(peer.told, [{ type: "over", end: { type: "no-response" } }]);
  assert.deepEqual(
    peer.effects.flatMap((effect) =>
      effect.type === "target" ? [[effect.target.address, effect.alive]] : [],
    ),
    [
      ["192.0.2.1", false],
      ["192.0.2.2", false],
    ],
  );
});

test("an address that rang, and then answered neither CANCEL nor INVITE, is not held to be dead", () => {
  const peer = new ScriptedPeer();
  peer.responds(180);
  peer.input({ type: "hang-up", headers: [] });
  peer.input({ type: "no-response", tx: peer.call.attempt.tx, status: 408 });
  assert.equal(peer.call.phase, "over");
  assert.deepEqual(
    peer.effects.flatMap((effect) => (effect.type === "target" ? [effect.alive] : [])),
    [true],
  );
});

test("a 503 is taken at its word for how long the trunk wants to be left alone, up to ten minutes, and rests for 30 s unless told", () => {
  const peer = new ScriptedPeer();
  peer.responds(503, { headers: [{ name: "Retry-After", value: "5 (restarting);duration=60" }] });
  peer.responds(503, { headers: [{ name: "Retry-After", value: "86400" }] });
  const plain = new ScriptedPeer();
  plain.responds(503);
  assert.deepEqual(
    [...peer.effects, ...plain.effects].flatMap((effect) =>
      effect.type === "target" ? [effect.restMs] : [],
    ),
    [5_000, 600_000, 30_000],
  );
});

test("a reliable provisional response is acknowledged once, and a gap is dropped (RFC 3262 4)", () => {
  const peer = new ScriptedPeer();
  const reliable = (rseq: number) => [
    { name: "Require", value: "100rel" },
    { name: "RSeq", value: String(rseq) },
  ];
  peer.responds(183, { headers: reliable(7), sdp: theirSdp, contact: "sip:far@192.0.2.1" });
  assert.equal(header(peer.last("PRACK"), "RAck"), "7 1 INVITE");
  peer.responds(183, { headers: reliable(7), sdp: theirSdp });
  peer.responds(180, { headers: reliable(9) });
  assert.equal(peer.methods(), "INVITE PRACK");
  peer.responds(180, { headers: reliable(8) });
  assert.equal(header(peer.last("PRACK"), "RAck"), "8 1 INVITE");
  assert.deepEqual(peer.told, [
    { type: "progress", status: 183, sdp: theirSdp },
    { type: "progress", status: 180, sdp: undefined },
  ]);
  // RFC 3262 5: the answer stood in the 183, the 200 need not say it again.
  peer.responds(200, { contact: "sip:far@192.0.2.1" });
  assert.deepEqual(peer.told.at(-1), { type: "answered", sdp: theirSdp, callId: usualWish.callId });
});

test("an answer without a description is acknowledged and ended", () => {
  const peer = new ScriptedPeer();
  peer.responds(200, { contact: "sip:far@192.0.2.1" });
  assert.equal(peer.methods(), "INVITE ACK BYE");
  assert.equal(peer.told.at(-1)?.type, "over");
});

test("a 422 raises the session interval of the next INVITE", () => {
  const peer = new ScriptedPeer();
  assert.equal(header(peer.last(), "Session-Expires"), "1800");
  peer.responds(422, { headers: [{ name: "Min-SE", value: "3600" }] });
  assert.equal(header(peer.last(), "Session-Expires"), "3600");
  peer.responds(422, { headers: [{ name: "Min-SE", value: "60" }] });
  assert.equal(peer.call.phase, "over");
});

test("a far end that makes a dialog of every response does not fill our memory", () => {
  const peer = new ScriptedPeer();
  for (let fork = 0; fork < 100; fork++) peer.responds(180, { tag: `fork-${fork}` });
  assert.equal(Object.keys(peer.call.forks).length, 16);
});

test("a tag is a name like any other, also one that every object has", () => {
  for (const tag of ["constructor", "__proto__", "toString"]) {
    const peer = new ScriptedPeer();
    peer.asks("INFO", { tag });
    assert.deepEqual(peer.answers, [481]);
    peer.responds(180, { tag });
    peer.picksUp({ tag });
    assert.equal(peer.methods(), "INVITE ACK");
    peer.asks("BYE", { tag });
    assert.deepEqual(peer.told.at(-1), { type: "over", end: { type: "hung-up-by-far-end" } });
  }
});
