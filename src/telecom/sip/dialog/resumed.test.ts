import assert from "node:assert/strict";
import { test } from "node:test";
import { resumed } from "./resumed.ts";
import { ourSdp, ScriptedPeer, theirSdp } from "./scripted-peer.ts";

/** A call that was answered, asked something, and whose process died before the answer left. */
function diedOver(method: string, wish: Parameters<ScriptedPeer["asks"]>[1] = {}) {
  const peer = new ScriptedPeer();
  peer.picksUp();
  const cseq = peer.cseq;
  peer.asks(method, wish);
  peer.call = resumed(peer.call);
  return { peer, cseq };
}

test("a re-INVITE that had no answer is answered when it comes again", () => {
  const { peer, cseq } = diedOver("INVITE", { sdp: theirSdp });
  const key = peer.asks("INVITE", { sdp: theirSdp, cseq });
  assert.deepEqual(peer.told.at(-1), { type: "offer", key, sdp: theirSdp });
  peer.input({ type: "offer-answered", key, sdp: ourSdp });
  assert.equal(peer.lastAnswer().status, 200);
});

test("a BYE whose 200 was lost is answered 200 again, by a call that is over", () => {
  const { peer, cseq } = diedOver("BYE");
  assert.equal(peer.call.phase, "over");
  peer.asks("BYE", { cseq });
  assert.equal(peer.lastAnswer().status, 200);
});

test("a key press that comes again is not pressed twice", () => {
  const body = { contentType: "application/dtmf-relay", content: "Signal=5" };
  const { peer, cseq } = diedOver("INFO", { body });
  peer.asks("INFO", { body, cseq });
  assert.equal(peer.told.filter(({ type }) => type === "digit").length, 1);
  assert.equal(peer.lastAnswer().status, 200);
});

test("our own numbers go on where they were", () => {
  const { peer } = diedOver("OPTIONS");
  const before = peer.call.localSeq;
  peer.input({ type: "hang-up", headers: [] });
  assert.equal(peer.call.localSeq, before + 1);
});
