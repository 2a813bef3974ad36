import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedPeer } from "./scripted-peer.ts";

const hosts = ["trunk.example", "192.0.2.1", "192.0.2.2"];
const movedTo = (...contacts: string[]) => ({
  headers: contacts.map((value) => ({ name: "Contact", value })),
});

/** `sip:200@192.0.2.2:5080 at udp 192.0.2.2 5080`, for each INVITE so far. */
function invites(peer: ScriptedPeer): readonly string[] {
  return peer.effects.flatMap((effect) =>
    effect.type === "send-invite"
      ? [`${effect.request.uri} at ${Object.values(effect.target).join(" ")}`]
      : [],
  );
}

test("a redirection to another port, transport or address of the trunk is followed there", () => {
  for (const [contact, place] of [
    ["<sip:200@192.0.2.1:5080>", "sip:200@192.0.2.1:5080 at udp 192.0.2.1 5080"],
    ["<sip:200@192.0.2.2:5080;transport=TCP>", "sip:200@192.0.2.2:5080 at tcp 192.0.2.2 5080"],
    ["<sip:200@192.0.2.1;transport=tcp>", "sip:200@192.0.2.1 at tcp 192.0.2.1 5060"],
    ["<sip:200@192.0.2.2>", "sip:200@192.0.2.2 at udp 192.0.2.2 5060"],
    ["<sip:200@192.0.2.2;transport=tls>", "sip:200@192.0.2.2 at tls 192.0.2.2 5061 192.0.2.2"],
    // The same number at the same place, by another transport: no circle.
    ["<sip:100@trunk.example>, <sip:100@192.0.2.1;transport=tcp>", "sip:100@192.0.2.1 at tcp 192.0.2.1 5060"],
  ] as const) {
    const peer = new ScriptedPeer({ hosts });
    peer.responds(302, movedTo(contact));
    assert.deepEqual(invites(peer).slice(1), [place]);
  }
});

test("a trunk that is called over TLS stays so, and must prove its name wherever it leads", () => {
  const target = { transport: "tls", address: "192.0.2.1", port: 5061, serverName: "trunk.example" } as const;
  for (const contact of ["<sip:200@192.0.2.2:5070>", "<sip:200@192.0.2.2:5070;transport=udp>"]) {
    const peer = new ScriptedPeer({ hosts, targets: [target] });
    peer.responds(302, movedTo(contact));
    assert.deepEqual(invites(peer).slice(1), ["sip:200@192.0.2.2:5070 at tls 192.0.2.2 5070 trunk.example"]);
  }
});

test("a name of the trunk, or a transport that we do not speak, leads where the trunk is", () => {
  for (const contact of ["<sip:200@trunk.example:5080>", "<sip:200@192.0.2.2:5080;transport=sctp>"]) {
    const peer = new ScriptedPeer({ hosts });
    peer.responds(302, movedTo(contact));
    assert.match(invites(peer).at(-1) ?? "", / at udp 192\.0\.2\.1 5060$/);
  }
});

test("the place that a redirection named counts for that one alone, and the trunk's own are tried after it", () => {
  const peer = new ScriptedPeer({ hosts });
  peer.responds(302, movedTo("<sip:200@192.0.2.2:5080>;q=0.9", "<sip:300@trunk.example>;q=0.5"));
  peer.responds(486);
  const dead = new ScriptedPeer({ hosts });
  dead.responds(302, movedTo("<sip:200@192.0.2.2:5080>"));
  dead.responds(503);
  assert.deepEqual(
    [invites(peer).at(-1), invites(dead).at(-1)],
    ["sip:300@trunk.example at udp 192.0.2.1 5060", "sip:200@192.0.2.2:5080 at udp 192.0.2.1 5060"],
  );
});

test("a challenge at the place that a redirection named is answered there", () => {
  const peer = new ScriptedPeer({ hosts, credentials: { username: "tandem", password: "secret" } });
  peer.responds(302, movedTo("<sip:200@192.0.2.1:5080>"));
  peer.responds(401, { headers: [{ name: "WWW-Authenticate", value: 'Digest realm="t", nonce="1"' }] });
  assert.deepEqual(invites(peer).slice(1), Array(2).fill("sip:200@192.0.2.1:5080 at udp 192.0.2.1 5080"));
});

test("a place that redirects to itself is left", () => {
  const peer = new ScriptedPeer({ uri: "sip:100@192.0.2.1", hosts });
  peer.responds(302, movedTo("<sip:100@192.0.2.1:5060>", "<sip:100@192.0.2.1;transport=udp>"));
  assert.deepEqual(peer.told, [{ type: "over", end: { type: "rejected", status: 302 } }]);
});
