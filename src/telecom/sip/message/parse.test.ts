import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { makeResponse } from "./build.ts";
import { headerValue, headerValues } from "./headers.ts";
import type { SipMessage } from "./message.ts";
import { limits, parse } from "./parse.ts";
import { serialize } from "./serialize.ts";
import { formatUri, parseUri, sameUri } from "./uri.ts";
import { type Abilities, validate } from "./validate.ts";

const corpus = resolve(import.meta.dirname, "../../../../../shared/corpora/rfc4475");
const abilities: Abilities = {
  methods: ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"],
  extensions: [],
  contentTypes: ["application/sdp"],
  answerType: "application/sdp",
};

const head = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n";
const read = (text: string) => parse(Buffer.from(text), "datagram");

function readMessage(text: string): SipMessage {
  const result = read(text);
  assert.ok(result.type === "message", JSON.stringify(result));
  return result.message;
}

test("header lines are unfolded, their names written out, their values kept", () => {
  const message = readMessage(`\r\n${head}i : x\r\nsubject:  a\r\n\t b \r\nX-Odd: \r\n\r\n`);
  assert.deepEqual(message.headers.slice(1), [
    { name: "Call-ID", value: "x" },
    { name: "Subject", value: "a b" },
    { name: "X-Odd", value: "" },
  ]);
});

test("a bare line feed or carriage return in a header line is refused, not taken for a line's end", () => {
  for (const line of ["Subject: a\nRoute: <sip:evil>", "Subject: a\rRoute: <sip:evil>"]) {
    const result = read(`${head}${line}\r\n\r\n`);
    assert.ok(result.type === "refuse" && result.status === 400);
    assert.deepEqual(headerValues(result.request, "Route"), []);
  }
});

test("what is too large is refused by name: the message, the Request-URI, a line, the number of lines", () => {
  const status = (text: string): number => {
    const result = read(text);
    return result.type === "refuse" ? result.status : 0;
  };
  assert.equal(status(`${head}\r\n${"x".repeat(limits.messageOctets)}`), 513);
  assert.equal(status(`OPTIONS sip:${"a".repeat(limits.lineLength)}@b SIP/2.0\r\n\r\n`), 414);
  assert.equal(status(`${head}X: ${"y".repeat(limits.lineLength)}\r\n\r\n`), 400);
  assert.equal(status(`${head}${"X: y\r\n".repeat(limits.headerLines)}\r\n`), 400);
});

test("ACKs and responses are never refused with an answer: what is wrong with them is dropped", () => {
  assert.equal(read("ACK sip:a@b SIP/2.0\r\nno colon\r\n\r\n").type, "drop");
  assert.equal(read("SIP/2.0 200 OK\r\nno colon\r\n\r\n").type, "drop");
  assert.equal(read("GET / HTTP/1.1\r\n\r\n").type, "drop");
});

/** Objects like those of the code: fast-check would also make some without a prototype. */
function plain<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

// Values as headers hold them: no line ends, no NUL, no spaces at the ends.
const valueText = fc
  .string({ unit: fc.constantFrom(...'abz09 \t"\\<>;,=@:%é大&/') })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ""));
const token = fc.string({ unit: fc.constantFrom(..."abzABZ09-.!%*_+`'~"), minLength: 1, maxLength: 12 });
const headerLine = plain({ name: token.map((text) => `X-${text}`), value: valueText });
const body = fc.uint8Array({ maxLength: 200 });
const message: fc.Arbitrary<SipMessage> = fc.oneof(
  plain({
    method: token,
    uri: token.map((user) => `sip:${user}@example.com`),
    headers: fc.array(headerLine),
    body,
  }).map((parts) => ({ type: "request" as const, ...parts })),
  plain({
    status: fc.integer({ min: 100, max: 699 }),
    reason: valueText,
    headers: fc.array(headerLine),
    body,
  }).map((parts) => ({ type: "response" as const, ...parts })),
);

test("what was serialized is parsed as the same message", () => {
  fc.assert(
    fc.property(message, (written) => {
      for (const framing of ["datagram", "stream-framed"] as const) {
        const result = parse(serialize(written), framing);
        assert.ok(result.type === "message");
        const length = { name: "Content-Length", value: String(written.body.length) };
        const { body: octets, ...rest } = result.message;
        const { body: wanted, ...wantedRest } = written;
        assert.deepEqual(rest, { ...wantedRest, headers: [...written.headers, length] });
        assert.deepEqual(Uint8Array.from(octets), wanted);
      }
    }),
  );
});

