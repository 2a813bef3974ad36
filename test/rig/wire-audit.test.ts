import assert from "node:assert/strict";
import { test } from "node:test";
import { sipMessages } from "./capture.ts";
import { complaintsOf } from "./wire-audit.ts";

interface Line {
  readonly by: "us" | "phone";
  readonly start: string;
  readonly cseq: string;
  readonly branch: string;
  readonly toTag?: string;
  readonly fromTag?: string;
}

const invite: Line = { by: "us", start: "INVITE sip:ann@phone SIP/2.0", cseq: "1 INVITE", branch: "one" };
const answered: Line = { ...invite, by: "phone", start: "SIP/2.0 200 OK", toTag: "phone" };
const ack: Line = {
  ...invite,
  start: "ACK sip:ann@phone SIP/2.0",
  cseq: "1 ACK",
  branch: "two",
  toTag: "phone",
};
const bye: Line = { ...ack, start: "BYE sip:ann@phone SIP/2.0", cseq: "2 BYE", branch: "three" };
const byeAnswered: Line = { ...bye, by: "phone", start: "SIP/2.0 200 OK" };
const busy: Line = { ...answered, start: "SIP/2.0 486 Busy Here" };
const busyAck: Line = { ...ack, branch: "one" };
const talked = [invite, answered, ack, bye, byeAnswered];

function complaints(lines: readonly Line[], invites = 1): string[] {
  const packets = lines.map((line) => {
    const [from, to] = line.by === "us" ? ["us", "phone"] : ["phone", "us"];
    const text = [
      line.start,
      `Via: SIP/2.0/UDP here;branch=${line.branch}`,
      `From: <sip:us>;tag=${line.fromTag ?? "us"}`,
      `To: <sip:ann@phone>${line.toTag === undefined ? "" : `;tag=${line.toTag}`}`,
      "Call-ID: call",
      `CSeq: ${line.cseq}`,
    ];
    const payload = Buffer.from(`${text.join("\r\n")}\r\n\r\n`);
    return { atMs: 0, transport: "udp" as const, from, to, sequence: 0, payload };
  });
  return complaintsOf(sipMessages(packets), { invites });
}

test("calls that went as they should are not complained of", () => {
  assert.deepEqual(complaints(talked), []);
  assert.deepEqual(complaints([invite, busy, busyAck]), []);
  assert.deepEqual(complaints([invite, answered, answered, ack, ack, bye, bye, byeAnswered]), []);
  const hold = { by: "phone", toTag: "us", fromTag: "phone" } as const;
  const held = [
    { ...invite, ...hold, cseq: "1 INVITE", branch: "hold" },
    { ...answered, ...hold, by: "us", branch: "hold" },
    { ...ack, ...hold, branch: "held" },
  ] as const;
  assert.deepEqual(complaints([invite, answered, ack, ...held, bye, byeAnswered]), []);
});

const wrong: readonly (readonly [string, readonly Line[], RegExp])[] = [
  [
    "a telephone that is called twice",
    [...talked, { ...invite, branch: "x", cseq: "3 INVITE" }],
    /2 INVITE trans/,
  ],
  ["an answer that nobody acknowledged", [invite, answered, bye, byeAnswered], /no ACK/],
  ["a refusal that nobody acknowledged", [invite, busy], /no ACK/],
  ["the ACK of a refusal in a transaction of its own", [invite, busy, ack], /no ACK/],
  ["a BYE that nobody answered", [invite, answered, ack, bye], /no final response to BYE/],
  [
    "the INVITE's answer taken for the BYE's",
    [invite, answered, ack, bye, { ...byeAnswered, cseq: "1 INVITE" }],
    /no final response to BYE/,
  ],
  ["an answered leg that nobody ended", [invite, answered, ack], /1 answered legs, 0 BYEs/],
  [
    "a leg that was ended twice",
    [...talked, { ...bye, branch: "x", cseq: "3 BYE" }],
    /1 answered legs, 2 BYEs/,
  ],
  [
    "a CSeq that stands still",
    [invite, answered, ack, { ...bye, cseq: "1 BYE" }, byeAnswered],
    /after CSeq 1/,
  ],
  ["a BYE that is said for ever", [...talked, ...Array.from({ length: 11 }, () => bye)], /12 times/],
];

for (const [what, lines, complaint] of wrong) {
  test(`${what} is complained of`, () => assert.match(complaints(lines).join("\n"), complaint));
}
