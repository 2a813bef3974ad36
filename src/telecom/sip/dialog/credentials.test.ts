import assert from "node:assert/strict";
import { test } from "node:test";
import type { HeaderLine, SipRequest } from "../message/message.ts";
import { ScriptedPeer } from "./scripted-peer.ts";

const credentials = { username: "tandem", password: "secret" };
const telephone = "sip:far@203.0.113.9:5060";
const challenge = 'Digest realm="trunk", nonce="n1", qop="auth"';
const asked: Readonly<Record<401 | 407, HeaderLine>> = {
  401: { name: "WWW-Authenticate", value: challenge },
  407: { name: "Proxy-Authenticate", value: challenge },
};

const proofs = (request: SipRequest): readonly string[] =>
  request.headers.filter(({ name }) => name.endsWith("Authorization")).map(({ value }) => value);

for (const status of [401, 407] as const) {
  test(`a telephone behind the trunk that challenges our BYE (${status}) gets no answer to try passwords against`, () => {
    const peer = new ScriptedPeer({ credentials });
    peer.picksUp({ contact: telephone });
    peer.input({ type: "hang-up", headers: [] });
    peer.responds(status, { request: peer.last("BYE"), headers: [asked[status]] });
    assert.equal(peer.methods(), "INVITE ACK BYE");
    assert.deepEqual(peer.sent.flatMap(proofs), []);
  });
}

test("what the trunk was told is not told to the telephone behind it", () => {
  const peer = new ScriptedPeer({ credentials });
  peer.responds(407, { headers: [asked[407]] });
  peer.picksUp({ contact: telephone });
  peer.input({ type: "hang-up", headers: [] });
  assert.equal(peer.methods(), "INVITE INVITE ACK BYE");
  assert.deepEqual(
    peer.sent.map((request) => proofs(request).length),
    [0, 1, 0, 0],
  );
});

test("a Contact at the trunk whose maddr is elsewhere is elsewhere", () => {
  const peer = new ScriptedPeer({ credentials });
  peer.picksUp({ contact: "sip:far@192.0.2.1:5060;maddr=203.0.113.9" });
  peer.input({ type: "hang-up", headers: [] });
  peer.responds(401, { request: peer.last("BYE"), headers: [asked[401]] });
  assert.deepEqual(peer.sent.flatMap(proofs), []);
});

test("through the trunk's Record-Route the trunk is answered, wherever the Contact is", () => {
  const peer = new ScriptedPeer({ credentials });
  peer.picksUp({ contact: telephone, headers: [{ name: "Record-Route", value: "<sip:trunk.example;lr>" }] });
  peer.input({ type: "hang-up", headers: [] });
  peer.responds(407, { request: peer.last("BYE"), headers: [asked[407]] });
  assert.equal(peer.methods(), "INVITE ACK BYE BYE");
  assert.equal(proofs(peer.last("BYE")).length, 1);
});
