import { isHold, readRemoteDescription } from "./remote-description.ts";
import { type LocalEnd, SdpSession } from "./session-description.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

const local: LocalEnd = {
  address: "192.0.2.1",
  rtpPort: 4_000,
  rtcpPort: 4_001,
  codecs: ["PCMU", "PCMA"],
  sessionId: 77,
};

function sdp(media: readonly string[], session: readonly string[] = ["c=IN IP4 198.51.100.7"]): string {
  return ["v=0", "o=phone 1 1 IN IP4 198.51.100.7", "s=-", ...session, "t=0 0", ...media, ""].join("\r\n");
}

const audio = ["m=audio 5000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"];
const unacceptable = { code: "SDP_UNACCEPTABLE" };

test("our offer names both laws, telephone-events, 20 ms and the RTCP port", () => {
  const lines = new SdpSession(local).createOffer().split("\r\n");
  assert.deepEqual(lines, [
    "v=0",
    "o=- 77 1 IN IP4 192.0.2.1",
    "s=-",
    "c=IN IP4 192.0.2.1",
    "t=0 0",
    "m=audio 4000 RTP/AVP 0 8 101",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16",
    "a=rtcp:4001",
    "a=ptime:20",
    "a=sendrecv",
    "",
  ]);
});

test("an answer settles codec, payload types and endpoints", () => {
  const session = new SdpSession(local);
  session.createOffer();
  const agreed = session.setAnswer(
    sdp(["m=audio 5000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000", "a=rtcp:5999"]),
  );
  assert.equal(agreed.codec, "PCMA");
  assert.equal(agreed.telephoneEventPayloadType, 96);
  assert.deepEqual(agreed.remote, { address: "198.51.100.7", port: 5_000 });
  assert.deepEqual(agreed.remoteRtcp, { address: "198.51.100.7", port: 5_999 });
  assert.equal(agreed.receives.get(101), "telephone-event", "our own number is heard too (RFC 3264 6.1)");
});

test("an answer keeps the payload types of the offer, and our order of preference", () => {
  const session = new SdpSession({ ...local, codecs: ["PCMA", "PCMU"] });
  const offer = sdp([
    "m=audio 5000 RTP/AVP 97 0 98 99",
    "a=rtpmap:97 PCMA/8000",
    "a=rtpmap:98 telephone-event/8000",
    "a=rtpmap:99 telephone-event/16000",
  ]);
  const answer = session.createAnswer(offer);
  assert.match(answer, /m=audio 4000 RTP\/AVP 97 98\r\n/);
  assert.match(answer, /a=rtpmap:97 PCMA\/8000\r\na=rtpmap:98 telephone-event\/8000/);
  assert.equal(session.agreement?.payloadType, 97);
});

test("without telephone-events in the offer there are none in the answer", () => {
  const session = new SdpSession(local);
  assert.doesNotMatch(session.createAnswer(sdp(["m=audio 5000 RTP/AVP 0"])), /telephone-event/);
  assert.equal(session.agreement?.telephoneEventPayloadType, undefined);
});

test("every m= line gets one in the answer; what we do not take has port 0", () => {
  const answer = new SdpSession(local).createAnswer(
    sdp([
      "m=video 6000/2 RTP/AVP 31",
      "m=audio 5002 RTP/SAVP 0",
      ...audio,
      "m=audio 5004 RTP/AVP 0",
      "m=image 5006 udptl t38",
    ]),
  );
  assert.deepEqual(
    answer.split("\r\n").filter((line) => line.startsWith("m=")),
    [
      "m=video 0 RTP/AVP 31",
      "m=audio 0 RTP/SAVP 0",
      "m=audio 4000 RTP/AVP 0 101",
      "m=audio 0 RTP/AVP 0",
      "m=image 0 udptl t38",
    ],
  );
});

test("hold and its end are answered as RFC 3264 8.4 says", () => {
  const cases: [string, string, boolean][] = [
    ["a=sendrecv", "a=sendrecv", true],
    ["a=sendonly", "a=recvonly", false],
    ["a=recvonly", "a=sendonly", true],
    ["a=inactive", "a=inactive", false],
  ];
  for (const [offered, answered, maySend] of cases) {
    for (const offer of [sdp([...audio, offered]), sdp(audio, ["c=IN IP4 198.51.100.7", offered])]) {
      const session = new SdpSession(local);
      assert.match(session.createAnswer(offer), new RegExp(answered));
      assert.equal(session.agreement?.maySend, maySend);
      assert.equal(isHold(offer), !maySend);
    }
  }
  const old = sdp(audio, ["c=IN IP4 0.0.0.0"]);
  const session = new SdpSession(local);
  assert.match(session.createAnswer(old), /a=recvonly/);
  assert.equal(session.agreement?.maySend, false);
  assert.ok(isHold(old));
});

