import assert from "node:assert/strict";
import { test } from "node:test";
import { cseq } from "../message/headers.ts";
import { header, ourSdp, ScriptedPeer, theirSdp } from "./scripted-peer.ts";

const credentials = { username: "tandem", password: "secret" };

/** A call that was answered, by a 2xx with these headers. */
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

test("an INFO whose body we may pass over is taken, and means nothing", () => {
  const peer = talking();
  const headers = [{ name: "Content-Disposition", value: "signal;handling=optional" }];
  peer.asks("INFO", { headers, body: { contentType: "application/isup", content: "x" } });
  assert.deepEqual(peer.answers, [200]);
  assert.equal(peer.told.length, 1);
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

test("a refresh that finds no way is tried again; one that is never answered ends the call (RFC 3261 12.2.1.2)", () => {
  for (const [value, refresh] of [
    [timer("1800;refresher=uac"), "UPDATE"],
    [timer("1800;refresher=uac").slice(0, 1), "INVITE"],
  ] as const) {
    const peer = talking([...value]);
    const falls = (status: 408 | 503) => {
      if (refresh === "INVITE") peer.input({ type: "offer-made", sdp: ourSdp });
      peer.input({ type: "no-response", tx: String(peer.call.begun), status });
    };
    peer.waits(900_000);
    falls(503);
    assert.equal(peer.call.phase, "answered");
    peer.waits(450_000);
    assert.equal(peer.call.phase, "answered");
    falls(408);
    assert.equal(peer.methods(), `INVITE ACK ${refresh} ${refresh} BYE`);
    assert.deepEqual(peer.told.at(-1), { type: "over", end: { type: "session-expired" } });
  }
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
