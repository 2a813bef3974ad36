import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRequest, makeResponse, withAddedHeader, withBody, withHeader, withTopHeader } from "./build.ts";
import { paramValue } from "./grammar.ts";
import {
  assertedIdentities,
  challenges,
  contacts,
  credentials,
  cseq,
  date,
  expires,
  formatNameAddress,
  from,
  headerValues,
  minSe,
  parseNameAddress,
  parseVia,
  rack,
  reasons,
  recordRoutes,
  retryAfter,
  rseq,
  sessionExpires,
  to,
  tokens,
} from "./headers.ts";
import type { SipRequest } from "./message.ts";
import { parseUri, sameUri } from "./uri.ts";

function request(...headers: readonly (readonly [string, string])[]): SipRequest {
  const address = parseNameAddress("<sip:ann@a.test>;tag=a");
  assert.ok(address !== undefined);
  return makeRequest({
    method: "INVITE",
    uri: "sip:bob@b.test",
    from: address,
    to: { ...address, params: [] },
    callId: "c",
    cseq: 7,
    headers: headers.map(([name, value]) => ({ name, value })),
  });
}

test("commas separate values, not inside quotes nor inside <>", () => {
  const message = request(
    ["Contact", '"Bell, A." <sip:a@b;x=1,2>;q=0.5, <sip:c@d>'],
    ["Record-Route", "<sip:p1;lr>,<sip:p2;lr>"],
    ["Record-Route", "<sip:p3;lr>"],
    ["P-Asserted-Identity", "<sip:+14155550100@a.test>, <tel:+14155550100>"],
  );
  // A comma may not stand bare in a URI, so the first contact is malformed, and with it the header.
  assert.equal(contacts(message), undefined);
  const sound = withHeader(message, "Contact", '"Bell, A." <sip:a@b>;q=0.5, <sip:c@d>');
  const list = contacts(sound);
  assert.ok(list !== undefined && list !== "*");
  assert.deepEqual(
    list.map(({ display, uri }) => [display, uri]),
    [
      ["Bell, A.", "sip:a@b"],
      [undefined, "sip:c@d"],
    ],
  );
  assert.deepEqual(
    recordRoutes(sound)?.map(({ uri }) => uri),
    ["sip:p1;lr", "sip:p2;lr", "sip:p3;lr"],
  );
  assert.equal(assertedIdentities(sound)?.length, 2);
  assert.equal(contacts(withHeader(sound, "Contact", "*")), "*");
});

test("an address is written so that it reads the same again", () => {
  const address = {
    display: 'Joe "the \\ man"',
    uri: "sip:joe@a.test",
    params: [{ name: "x", value: "a b" }],
  };
  assert.deepEqual(parseNameAddress(formatNameAddress(address)), address);
});

test("malformed addresses are no addresses", () => {
  for (const text of [
    '"open <sip:a@b>',
    "Bell, A <sip:a@b>",
    "< sip:a@b>",
    "<sip:a@b",
    "sip:a@b?x=y",
    "<sip:a@b>;;",
    "<a>",
  ]) {
    assert.equal(parseNameAddress(text), undefined, text);
  }
});

test("a Via's sent-by may be IPv6, and spaces may stand around every slash and colon", () => {
  const via = parseVia("SIP / 2.0 / udp [2001:db8::1] : 5070 ; branch = z9hG4bK1 ;rport");
  assert.ok(via !== undefined);
  assert.deepEqual([via.transport, via.host, via.port], ["UDP", "2001:db8::1", 5070]);
  assert.equal(paramValue(via.params, "RPORT"), "");
  for (const text of [
    "SIP/2.0/UDP",
    "SIP/2.0/UDP h:0",
    "SIP/2.0/UDP h:70000",
    "SIP/2.0/UDP h;",
    "SIP/2.0/UDP a b",
  ]) {
    assert.equal(parseVia(text), undefined, text);
  }
});

