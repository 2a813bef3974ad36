import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleRequest } from "../transaction/transition-table.ts";
import { withBody, withHeader } from "./build.ts";
import { type Abilities, validate } from "./validate.ts";

const abilities: Abilities = {
  methods: ["INVITE", "ACK", "CANCEL", "BYE", "INFO"],
  extensions: [],
  contentTypes: ["application/sdp"],
  answerType: "application/sdp",
};
const isup = { contentType: "application/isup;version=itu-t92+", content: "\u0001" };
const mixed = (...parts: string[]) => ({
  contentType: "multipart/mixed;boundary=b",
  content: `${parts.map((part) => `--b\r\n${part}\r\n`).join("")}--b--`,
});
const sdpPart = "Content-Type: application/sdp\r\n\r\nv=0";
const isupPart = (disposition: string) =>
  `Content-Type: application/isup\r\nContent-Disposition: ${disposition}\r\n\r\n\u0001`;

/** `ok`, or the status and the headers of the answer. */
function verdictOn(method: string, body: Parameters<typeof withBody>[1], disposition?: string): string {
  const request = withBody(sampleRequest(method), body);
  const disposed =
    disposition === undefined ? request : withHeader(request, "Content-Disposition", disposition);
  const verdict = validate(disposed, abilities);
  if (verdict.type !== "reject") return verdict.type;
  return [verdict.status, ...verdict.headers.map(({ name, value }) => `${name}: ${value}`)].join(" ");
}

const refused = "415 Accept: application/sdp, multipart/mixed";

test("a body that we cannot read is refused, unless its sender calls it optional (RFC 3261 8.2.3)", () => {
  assert.equal(verdictOn("INFO", isup), refused);
  assert.equal(verdictOn("INFO", isup, "signal;handling=required"), refused);
  assert.equal(verdictOn("INFO", isup, "signal;handling=optional"), "ok");
});

test("of a multipart body the parts are judged, each by itself", () => {
  assert.equal(verdictOn("INVITE", mixed(sdpPart, isupPart("signal;handling=optional"))), "ok");
  assert.equal(verdictOn("INVITE", mixed(sdpPart, isupPart("signal"))), refused);
  assert.equal(verdictOn("INVITE", mixed(sdpPart, isupPart("signal")), "session;handling=optional"), "ok");
  assert.equal(verdictOn("INVITE", { ...mixed(), content: "--b" }), "400");
  const zipped = mixed(`Content-Encoding: gzip\r\n${sdpPart}`);
  assert.equal(verdictOn("INVITE", zipped), "415 Accept-Encoding: identity");
});

test("what ends a call or acknowledges its answer does so whatever it carries", () => {
  for (const method of ["BYE", "CANCEL", "ACK"]) {
    assert.equal(verdictOn(method, isup), "ok");
    assert.equal(verdictOn(method, { ...mixed(), content: "--b" }), "ok");
  }
});
