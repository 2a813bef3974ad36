import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BodyPart, bodyParts, isOptional, isReadable, sdpOf } from "./body-parts.ts";

const sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n";

function body(contentType: string, text: string, ...headers: [string, string][]): BodyPart {
  const named = [["Content-Type", contentType] as const, ...headers];
  return { headers: named.map(([name, value]) => ({ name, value })), body: Buffer.from(text) };
}

/** A body of these parts, each with its header lines. */
function mixed(parts: readonly string[], boundary = "gate way", more = ""): BodyPart {
  const text = parts.map((part) => `--${boundary}\r\n${part}\r\n`).join("");
  return body(`multipart/mixed;boundary="${boundary}"`, `${text}--${boundary}--${more}`);
}

const described = `Content-Type: application/sdp\r\n\r\n${sdp}`;
const isup =
  "Content-Type: application/ISUP;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n\r\n\u0001\u0002";

test("the session description is found among the parts of a gateway's body, with or without what is around it", () => {
  for (const whole of [
    body("application/sdp", sdp),
    mixed([described, isup]),
    mixed([isup, described]),
    mixed([`c: application/sdp\r\nContent-Disposition: session;handling=required\r\n\r\n${sdp}`]),
    mixed(["\r\nA text without headers.", described], "b", "\r\nan epilogue"),
  ])
    assert.equal(sdpOf(whole), sdp);
  const prefaced = mixed([described]);
  assert.equal(sdpOf({ ...prefaced, body: Buffer.from(`a preamble\r\n${prefaced.body}`) }), sdp);
});

test("what is no session description is not taken for one", () => {
  for (const whole of [
    body("application/sdp", ""),
    body("text/plain", sdp),
    body("multipart/alternative;boundary=b", `--b\r\n${described}\r\n--b--`),
    body("application/sdp", sdp, ["Content-Encoding", "gzip"]),
    // RFC 3959: it describes the music before the answer, not the call.
    body("application/sdp", sdp, ["Content-Disposition", "early-session"]),
    mixed([isup]),
    mixed([`Content-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\n${btoa(sdp)}`]),
  ])
    assert.equal(sdpOf(whole), undefined);
});

test("a multipart body that is not what it says has no parts", () => {
  for (const [why, whole] of [
    ["no boundary", body("multipart/mixed", `--b\r\n${described}\r\n--b--`)],
    ["a boundary of 71 characters", mixed([described], "b".repeat(71))],
    ["a boundary that ends with a space", mixed([described], "b ")],
    ["another boundary", body("multipart/mixed;boundary=a", `--b\r\n${described}\r\n--b--`)],
    ["no end", body("multipart/mixed;boundary=b", `--b\r\n${described}\r\n`)],
    ["a part without an end of its headers", mixed(["Content-Type: application/sdp"])],
    ["a part whose headers are none", mixed([`Content Type\r\n\r\n${sdp}`])],
    ["17 parts", mixed(Array(17).fill(described))],
  ] as const)
    assert.equal(bodyParts(whole), undefined, why);
  assert.equal(bodyParts(mixed(Array(16).fill(described)))?.length, 16);
  assert.deepEqual(bodyParts(body("text/plain", "")), []);
});

test("a part says whether it must be understood", () => {
  const read = (whole: BodyPart): boolean => isReadable(whole, ["application/sdp"]);
  assert.deepEqual(bodyParts(mixed([described, isup]))?.map(isOptional), [false, true]);
  assert.deepEqual(bodyParts(mixed([described, isup]))?.map(read), [true, false]);
  assert.equal(isOptional(body("a/b", "x", ["Content-Disposition", "signal; HANDLING=Optional"])), true);
  assert.equal(isOptional(body("a/b", "x", ["Content-Disposition", "signal;handling"])), false);
  assert.equal(isOptional(body("a/b", "x", ["Content-Disposition", "; handling=optional"])), false);
});

test("any octets are parted or refused, and no part holds more than there was", () => {
  const piece = fc.constantFrom("--b", "--", "\r\n", "\r\n\r\n", "b", ":", "Content-Type: text/plain", "\0");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const whole = body("multipart/mixed;boundary=b", pieces.join(""));
      const parts = bodyParts(whole) ?? [];
      assert.ok(parts.reduce((sum, part) => sum + part.body.length, 0) <= whole.body.length);
    }),
    { numRuns: 2_000 },
  );
});
