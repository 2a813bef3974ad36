import assert from "node:assert/strict";
import { test } from "node:test";
import { cseq } from "../message/headers.ts";
import { header, ourSdp, ScriptedPeer, theirSdp, usualWish } from "./scripted-peer.ts";

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
  peer.input({ type: "no-response", tx: peer.call.attempt.tx });
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

test("a 503 is taken at its word for how long the trunk wants to be left alone, up to ten minutes", () => {
  const peer = new ScriptedPeer();
  peer.responds(503, { headers: [{ name: "Retry-After", value: "5 (restarting);duration=60" }] });
  peer.responds(503, { headers: [{ name: "Retry-After", value: "86400" }] });
  assert.deepEqual(
    peer.effects.flatMap((effect) => (effect.type === "target" ? [effect.restMs] : [])),
    [5_000, 600_000],
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

function talking(headers: { name: string; value: string }[] = []): ScriptedPeer {
  const peer = new ScriptedPeer();
  peer.picksUp({ headers });
  return peer;
}

test("a re-INVITE is answered with what the media engine says, at its new Contact from then on", () => {
  const peer = talking();
  const key = peer.asks("INVITE", { sdp: "v=0 hold", contact: "sip:moved@192.0.2.1" });
  assert.deepEqual(peer.told.at(-1), { type: "offer", key, sdp: "v=0 hold" });
  peer.input({ type: "offer-answered", key, sdp: ourSdp });
  assert.equal(peer.lastAnswer().status, 200);
  peer.input({ type: "acknowledged", key, ack: peer.last() });
  peer.input({ type: "hang-up", headers: [] });
  assert.equal(peer.last("BYE").uri, "sip:moved@192.0.2.1");
});

test("an offer that the media engine refuses gets 488, and the call goes on", () => {
  const peer = talking();
  const key = peer.asks("INVITE", { sdp: "v=0 video" });
  peer.input({ type: "offer-refused", key });
  assert.deepEqual(peer.answers, [488]);
  assert.equal(peer.call.phase, "answered");
});

test("a re-INVITE without an offer gets ours, and its ACK must hold the answer", () => {
  const peer = talking();
  const key = peer.asks("INVITE");
  assert.deepEqual(peer.told.at(-1), { type: "offer", key, sdp: undefined });
  peer.input({ type: "offer-answered", key, sdp: ourSdp });
  const ack = { ...peer.last("ACK"), headers: [{ name: "Content-Type", value: "application/sdp" }] };
  peer.input({ type: "acknowledged", key, ack: { ...ack, body: Buffer.from("v=0 late") } });
  assert.deepEqual(peer.told.at(-1), { type: "answer", sdp: "v=0 late" });
});

test("a 2xx of ours that is never acknowledged ends the call", () => {
  const peer = talking();
  const key = peer.asks("INVITE", { sdp: theirSdp });
  peer.input({ type: "offer-answered", key, sdp: ourSdp });
  peer.input({ type: "unacknowledged", key });
  assert.equal(peer.last().method, "BYE");
  assert.equal(peer.call.phase, "over");
});

test("UPDATE carries an offer, or refreshes without one", () => {
  const peer = talking();
  const key = peer.asks("UPDATE", { sdp: theirSdp });
  peer.input({ type: "offer-answered", key, sdp: ourSdp });
  peer.asks("UPDATE");
  assert.deepEqual(peer.answers, [200, 200]);
});

test("one offer at a time: 500 while theirs is open", () => {
  const peer = talking();
  peer.asks("INVITE", { sdp: theirSdp });
  peer.asks("INVITE", { sdp: theirSdp });
  assert.deepEqual(peer.answers, [500]);
  assert.match(header(peer.lastAnswer(), "Retry-After") ?? "", /^([0-9]|10)$/);
});

test("requests out of order get 500, of an unknown fork 481, of an unknown method 405", () => {
  const peer = talking();
  peer.asks("INFO", { cseq: 50 });
  peer.asks("INFO", { cseq: 50 });
  peer.asks("INFO", { cseq: 49 });
  peer.asks("BYE", { tag: "stranger" });
  peer.asks("REFER", { cseq: 60 });
  peer.asks("OPTIONS", { cseq: 61 });
  assert.deepEqual(peer.answers, [200, 500, 500, 481, 405, 200]);
  assert.equal(peer.call.phase, "answered");
});

test("their BYE ends the call, also while their offer is open", () => {
  const peer = talking();
  peer.asks("INVITE", { sdp: theirSdp });
  peer.asks("BYE");
  assert.deepEqual(peer.answers, [200, 487]);
  assert.deepEqual(peer.told.at(-1), { type: "over", end: { type: "hung-up-by-far-end" } });
  peer.asks("BYE");
  assert.equal(peer.lastAnswer().status, 200);
  assert.equal(peer.told.filter((event) => event.type === "over").length, 1);
});

test("an offer of theirs that is open when the session expires, or we hang up, gets its final answer", () => {
  const expires = talking(timer("90;refresher=uas"));
  expires.asks("INVITE", { sdp: theirSdp });
  expires.waits(60_000);
  assert.equal(expires.last().method, "BYE");
  assert.deepEqual(expires.answers, [487]);
  const ended = talking();
  ended.asks("INVITE", { sdp: theirSdp });
  ended.input({ type: "hang-up", headers: [] });
  assert.deepEqual(ended.answers, [487]);
});

test("a fork that we do not talk to changes nothing of the call", () => {
  const peer = new ScriptedPeer();
  peer.responds(183, { tag: "other", sdp: theirSdp, contact: "sip:other@192.0.2.1" });
  peer.picksUp();
  const before = peer.told.length;
  peer.asks("UPDATE", { tag: "other", sdp: "v=0 another", cseq: 1 });
  peer.asks("INVITE", { tag: "other", sdp: "v=0 another", cseq: 2 });
  peer.asks("INFO", { tag: "other", cseq: 3, body: { contentType: "application/dtmf", content: "1" } });
  assert.deepEqual(peer.answers, [481, 481, 481]);
  assert.equal(peer.told.length, before);
  peer.asks("BYE", { tag: "other", cseq: 4 });
  assert.equal(peer.lastAnswer().status, 200);
  assert.equal(peer.call.phase, "answered");
});

test("keys in INFO are told; what INFO cannot mean is refused", () => {
  const peer = talking();
  peer.asks("INFO", {
    body: { contentType: "application/dtmf-relay", content: "Signal=#\r\nDuration=160\r\n" },
  });
  peer.asks("INFO", { body: { contentType: "application/dtmf", content: "11" } });
  peer.asks("INFO", { body: { contentType: "application/dtmf-relay", content: "Signal=hello" } });
  peer.asks("INFO", { body: { contentType: "text/plain", content: "hello" } });
  assert.deepEqual(peer.answers, [200, 200, 400, 415]);
  assert.deepEqual(peer.told.slice(1), [
    { type: "digit", digit: { digit: "#", durationMs: 160 } },
    { type: "digit", digit: { digit: "#", durationMs: 250 } },
  ]);
});

test("a 422 raises the session interval of the next INVITE", () => {
  const peer = new ScriptedPeer();
  assert.equal(header(peer.last(), "Session-Expires"), "1800");
  peer.responds(422, { headers: [{ name: "Min-SE", value: "3600" }] });
  assert.equal(header(peer.last(), "Session-Expires"), "3600");
  peer.responds(422, { headers: [{ name: "Min-SE", value: "60" }] });
  assert.equal(peer.call.phase, "over");
});

const timer = (value: string) => [
  { name: "Session-Expires", value },
  { name: "Allow", value: "INVITE, ACK, BYE, UPDATE" },
];

test("as refresher we send UPDATE at half the interval, again and again", () => {
  const peer = talking(timer("1800;refresher=uac"));
  peer.waits(899_999);
  assert.equal(peer.methods(), "INVITE ACK");
  peer.waits(1);
  assert.equal(header(peer.last("UPDATE"), "Session-Expires"), "1800;refresher=uac");
  peer.responds(200, { request: peer.last("UPDATE"), headers: timer("1800;refresher=uac") });
  peer.waits(900_000);
  assert.equal(peer.methods(), "INVITE ACK UPDATE UPDATE");
});

test("a far end that takes no UPDATE is refreshed by re-INVITE", () => {
  const peer = talking([{ name: "Session-Expires", value: "1800;refresher=uac" }]);
  peer.waits(900_000);
  assert.deepEqual(peer.told.at(-1), { type: "offer-wanted" });
  peer.input({ type: "offer-made", sdp: ourSdp });
  assert.equal(header(peer.last(), "CSeq"), "2 INVITE");
  peer.responds(200, { sdp: theirSdp, headers: [{ name: "Session-Expires", value: "1800;refresher=uac" }] });
  assert.equal(header(peer.last(), "CSeq"), "2 ACK");
  peer.responds(200, { sdp: theirSdp });
  assert.equal(peer.methods(), "INVITE ACK INVITE ACK ACK");
  assert.equal(peer.told.filter((event) => event.type === "answer").length, 1);
});

test("a refresh that meets theirs (491) is tried again after 2.1 to 4 seconds; theirs meets 491 too", () => {
  const peer = talking(timer("1800;refresher=uac").slice(0, 1));
  peer.waits(900_000);
  peer.input({ type: "offer-made", sdp: ourSdp });
  peer.asks("INVITE", { sdp: theirSdp });
  assert.deepEqual(peer.answers, [491]);
  peer.responds(491);
  peer.waits(2_099);
  assert.equal(peer.told.filter((event) => event.type === "offer-wanted").length, 1);
  peer.waits(1_901);
  assert.equal(peer.told.filter((event) => event.type === "offer-wanted").length, 2);
});

test("a session that the far end does not refresh is ended shortly before it expires", () => {
  const peer = talking(timer("90;refresher=uas"));
  peer.waits(59_999);
  assert.equal(peer.call.phase, "answered");
  peer.waits(1);
  assert.equal(peer.last().method, "BYE");
  assert.deepEqual(peer.told.at(-1), { type: "over", end: { type: "session-expired" } });
});

test("their refresh is agreed to, and one below the floor gets 422", () => {
  const peer = talking(timer("90;refresher=uas"));
  peer.waits(45_000);
  peer.asks("UPDATE", {
    headers: [
      { name: "Supported", value: "timer" },
      { name: "Session-Expires", value: "90" },
    ],
  });
  assert.equal(header(peer.lastAnswer(), "Session-Expires"), "90;refresher=uac");
  assert.equal(header(peer.lastAnswer(), "Require"), "timer");
  peer.waits(59_999);
  assert.equal(peer.call.phase, "answered");
  peer.asks("UPDATE", { headers: [{ name: "Session-Expires", value: "60" }] });
  assert.equal(peer.lastAnswer().status, 422);
  assert.equal(header(peer.lastAnswer(), "Min-SE"), "90");
});

test("a hold that says nothing of the session's timer leaves it running, and us to refresh (RFC 4028 9)", () => {
  const peer = talking(timer("90;refresher=uas"));
  peer.waits(30_000);
  const key = peer.asks("INVITE", { sdp: theirSdp, headers: [{ name: "Supported", value: "timer" }] });
  peer.input({ type: "offer-answered", key, sdp: ourSdp });
  assert.equal(header(peer.lastAnswer(), "Session-Expires"), "90;refresher=uas");
  peer.input({ type: "acknowledged", key, ack: peer.last("ACK") });
  peer.waits(45_000);
  assert.equal(peer.call.phase, "answered");
  assert.equal(peer.last().method, "UPDATE");
});

test("a refresh that finds no dialog any more (481) ends the call", () => {
  const peer = talking(timer("1800;refresher=uac"));
  peer.waits(900_000);
  peer.responds(481, { request: peer.last("UPDATE") });
  assert.equal(peer.call.phase, "over");
});

test("the CSeq of our requests never goes back", () => {
  const peer = new ScriptedPeer({ credentials });
  peer.responds(401, { headers: [{ name: "WWW-Authenticate", value: 'Digest realm="t", nonce="1"' }] });
  peer.responds(302, { headers: [{ name: "Contact", value: "<sip:200@trunk.example>" }] });
  peer.responds(503);
  peer.picksUp({ headers: timer("1800;refresher=uac") });
  peer.waits(900_000);
  peer.input({ type: "hang-up", headers: [] });
  const numbers = peer.sent
    .filter((request) => request.method !== "ACK")
    .map((request) => cseq(request).number);
  assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6]);
});

test("a far end that makes a dialog of every response does not fill our memory", () => {
  const peer = new ScriptedPeer();
  for (let fork = 0; fork < 100; fork++) peer.responds(180, { tag: `fork-${fork}` });
  assert.equal(Object.keys(peer.call.forks).length, 16);
});