test("no value becomes a header of its own: line ends and NUL are refused by the serializer", () => {
  const hostile = fc
    .tuple(valueText, fc.constantFrom("\r", "\n", "\r\n", "\0"), valueText)
    .map((parts) => parts.join("x"));
  fc.assert(
    fc.property(message, hostile, fc.nat(3), (sound, text, place) => {
      const bad: SipMessage =
        place === 0
          ? { ...sound, headers: [...sound.headers, { name: "Subject", value: text }] }
          : place === 1
            ? { ...sound, headers: [...sound.headers, { name: text, value: "x" }] }
            : sound.type === "request"
              ? { ...sound, ...(place === 2 ? { uri: text } : { method: text }) }
              : { ...sound, reason: text };
      assert.throws(() => serialize(bad), { code: "SIP_UNSERIALIZABLE" });
    }),
  );
});

test("any octets are read without an error, and what is refused can be answered", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 3_000 }), swallow), { numRuns: 500 });
});

test("a message of RFC 4475 with octets changed, taken out or doubled is read without an error", (t) => {
  if (!existsSync(corpus)) return t.skip("no ../shared");
  const messages = readdirSync(corpus)
    .filter((name) => name.endsWith(".dat"))
    .map((name) => readFileSync(join(corpus, name)));
  const mutation = plain({
    source: fc.constantFrom(...messages),
    cuts: fc.array(plain({ at: fc.nat(4_000), skip: fc.nat(40), insert: fc.uint8Array({ maxLength: 8 }) }), {
      minLength: 1,
      maxLength: 6,
    }),
  });
  fc.assert(
    fc.property(mutation, ({ source, cuts }) => {
      const mutated = cuts.reduce(
        (octets, { at, skip, insert }) =>
          Buffer.concat([octets.subarray(0, at), insert, octets.subarray(at + skip)]),
        source,
      );
      swallow(mutated);
    }),
    { numRuns: 2_000 },
  );
});

/** Reads, judges and answers, as the layers above do. */
function swallow(octets: Uint8Array): void {
  for (const framing of ["datagram", "stream-framed"] as const) {
    const result = parse(octets, framing);
    if (result.type === "refuse") serialize(makeResponse(result.request, result.status, { toTag: "t" }));
    if (result.type !== "message") continue;
    const verdict = validate(result.message, abilities);
    if (verdict.type === "drop" || result.message.type === "response") continue;
    const status = verdict.type === "reject" ? verdict.status : 200;
    serialize(makeResponse(result.message, status, { toTag: "t" }));
  }
}

test("at most 64 KiB are looked at: of a larger message the rest does not matter", () => {
  const small = `${head}X: y\r\n\r\n`.padEnd(limits.messageOctets + 1, "z");
  const large = `${small}${'\r\n\r\n,;<"'.repeat(10_000)}`;
  assert.deepEqual(read(large), read(small));
});

test("a URI is unescaped once and escaped once: what was formatted is parsed as the same", () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab9%41;?@:/é\0 &="<>'), minLength: 1, maxLength: 12 });
  const param = plain({ name: text, value: fc.option(text, { nil: undefined }) });
  const uri = plain({
    type: fc.constant("sip" as const),
    scheme: fc.constantFrom("sip" as const, "sips" as const),
    user: text,
    password: fc.option(text, { nil: undefined }),
    host: fc.constantFrom("example.com", "192.0.2.1", "2001:db8::1"),
    port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
    params: fc.array(param, { maxLength: 4 }),
    headers: fc.array(plain({ name: text, value: text }), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(uri, (written) => {
      const again = parseUri(formatUri(written));
      assert.deepEqual(again, written);
      assert.ok(again !== undefined && sameUri(again, written));
    }),
  );
});

test("a refused request tells the headers that its answer needs", () => {
  const result = read(`${head}Call-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 9\r\n\r\nshort`);
  assert.ok(result.type === "refuse" && result.status === 400);
  const answer = makeResponse(result.request, result.status);
  assert.equal(headerValue(answer, "Call-ID"), "x");
  assert.equal(headerValue(answer, "Via"), "SIP/2.0/UDP h;branch=z9hG4bK1");
});
