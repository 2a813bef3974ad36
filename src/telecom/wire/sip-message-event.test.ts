import assert from "node:assert/strict";
import { test } from "node:test";
import { sipMessageEvent } from "./sip-message-event.ts";

function told(text: string): string {
  const octets = Buffer.from(text);
  const from = { direction: "out", transport: "udp", remoteAddress: "::1", remotePort: 5060 } as const;
  const event = sipMessageEvent({ ...from, octets }, 7);
  assert.equal(event.remote, "[::1]:5060");
  assert.equal(event.atMs, 7);
  return event.text;
}

test("a message is told whole", () => {
  const text = "OPTIONS sip:bob@[::1] SIP/2.0\r\nTo: <sip:bob@[::1]>\r\n\r\n";
  assert.equal(told(text), text);
});

test("what proves a password is not told, however its header is written", () => {
  for (const header of ["Authorization", "authorization ", "PROXY-AUTHORIZATION"]) {
    const text = `INVITE sip:b@c SIP/2.0\r\n${header}: Digest username="t",\r\n response="5ec4e7"\r\nCSeq: 2 INVITE\r\n\r\n`;
    assert.equal(told(text), `INVITE sip:b@c SIP/2.0\r\n${header}: ...\r\nCSeq: 2 INVITE\r\n\r\n`);
  }
});

test("a login at a TURN server is not told", () => {
  const text = "INVITE sip:b@c SIP/2.0\r\nX-Tandem-Relay: turn:t.example:3478 17:leg 5ec4e7=\r\n\r\n";
  assert.equal(told(text), "INVITE sip:b@c SIP/2.0\r\nX-Tandem-Relay: turn:t.example:3478 ...\r\n\r\n");
});

test("keys of the media are not told", () => {
  const text =
    "m=audio 9 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:a2V5|2^20\r\na=ice-pwd:5ec4e7\r\n";
  const kept = "m=audio 9 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:...\r\na=ice-pwd:...\r\n";
  assert.equal(told(text), kept);
});

test("a long message is cut", () => {
  assert.equal(told("x".repeat(70_000)).length, 16_384);
});
