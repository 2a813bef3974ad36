import assert from "node:assert/strict";
import { test } from "node:test";
import { TandemError } from "#base/errors.ts";
import fc from "fast-check";
import { SdpSession } from "../sdp/session-description.ts";
import {
  answerForLibrary,
  readBrowsers,
  readOwnOffer,
  type WebEnd,
  webDescription,
} from "./web-description.ts";

const session = () =>
  new SdpSession({
    ...{ address: "192.0.2.1", rtpPort: 4_000, rtcpPort: 4_001, sessionId: 77 },
    codecs: ["PCMU", "PCMA"],
  });
const fingerprint = Array.from({ length: 32 }, (_, at) =>
  at.toString(16).padStart(2, "0").toUpperCase(),
).join(":");
const ours: WebEnd = {
  ...{ iceUfrag: "ours", icePwd: "o".repeat(22), fingerprint },
  candidates: [
    { foundation: "1", priority: 2_114_977_791, address: "192.0.2.1", port: 30_001, type: "host" },
  ],
};
const relay = { address: "192.0.2.1", port: 50_000 };
const unacceptable = { code: "SDP_UNACCEPTABLE" };

/** As Chromium 120 answers, without what browsers have in common with no telephone. */
const chromium = [
  "v=0",
  "o=- 1234567890 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0",
  "a=msid-semantic: WMS s",
  "m=audio 50123 UDP/TLS/RTP/SAVPF 0 8 101",
  "c=IN IP4 198.51.100.7",
  "a=rtcp:9 IN IP4 0.0.0.0",
  "a=candidate:1 1 udp 2122260223 198.51.100.7 50123 typ host generation 0 network-id 1",
  "a=candidate:2 1 udp 2122194687 4f2e-11.local 50124 typ host generation 0",
  "a=candidate:3 1 tcp 1518280447 198.51.100.7 9 typ host tcptype active",
  "a=ice-ufrag:Theirs+/",
  `a=ice-pwd:${"t".repeat(24)}`,
  "a=ice-options:trickle",
  `a=fingerprint:sha-256 ${fingerprint.toLowerCase()}`,
  "a=setup:active",
  "a=mid:0",
  "a=sendrecv",
  "a=rtcp-mux",
  "a=rtpmap:0 PCMU/8000",
  "a=rtpmap:8 PCMA/8000",
  "a=rtpmap:101 telephone-event/8000",
  "a=ssrc:1 cname:x",
  "",
].join("\r\n");