test("session timers, reliable responses and reasons are typed", () => {
  const message = request(
    ["x", "1800 ; refresher=UAS"],
    ["Min-SE", "90;x=y"],
    ["RSeq", "988789"],
    ["RAck", "776656 1 INVITE"],
    ["Reason", 'Q.850 ;cause=16;text="Terminated", SIP;cause=200'],
    ["Supported", "timer, 100rel"],
    ["k", "replaces"],
    ["Retry-After", "120 (in a meeting);duration=3600"],
    ["Expires", "0060"],
    ["Date", "Sat, 13 Nov 2010 23:29:00 GMT"],
  );
  assert.deepEqual(sessionExpires(message), { seconds: 1800, refresher: "uas" });
  assert.equal(minSe(message), 90);
  assert.equal(rseq(message), 988_789);
  assert.deepEqual(rack(message), { rseq: 776_656, cseq: { number: 1, method: "INVITE" } });
  assert.deepEqual(reasons(message), [
    { protocol: "Q.850", cause: 16, text: "Terminated" },
    { protocol: "SIP", cause: 200, text: undefined },
  ]);
  assert.deepEqual(tokens(message, "Supported"), ["timer", "100rel", "replaces"]);
  assert.equal(retryAfter(message), 120);
  assert.equal(expires(message), 60);
  assert.equal(date(message), Date.UTC(2010, 10, 13, 23, 29));
  assert.equal(date(withHeader(message, "Date", "Sat, 13 Nov 2010 23:29:00 EST")), undefined);
});

test("challenges keep their quoted commas, and a malformed one does not hide its neighbour", () => {
  const message = request(
    ["WWW-Authenticate", "Digest"],
    ["WWW-Authenticate", 'Digest realm="a, b", nonce="n", qop="auth,auth-int", algorithm=SHA-256'],
    ["Authorization", 'Digest username="ann", response="00"'],
  );
  const [challenge, more] = challenges(message, "WWW-Authenticate");
  assert.ok(challenge !== undefined && more === undefined);
  assert.equal(paramValue(challenge.params, "realm"), "a, b");
  assert.equal(paramValue(challenge.params, "qop"), "auth,auth-int");
  assert.equal(credentials(message, "Authorization")[0]?.scheme, "Digest");
});

test("a response takes from its request what RFC 3261 8.2.6.2 says, and our tag", () => {
  const lines = [
    ["Via", "SIP/2.0/UDP a.test;branch=z9hG4bK1"],
    ["Record-Route", "<sip:p;lr>"],
    ["Timestamp", "54"],
  ] as const;
  const message = request(...lines);
  const names = (status: number): readonly string[] =>
    makeResponse(message, status, { toTag: "b" }).headers.map(({ name }) => name);
  assert.deepEqual(names(100), ["From", "To", "Call-ID", "CSeq", "Via", "Timestamp"]);
  assert.deepEqual(names(200), ["From", "To", "Call-ID", "CSeq", "Via", "Record-Route"]);
  assert.deepEqual(names(486), ["From", "To", "Call-ID", "CSeq", "Via"]);
  const response = makeResponse(message, 200, { toTag: "b" });
  assert.equal(paramValue(to(response).params, "tag"), "b");
  // A tag that stands there already stays.
  const within = withHeader(message, "To", "<sip:bob@b.test>;tag=old");
  assert.equal(paramValue(to(makeResponse(within, 200, { toTag: "b" })).params, "tag"), "old");
  assert.deepEqual(cseq(response), cseq(message));
  assert.deepEqual(from(response), from(message));
});

test("the with functions give a new message and leave the old one alone", () => {
  const message = request(["Subject", "one"]);
  const changed = withBody(withTopHeader(withAddedHeader(message, "subject", "two"), "v", "SIP/2.0/UDP h"), {
    contentType: "text/plain",
    content: "é",
  });
  assert.deepEqual(headerValues(changed, "Subject"), ["one", "two"]);
  assert.deepEqual(changed.headers[0], { name: "Via", value: "SIP/2.0/UDP h" });
  assert.equal(changed.body.length, 2);
  assert.deepEqual(headerValues(withHeader(changed, "SUBJECT", "three"), "Subject"), ["three"]);
  assert.deepEqual(headerValues(message, "Subject"), ["one"]);
  assert.equal(message.body.length, 0);
});

test("URIs compare as RFC 3261 19.1.4 says", () => {
  const same = (one: string, other: string): boolean => {
    const [first, second] = [parseUri(one), parseUri(other)];
    assert.ok(first !== undefined && second !== undefined);
    return sameUri(first, second);
  };
  assert.ok(same("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"));
  assert.ok(same("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
  assert.ok(same("sip:a@b?subject=x&priority=y", "sip:a@b?priority=y&Subject=x"));
  assert.ok(!same("SIP:ALICE@AtLanTa.CoM", "sip:alice@atlanta.com"));
  assert.ok(!same("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
  assert.ok(!same("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"));
  assert.ok(!same("sip:a@b;security=on", "sip:a@b;security=off"));
});