test("the version in o= grows when the description changes, and only then", () => {
  const session = new SdpSession(local);
  const versions = [
    session.createOffer(),
    session.createOffer(),
    session.createAnswer(sdp(audio)),
    session.createAnswer(sdp(audio)),
    session.createAnswer(sdp([...audio, "a=sendonly"])),
  ].map((text) => Number(/^o=- 77 (\d+)/m.exec(text)?.[1]));
  assert.deepEqual(versions, [1, 1, 2, 2, 3]);
});

test("a re-offer of ours keeps the m= lines and payload types that are there", () => {
  const session = new SdpSession(local);
  session.createAnswer(
    sdp([
      "m=video 6000 RTP/AVP 31",
      "m=audio 5000 RTP/AVP 97 96",
      "a=rtpmap:97 PCMU/8000",
      "a=rtpmap:96 telephone-event/8000",
    ]),
  );
  const offer = session.createOffer();
  assert.match(offer, /m=video 0 RTP\/AVP 31\r\nm=audio 4000 RTP\/AVP 97 8 96/);
  const answer = sdp(["m=video 0 RTP/AVP 31", "m=audio 7000 RTP/AVP 97", "a=rtpmap:97 PCMU/8000"]);
  assert.equal(session.setAnswer(answer).remote.port, 7_000);
});

test("audio that is switched off in a re-offer is answered with port 0, and may come back", () => {
  const session = new SdpSession(local);
  session.createAnswer(sdp(audio));
  assert.match(session.createAnswer(sdp(["m=audio 0 RTP/AVP 0"])), /m=audio 0 RTP\/AVP 0/);
  assert.equal(session.agreement?.maySend, false);
  assert.match(session.createAnswer(sdp(audio)), /m=audio 4000/);
});

test("addresses may be IPv6, and are taken in one form", () => {
  const session = new SdpSession({ ...local, address: "2001:db8::1" });
  const answer = session.createAnswer(sdp(audio, ["c=IN IP6 2001:DB8:0:0:0:0:0:99"]));
  assert.match(answer, /o=- 77 1 IN IP6 2001:db8::1\r\n/);
  assert.match(answer, /c=IN IP6 2001:db8::1\r\n/);
  assert.equal(session.agreement?.remote.address, "2001:db8::99");
});

test("what cannot be used is refused, and changes nothing", () => {
  const bad: [string, string][] = [
    ["nothing", ""],
    ["no SDP", "hello"],
    ["no media", sdp([])],
    ["another codec", sdp(["m=audio 5000 RTP/AVP 18"])],
    ["G.711 of another rate", sdp(["m=audio 5000 RTP/AVP 96", "a=rtpmap:96 PCMU/16000"])],
    ["two channels", sdp(["m=audio 5000 RTP/AVP 96", "a=rtpmap:96 PCMU/8000/2"])],
    ["video alone", sdp(["m=video 5000 RTP/AVP 31"])],
    ["encrypted audio alone", sdp(["m=audio 5000 RTP/SAVP 0"])],
    ["a name for an address", sdp(audio, ["c=IN IP4 phone.example"])],
    ["no address", sdp(audio, [])],
    ["a port beyond the last", sdp(["m=audio 65536 RTP/AVP 0"])],
    ["audio that is switched off from the start", sdp(["m=audio 0 RTP/AVP 0"])],
    ["17 streams", sdp(Array(17).fill("m=audio 5000 RTP/AVP 0"))],
    ["65 formats", sdp([`m=audio 5000 RTP/AVP ${Array(65).fill("0").join(" ")}`])],
    ["401 lines", sdp([...audio, ...Array(401).fill("a=x")])],
    ["20 kB", sdp([...audio, `a=${"x".repeat(20_000)}`])],
  ];
  const session = new SdpSession(local);
  session.createAnswer(sdp(audio));
  const before = session.agreement;
  for (const [why, text] of bad.filter(([why]) => !why.startsWith("audio that"))) {
    assert.throws(() => session.createAnswer(text), unacceptable, why);
    assert.throws(() => session.setAnswer(text), unacceptable, why);
    assert.equal(session.agreement, before);
  }
  for (const [why, text] of bad)
    assert.throws(() => new SdpSession(local).createAnswer(text), unacceptable, why);
});

