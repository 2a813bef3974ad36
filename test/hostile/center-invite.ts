import assert from "node:assert/strict";

/** What the INVITE to a center consists of, in this order, and what each may say: nothing else, whatever a visitor wrote. */
const startLine = /^INVITE sip:7001@127\.0\.0\.1:\d+ SIP\/2\.0$/;
const headers: readonly (readonly [string, RegExp])[] = [
  ["Via", /^SIP\/2\.0\/UDP 127\.0\.0\.1:\d+;rport;branch=z9hG4bK[A-Za-z0-9]{16}$/],
  ["Max-Forwards", /^70$/],
  ["From", /^<sip:7\d{3}@127\.0\.0\.1>;tag=[A-Za-z0-9]{16}$/],
  ["To", /^<sip:7001@127\.0\.0\.1:\d+>$/],
  ["Call-ID", /^[A-Za-z0-9]{26}@127\.0\.0\.1$/],
  ["CSeq", /^1 INVITE$/],
  ["Contact", /^<sip:tandem@127\.0\.0\.1:\d+>$/],
  ["Allow", /^INVITE, ACK, CANCEL, BYE, UPDATE, INFO, OPTIONS$/],
  ["Supported", /^timer, 100rel$/],
  ["Session-Expires", /^\d+$/],
  ["Min-SE", /^\d+$/],
  ["User-Agent", /^Tandem$/],
  ["P-Asserted-Identity", /^<sip:7\d{3}@127\.0\.0\.1>$/],
  ["User-to-User", /^([0-9a-f]{2}){1,128};encoding=hex$/],
  ["X-Tandem-Context", /^r=\d{6};u=bank;s=mortgages$/],
  ["Content-Type", /^application\/sdp$/],
  ["Content-Length", /^\d+$/],
];
const context = /^1;r=\d{6};s=mortgages(;(c|p|x\.[a-z][a-z0-9-]*)=[^;\p{C}]+)*$/u;
const descriptionLine =
  /^(v=0|o=- \d+ \d+ IN IP4 127\.0\.0\.1|s=-|c=IN IP4 127\.0\.0\.1|t=0 0|m=audio \d+ RTP\/AVP( \d+)+|a=(rtpmap|fmtp|rtcp|ptime|sendrecv|maxptime)[ -~]*)$/;

/** Asserts that these octets are the constant INVITE with expected values, read by no parser of ours; gives its User-to-User. */
export function assertConstantInvite(octets: string): string {
  const [head = "", body = "", ...more] = octets.split("\r\n\r\n");
  assert.deepEqual(more, []);
  assert.doesNotMatch(octets.replaceAll("\r\n", ""), /[^ -~]/, "something but printable ASCII");
  const [first = "", ...lines] = head.split("\r\n");
  assert.match(first, startLine);
  const said = lines.map(
    (line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)] as const,
  );
  assert.deepEqual(
    said.map(([name]) => name),
    headers.map(([name]) => name),
  );
  headers.forEach(([, pattern], at) => assert.match(said[at]?.[1] ?? "", pattern));
  const hex = said.find(([name]) => name === "User-to-User")?.[1].split(";")[0] ?? "";
  const told = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(hex, "hex"));
  assert.match(told, context);
  assert.equal(Number(said.at(-1)?.[1]), Buffer.byteLength(body, "latin1"));
  for (const line of body.split("\r\n").filter((each) => each !== "")) assert.match(line, descriptionLine);
  return told;
}