test("a browser is offered the termination's codecs over ICE and DTLS, by one port", () => {
  const offer = webDescription(session().createOffer(), { ...ours, setup: "actpass", mids: ["0"] });
  assert.deepEqual(offer.split("\r\n"), [
    "v=0",
    "o=- 77 1 IN IP4 192.0.2.1",
    "s=-",
    "c=IN IP4 192.0.2.1",
    "t=0 0",
    "a=group:BUNDLE 0",
    "a=msid-semantic:WMS *",
    "m=audio 30001 UDP/TLS/RTP/SAVPF 0 8 101",
    "c=IN IP4 192.0.2.1",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16",
    "a=ptime:20",
    "a=sendrecv",
    "a=mid:0",
    "a=rtcp-mux",
    "a=ice-ufrag:ours",
    `a=ice-pwd:${"o".repeat(22)}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    "a=setup:actpass",
    "a=candidate:1 1 UDP 2114977791 192.0.2.1 30001 typ host",
    "a=end-of-candidates",
    "",
  ]);
});

test("of a browser's answer its ICE, its certificate and its addresses are read, and no name", () => {
  const { theirs, mids, plain } = readBrowsers(chromium, relay);
  assert.deepEqual(theirs, {
    ...{ iceUfrag: "Theirs+/", icePwd: "t".repeat(24), fingerprint },
    candidates: [
      { foundation: "1", priority: 2_122_260_223, address: "198.51.100.7", port: 50_123, type: "host" },
    ],
  });
  assert.deepEqual(mids, ["0"]);
  const termination = session();
  termination.createOffer();
  const { remote, remoteRtcp, codec, telephoneEventPayloadType } = termination.setAnswer(plain);
  assert.deepEqual([remote, remoteRtcp], [relay, relay]);
  assert.deepEqual([codec, telephoneEventPayloadType], ["PCMU", 101]);
});

test("a hold of a browser's is answered with what stands, by the answering side", () => {
  const termination = session();
  termination.createOffer();
  termination.setAnswer(readBrowsers(chromium, relay).plain);
  const { plain, mids } = readBrowsers(chromium.replace("a=sendrecv", "a=sendonly"), relay);
  const answer = webDescription(termination.createAnswer(plain), { ...ours, setup: "passive", mids });
  for (const line of ["a=recvonly", "a=setup:passive", "a=mid:0", "a=ice-ufrag:ours"])
    assert.ok(answer.split("\r\n").includes(line), line);
});

test("a browser's further media keep their places, and are refused", () => {
  const offer = `${chromium}m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:picture\r\n`;
  const termination = session();
  const { plain, mids } = readBrowsers(offer, relay);
  const answer = webDescription(termination.createAnswer(plain), { ...ours, setup: "passive", mids });
  assert.match(answer, /^a=group:BUNDLE 0\r$/m);
  assert.match(answer, /\r\nm=video 0 UDP\/TLS\/RTP\/SAVPF 96\r\na=mid:picture\r\n$/);
});

for (const [what, spoiled] of [
  ["plain RTP", chromium.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP")],
  ["keys in the description", chromium.replace("UDP/TLS/RTP/SAVPF", "RTP/SAVP")],
  ["refused audio", chromium.replace("m=audio 50123", "m=audio 0")],
  ["no fingerprint", chromium.replace("a=fingerprint", "a=finger")],
  ["a fingerprint of SHA-1", chromium.replace("sha-256", "sha-1")],
  ["a fingerprint cut short", chromium.replace(fingerprint.toLowerCase(), "00:01")],
  ["no ICE password", chromium.replace("a=ice-pwd", "a=ice-p")],
  ["a short ICE password", chromium.replace("t".repeat(24), "t".repeat(21))],
  ["an ICE name with a space", chromium.replace("Theirs+/", "the irs")],
  ["RTCP at a port of its own", chromium.replace("a=rtcp-mux", "a=rtcp-no")],
  ["none of our codecs", chromium.replace("SAVPF 0 8 101", "SAVPF 111")],
  ["more than a description holds", `${chromium}${"a=x\r\n".repeat(5_000)}`],
  ["nothing", ""],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => readBrowsers(spoiled, relay), unacceptable);
  });
}

test("an answer with many candidates gives twenty at most, and none that nobody may be sent to", () => {
  const line = (address: string, port: number): string =>
    `a=candidate:9 1 udp 1 ${address} ${port} typ host\r\n`;
  const strange = ["0.0.0.0", "224.0.0.1", "255.255.255.255", "1.2.3", "::"]
    .map((address) => line(address, 9))
    .join("");
  const many = Array.from({ length: 50 }, (_, at) => line("198.51.100.8", 1_000 + at)).join("");
  const { theirs } = readBrowsers(`${chromium}${strange}${line("198.51.100.9", 0)}${many}`, relay);
  assert.equal(theirs.candidates.length, 20);
  assert.deepEqual(
    [...new Set(theirs.candidates.map(({ address }) => address))],
    ["198.51.100.7", "198.51.100.8"],
  );
});

test("whatever a browser says, nothing but a refusal comes of it, and no line of its own goes on", () => {
  const lines = chromium.split("\r\n");
  const spoiled = fc
    .array(
      fc.record({
        at: fc.nat(lines.length - 1),
        by: fc.oneof(
          fc.string(),
          fc.string({ unit: "binary" }),
          fc.constantFrom(...lines, "a=mid:0\na=x", ""),
        ),
      }),
      { maxLength: 6 },
    )
    .map((changes) => changes.reduce((all, { at, by }) => all.with(at, by), lines).join("\r\n"));
  fc.assert(
    fc.property(spoiled, (text) => {
      try {
        const { theirs, mids, plain } = readBrowsers(text, relay);
        const told = answerForLibrary(theirs, [{ payloadType: 0, name: "PCMU" }]);
        const answer = webDescription(plain, { ...ours, setup: "passive", mids });
        for (const line of [...told.split("\r\n"), ...answer.split("\r\n"), ...plain.split("\r\n")])
          assert.match(line, /^$|^[a-z]=[\x20-\x7e]*$/);
      } catch (error) {
        assert.ok(error instanceof TandemError && error.code === "SDP_UNACCEPTABLE", String(error));
      }
    }),
  );
});

test("our own offer tells where the termination is, and by which types it hears", () => {
  assert.deepEqual(readOwnOffer(session().createOffer()), {
    rtpPort: 4_000,
    rtcpPort: 4_001,
    formats: [
      { payloadType: 0, name: "PCMU" },
      { payloadType: 8, name: "PCMA" },
      { payloadType: 101, name: "telephone-event" },
    ],
  });
});