test("any text is answered or refused, and nothing of it but numbers and tokens comes back", () => {
  const line = fc.oneof(
    fc.constantFrom(
      ...audio,
      "m=video 1 RTP/AVP 31",
      "c=IN IP4 1.2.3.4",
      "a=sendonly",
      "a=rtcp:70000",
      "a=ptime:0",
    ),
    fc.string({ unit: "binary", maxLength: 60 }),
    fc
      .tuple(fc.constantFrom("m=", "a=", "c=", "o=", "a=rtpmap:", "a=fmtp:"), fc.string({ maxLength: 60 }))
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.constantFrom("\r\n", "\n", "\r"), (lines, ending) => {
      const session = new SdpSession(local);
      const text = ["v=0", ...lines].join(ending);
      isHold(text);
      let answer: string;
      try {
        answer = session.createAnswer(text);
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, "SDP_UNACCEPTABLE");
        return;
      }
      assert.match(answer, /^[\x20-\x7e\r\n]*$/);
      const offered = readRemoteDescription(text).media.length;
      assert.equal(readRemoteDescription(answer).media.length, offered);
    }),
    { numRuns: 2_000 },
  );
});

test("what one side offers, another side of ours answers, and both agree", () => {
  const codecs = fc.uniqueArray(fc.constantFrom("PCMU" as const, "PCMA" as const), {
    minLength: 1,
    maxLength: 2,
  });
  fc.assert(
    fc.property(codecs, codecs, (offering, answering) => {
      const caller = new SdpSession({ ...local, codecs: offering });
      const callee = new SdpSession({
        ...local,
        address: "192.0.2.2",
        rtpPort: 6_000,
        rtcpPort: 6_001,
        codecs: answering,
      });
      const common = answering.filter((codec) => offering.includes(codec));
      const offer = caller.createOffer();
      if (common.length === 0) {
        assert.throws(() => callee.createAnswer(offer), unacceptable);
        return;
      }
      const agreed = caller.setAnswer(callee.createAnswer(offer));
      assert.equal(agreed.codec, common[0]);
      assert.equal(agreed.codec, callee.agreement?.codec);
      assert.deepEqual(agreed.remote, { address: "192.0.2.2", port: 6_000 });
      assert.deepEqual(callee.agreement?.remoteRtcp, { address: "192.0.2.1", port: 4_001 });
    }),
  );
});

test("hold is read from the audio's own lines before the session's", () => {
  const description = (session: string, media: string) =>
    `v=0\r\nc=IN IP4 192.0.2.1\r\n${session}m=audio 4000 RTP/AVP 0\r\n${media}m=video 0 RTP/AVP 31\r\na=inactive\r\n`;
  assert.equal(isHold(description("", "")), false);
  assert.equal(isHold(description("", "a=sendonly\r\n")), true);
  assert.equal(isHold(description("a=inactive\r\n", "")), true);
  assert.equal(isHold(description("a=inactive\r\n", "a=sendrecv\r\n")), false);
  assert.equal(isHold(description("", "c=IN IP4 0.0.0.0\r\n")), true);
  assert.equal(isHold(description("", "a=recvonly\r\n")), false);
  assert.equal(isHold(""), false);
});

test("an address of the other family is refused, and the old hold address never is", () => {
  const session = new SdpSession(local);
  session.createOffer();
  assert.throws(() => session.setAnswer(sdp(audio, ["c=IN IP6 2001:db8::7"])), unacceptable);
  session.setAnswer(sdp(audio));
  assert.throws(() => session.createAnswer(sdp(audio, ["c=IN IP6 2001:db8::7"])), unacceptable);
  assert.equal(session.agreement?.remote.address, "198.51.100.7");
  const onIPv6 = new SdpSession({ ...local, address: "2001:db8::1" });
  onIPv6.createAnswer(sdp(audio, ["c=IN IP6 2001:db8::7"]));
  assert.match(onIPv6.createAnswer(sdp(audio, ["c=IN IP4 0.0.0.0"])), /a=recvonly/);
});
