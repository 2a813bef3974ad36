import { seededRandom } from "#base/random.ts";
import { type LocalEnd, SdpSession } from "./session-description.ts";
import assert from "node:assert/strict";
import { test } from "node:test";

const unacceptable = { code: "SDP_UNACCEPTABLE" };
const [long, short] = ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"];
const [bobsKey, carolsKey] = ["B".repeat(40), "C".repeat(40)];

function secure(): SdpSession {
  const random = seededRandom("keys");
  const local: LocalEnd = {
    address: "192.0.2.1",
    rtpPort: 4_000,
    rtcpPort: 4_001,
    codecs: ["PCMU"],
    sessionId: 77,
    newKey: () => random.bytes(30),
  };
  return new SdpSession(local);
}

function sdp(crypto: readonly string[], protocol = "RTP/SAVP"): string {
  const media = [`m=audio 5000 ${protocol} 0`, ...crypto.map((line) => `a=crypto:${line}`)];
  return ["v=0", "o=p 1 1 IN IP4 198.51.100.7", "s=-", "c=IN IP4 198.51.100.7", "t=0 0", ...media, ""].join(
    "\r\n",
  );
}

function keysOf(text: string): string[] {
  return [...text.matchAll(/^a=crypto:(.*)\r$/gm)].map((match) => match[1] ?? "");
}

test("our offer is RTP/SAVP with both suites, each with a key of its own, and the same when it is made again", () => {
  const session = secure();
  const offer = session.createOffer();
  assert.match(offer, /^m=audio 4000 RTP\/SAVP 0 101\r$/m);
  const [first = "", second = ""] = keysOf(offer);
  assert.match(first, new RegExp(`^1 ${long} inline:[A-Za-z0-9+/]{40}$`));
  assert.match(second, new RegExp(`^2 ${short} inline:[A-Za-z0-9+/]{40}$`));
  assert.notEqual(first.slice(-40), second.slice(-40));
  assert.equal(session.createOffer(), offer);
});

test("an answer names one of the lines offered, and settles both keys", () => {
  for (const [at, line] of [`1 ${long} inline:${bobsKey}`, `2 ${short} inline:${bobsKey}|2^31`].entries()) {
    const session = secure();
    const ours = keysOf(session.createOffer())[at]?.slice(-40);
    const { crypto } = session.setAnswer(sdp([line]));
    assert.equal(Buffer.from(crypto?.ours.material ?? []).toString("base64"), ours);
    assert.equal(Buffer.from(crypto?.theirs.material ?? []).toString("base64"), bobsKey);
    assert.equal(crypto?.ours.suite, crypto?.theirs.suite);
  }
});

test("an answer without a key that fits is refused, and never taken as plain RTP", () => {
  const good = `1 ${long} inline:${bobsKey}`;
  const answers: [string, string][] = [
    ["plain", sdp([], "RTP/AVP")],
    ["plain with a key", sdp([good], "RTP/AVP")],
    ["DTLS", sdp([good], "UDP/TLS/RTP/SAVP")],
    ["no key", sdp([])],
    ["a tag of nobody's", sdp([`3 ${long} inline:${bobsKey}`])],
    ["the other's tag", sdp([`2 ${long} inline:${bobsKey}`])],
    ["two keys", sdp([good, `2 ${short} inline:${bobsKey}`])],
    ["an MKI", sdp([`${good}|2^20|1:4`])],
    ["a parameter to be obeyed", sdp([`${good} UNENCRYPTED_SRTP`])],
    ["the second of two parameters", sdp([`${good} WSH=64 UNENCRYPTED_SRTP`])],
    ["a key of the whole session's", `${sdp([]).replace("t=0 0", `t=0 0\r\na=crypto:${good}`)}`],
  ];
  for (const [why, answer] of answers) {
    const session = secure();
    session.createOffer();
    assert.throws(() => session.setAnswer(answer), unacceptable, why);
    assert.equal(session.agreement, undefined, why);
  }
  const plain = new SdpSession({
    address: "192.0.2.1",
    rtpPort: 4,
    rtcpPort: 5,
    codecs: ["PCMU"],
    sessionId: 1,
  });
  assert.throws(() => plain.createAnswer(sdp([good])), unacceptable);
});

test("an offer's first key that we can use is answered, under its tag", () => {
  const session = secure();
  const lines = [`7 AES_256_CM_HMAC_SHA1_80 inline:${bobsKey}`, `8 ${short} inline:${bobsKey}`];
  const answer = session.createAnswer(sdp([...lines, `9 ${long} inline:${carolsKey}`], "RTP/SAVPF"));
  assert.match(answer, /^m=audio 4000 RTP\/SAVPF 0\r$/m);
  const [ours = "", ...more] = keysOf(answer);
  assert.match(ours, new RegExp(`^8 ${short} inline:`));
  assert.deepEqual(more, []);
  assert.throws(() => secure().createAnswer(sdp(lines.slice(0, 1))), unacceptable);
});

test("of a plain and a protected audio the protected one is taken", () => {
  const offer = `${sdp([], "RTP/AVP")}m=audio 5002 RTP/SAVP 0\r\na=crypto:1 ${long} inline:${bobsKey}\r\n`;
  const answer = secure().createAnswer(offer);
  assert.match(answer, /^m=audio 0 RTP\/AVP 0\r\nm=audio 4000 RTP\/SAVP 0\r$/m);
});

test("our key stays as long as theirs does, and goes with it", () => {
  const session = secure();
  const offered = keysOf(session.createOffer());
  session.setAnswer(sdp([`1 ${long} inline:${bobsKey}`]));
  const inUse = offered[0]?.slice(-40);
  assert.deepEqual(keysOf(session.createOffer()), offered, "a re-offer of ours");
  const answerTo = (line: string): string | undefined =>
    keysOf(session.createAnswer(sdp([line])))[0]?.slice(-40);
  assert.equal(answerTo(`5 ${long} inline:${bobsKey}`), inUse, "a hold");
  const next = answerTo(`5 ${long} inline:${carolsKey}`);
  assert.notEqual(next, inUse, "another telephone");
  assert.equal(answerTo(`5 ${long} inline:${carolsKey}`), next);
  const other = answerTo(`5 ${short} inline:${carolsKey}`);
  assert.ok(other !== next && other !== inUse, "another suite");
  const [back, still] = keysOf(session.createOffer());
  assert.ok(![inUse, next, other].includes(back?.slice(-40)), "a key that was left does not come back");
  assert.equal(still?.slice(-40), other);
});

test("an offer that cannot be taken changes no key", () => {
  const session = secure();
  session.createAnswer(sdp([`1 ${long} inline:${bobsKey}`]));
  const before = session.agreement;
  const elsewhere = sdp([`1 ${long} inline:${carolsKey}`]).replaceAll(
    "IN IP4 198.51.100.7",
    "IN IP6 2001:db8::7",
  );
  assert.throws(() => session.createAnswer(elsewhere), unacceptable);
  assert.equal(session.agreement, before);
});
