import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#base/random.ts";
import { parsedChallenge, strongestChallenge } from "./challenge.ts";
import { digestAnswer } from "./digest.ts";
import { authorized, challenged, trunkLogin } from "./trunk-login.ts";

const noBody = new Uint8Array(0);

function answerOf(
  challenge: string,
  wish: { user: string; password: string; method: string; uri: string; cnonce: string; body?: Uint8Array },
): string {
  const parsed = parsedChallenge(challenge);
  assert.ok(parsed);
  const answer = digestAnswer({
    challenge: parsed,
    credentials: { username: wish.user, password: wish.password },
    request: { method: wish.method, uri: wish.uri, body: wish.body ?? noBody },
    nonceCount: 1,
    cnonce: wish.cnonce,
  });
  return answer;
}

function responseIn(answer: string): string | undefined {
  return /response="([0-9a-f]+)"/.exec(answer)?.[1];
}

const mufasa = {
  user: "Mufasa",
  password: "Circle of Life",
  method: "GET",
  uri: "/dir/index.html",
  cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
};

test("RFC 7616 3.9.1: MD5 with qop auth", () => {
  const answer = answerOf(
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    mufasa,
  );
  assert.equal(responseIn(answer), "8ca523f5e9506fed4657c9700eebdbec");
  assert.match(answer, /qop=auth, nc=00000001, /);
  assert.match(answer, /opaque="FQhe\/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"/);
});

test("RFC 7616 3.9.1: SHA-256 with qop auth", () => {
  const answer = answerOf(
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    mufasa,
  );
  assert.equal(responseIn(answer), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
});

test("RFC 2617 3.5: MD5 as older trunks speak it", () => {
  const answer = answerOf(
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    { ...mufasa, password: "Circle Of Life", cnonce: "0a4f113b" },
  );
  assert.equal(responseIn(answer), "6629fae49393a05397450978507c4ef1");
});

test("RFC 2069's form: no qop offered, none answered, no cnonce sent", () => {
  const answer = answerOf(
    'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    { ...mufasa, password: "CircleOfLife", cnonce: "never" },
  );
  // RFC 2069 2.4 with its erratum 749: 1949323746fe6a43ef61f9606e7febea.
  assert.equal(responseIn(answer), "1949323746fe6a43ef61f9606e7febea");
  assert.doesNotMatch(answer, /cnonce|qop|nc=/);
});

test("auth-int takes the body in, and -sess the two nonces", () => {
  const integrity = 'Digest realm="r", nonce="n", qop="auth-int"';
  const said = { user: "u", password: "p", method: "INVITE", uri: "sip:b@h", cnonce: "c" };
  assert.notEqual(
    responseIn(answerOf(integrity, said)),
    responseIn(answerOf(integrity, { ...said, body: Buffer.from("v=0") })),
  );
  const session = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256-sess';
  assert.notEqual(
    responseIn(answerOf(session, said)),
    responseIn(answerOf(session.replace("-sess", ""), said)),
  );
});

test("of several challenges the strongest that we know is answered (RFC 8760 2.6)", () => {
  const best = strongestChallenge([
    'Digest realm="t", nonce="1", algorithm=SHA-512-256, qop="auth"',
    'Digest realm="t", nonce="2", algorithm=MD5, qop="auth"',
    'Digest realm="t", nonce="3", algorithm=SHA-256, qop="auth"',
    'Basic realm="t"',
  ]);
  assert.equal(best?.nonce, "3");
  assert.equal(strongestChallenge(['Digest realm="t", nonce="2"'], "another"), undefined);
});

test("quoted pairs are undone in a challenge and made again in the answer", () => {
  const challenge = parsedChallenge('Digest nonce="a\\"b\\\\c",realm="x, y" , stale=TRUE');
  assert.equal(challenge?.nonce, 'a"b\\c');
  assert.equal(challenge?.realm, "x, y");
  assert.equal(challenge?.stale, true);
  assert.ok(challenge);
  const answer = digestAnswer({
    challenge,
    credentials: { username: "u", password: "p" },
    request: { method: "INVITE", uri: "sip:b@h", body: noBody },
    nonceCount: 26,
    cnonce: "c",
  });
  assert.ok(answer.includes('nonce="a\\"b\\\\c"'));
});

test("what is no digest challenge is none", () => {
  for (const value of [
    "",
    "Digest",
    "Digest realm",
    'Digest realm="x',
    'Digest nonce="x"',
    "Digest =,,",
    'Digest realm="r", nonce="n", qop="other"',
  ]) {
    assert.equal(parsedChallenge(value), undefined, value);
  }
});

const credentials = { username: "tandem", password: "secret" };
const request = { method: "INVITE", uri: "sip:100@trunk.example", body: noBody };
const random = seededRandom("login");

test("a refused answer is not tried again, a stale nonce is, and a nonce's uses are counted", () => {
  const first = challenged(trunkLogin(credentials), {
    status: 407,
    challenges: ['Digest realm="t", nonce="1", qop="auth"'],
  });
  assert.ok(first);
  const [once, headers] = authorized(first, request, random);
  assert.match(headers[0]?.value ?? "", /nc=00000001/);
  assert.equal(headers[0]?.name, "Proxy-Authorization");
  const [twice, again] = authorized(once, request, random);
  assert.match(again[0]?.value ?? "", /nc=00000002/);
  assert.equal(
    challenged(twice, { status: 407, challenges: ['Digest realm="t", nonce="2", qop="auth"'] }),
    undefined,
  );
  const stale = challenged(twice, {
    status: 407,
    challenges: ['Digest realm="t", nonce="3", qop="auth", stale=true'],
  });
  assert.ok(stale);
  assert.match(authorized(stale, request, random)[1][0]?.value ?? "", /nonce="3".*nc=00000001/);
});

test("a proxy's and a server's challenge are answered together", () => {
  const proxy = challenged(trunkLogin(credentials), {
    status: 407,
    challenges: ['Digest realm="p", nonce="1"'],
  });
  assert.ok(proxy);
  const both = challenged(authorized(proxy, request, random)[0], {
    status: 401,
    challenges: ['Digest realm="s", nonce="2"'],
  });
  assert.ok(both);
  assert.deepEqual(
    authorized(both, request, random)[1].map((header) => header.name),
    ["Proxy-Authorization", "Authorization"],
  );
});

test("a peer that calls every answer stale is given up", () => {
  let login = trunkLogin(credentials);
  let tries = 0;
  for (; tries < 100; tries++) {
    const next = challenged(login, {
      status: 401,
      challenges: [`Digest realm="t", nonce="${tries}", stale=true`],
    });
    if (next === undefined) break;
    login = authorized(next, request, random)[0];
  }
  assert.equal(tries, 4);
});

test("a realm that is not the trunk's is not answered", () => {
  const login = trunkLogin({ ...credentials, realm: "trunk.example" });
  assert.equal(
    challenged(login, { status: 401, challenges: ['Digest realm="evil.example", nonce="1"'] }),
    undefined,
  );
});
