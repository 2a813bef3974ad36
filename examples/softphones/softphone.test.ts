import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { linearToMuLaw } from "#telecom/media/g711.ts";
import { tone } from "#telecom/voice-response/announcements/tones.ts";
import { agreementOf } from "./description.ts";
import { openPhonePage } from "./phone-page.ts";
import { openSoftphone, type Softphone } from "./softphone.ts";
import { RecordedVoice } from "./voice.ts";
import { VoiceLine } from "./voice-line.ts";

let socket: Socket;
let inbox: string[] = [];
let waiting: (() => void) | undefined;
let bob: Softphone;
let calls = 0;

before(async () => {
  socket = createSocket("udp4");
  socket.on("message", (packet) => {
    inbox.push(packet.toString());
    waiting?.();
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
});
after(() => socket.close());
beforeEach(async () => {
  inbox = [];
  bob = await openSoftphone({ name: "Bob", sipPort: 0 });
});
afterEach(() => bob.close());

/** The next packet whose head matches; others before it are left out. */
async function receives(pattern: RegExp): Promise<string> {
  for (;;) {
    for (let packet = inbox.shift(); packet !== undefined; packet = inbox.shift()) {
      if (pattern.test(packet)) return packet;
    }
    await new Promise<void>((resolve) => {
      waiting = resolve;
    });
  }
}

interface Caller {
  readonly id: string;
  send(
    method: string,
    more?: { cseq?: number; toTag?: string; branch?: string; headers?: string; body?: string },
  ): void;
}

function caller(): Caller {
  const id = `call-${calls++}`;
  const { port } = socket.address();
  return {
    id,
    send(method, { cseq = 1, toTag, branch = `${method}-${cseq}`, headers = "", body = "" } = {}) {
      const lines = [
        `${method} sip:4711@127.0.0.1:${bob.sipPort} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${id}${branch};rport`,
        "Max-Forwards: 70",
        `From: "Ann" <sip:+12025550123@127.0.0.1>;tag=ann`,
        `To: <sip:4711@127.0.0.1>${toTag === undefined ? "" : `;tag=${toTag}`}`,
        `Call-ID: ${id}`,
        `CSeq: ${cseq} ${method}`,
        `Contact: <sip:ann@127.0.0.1:${port}>`,
        ...(headers === "" ? [] : [headers]),
        ...(body === "" ? [] : ["Content-Type: application/sdp"]),
        `Content-Length: ${body.length}`,
        "",
        body,
      ];
      socket.send(lines.join("\r\n"), bob.sipPort, "127.0.0.1");
    },
  };
}

function offer(port: number, direction = "sendrecv"): string {
  return [
    "v=0",
    "o=ann 1 1 IN IP4 127.0.0.1",
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=audio ${port} RTP/AVP 0 8 101`,
    "a=rtpmap:101 telephone-event/8000",
    `a=${direction}`,
    "",
  ].join("\r\n");
}

const toTagOf = (response: string): string => /^To:.*;tag=(\S+)/m.exec(response)?.[1] ?? "";
const bodyOf = (packet: string): string => packet.slice(packet.indexOf("\r\n\r\n") + 4);

test("Bob's phone rings with what the call says, is answered, hears a tone and keys, and hangs up", async () => {
  const ann = caller();
  const annKeys: string[] = [];
  const voice = await VoiceLine.open({
    address: "127.0.0.1",
    voice: new RecordedVoice(
      Uint8Array.from([...tone("confirm", "en"), ...new Int16Array(4000)], linearToMuLaw),
    ),
    listener: { audio: () => {}, digit: (digit) => annKeys.push(digit) },
  });
  try {
    ann.send("INVITE", {
      headers: `P-Asserted-Identity: <sip:+12025550123@127.0.0.1>\r\nUser-to-User: ${Buffer.from("1;r=482913;s=mortgages").toString("hex")};encoding=hex\r\nX-Tandem-Context: r=482913`,
      body: offer(voice.port),
    });
    const rings = await bob.rings();
    assert.equal(rings.dialled, "4711");
    assert.equal(rings.assertedIdentity, "+12025550123");
    assert.deepEqual(rings.userToUserFields, { r: "482913", s: "mortgages" });
    assert.equal(rings.xContext, "r=482913");
    await receives(/^SIP\/2.0 180/);
    await bob.answer();
    const ok = await receives(/^SIP\/2.0 200/);
    ann.send("ACK", { toTag: toTagOf(ok), branch: "ack" });
    const agreement = agreementOf(Buffer.from(bodyOf(ok)));
    assert.ok(agreement !== undefined);
    voice.agree(agreement);
    const heard = await bob.hears("tone confirm");
    assert.ok(Math.abs(heard.seconds - 0.24) < 0.1);
    voice.press(["1", "2", "#"]);
    await new Promise<void>((resolve) => {
      const stop = bob.on(() => {
        if (bob.digitsHeard.length < 3) return;
        stop();
        resolve();
      });
    });
    assert.deepEqual(bob.digitsHeard, ["1", "2", "#"]);
    bob.hangUp();
    const bye = await receives(/^BYE /);
    assert.match(bye, new RegExp(`^Call-ID: ${ann.id}\r$`, "m"));
    assert.match(bye, /^From:.*tag=[0-9a-f]+\r$/m);
    assert.equal(bob.state, "idle");
    assert.ok(bob.recording().length > 1600);
  } finally {
    voice.close();
  }
});

test("a repeated INVITE rings once, a caller who gives up gets 487, and a second caller hears busy meanwhile", async () => {
  const ann = caller();
  let rings = 0;
  bob.on((event) => {
    if (event.type === "rings") rings += 1;
  });
  ann.send("INVITE", { body: offer(4000) });
  await receives(/^SIP\/2.0 180/);
  ann.send("INVITE", { body: offer(4000) });
  await receives(/^SIP\/2.0 180/);
  assert.equal(rings, 1);
  const eve = caller();
  eve.send("INVITE", { body: offer(4000) });
  const busy = await receives(/^SIP\/2.0 486/);
  eve.send("ACK", { toTag: toTagOf(busy), branch: "INVITE-1" });
  const ended = bob.ends();
  ann.send("CANCEL", { branch: "INVITE-1" });
  await receives(/^SIP\/2.0 200[^]*CSeq: 1 CANCEL/);
  const cancelled = await receives(/^SIP\/2.0 487/);
  ann.send("ACK", { toTag: toTagOf(cancelled), branch: "INVITE-1" });
  assert.equal(await ended, "cancelled");
});

test("an answer whose ACK is lost is said again, a call is put on hold and taken back, and the caller hangs up", async () => {
  const ann = caller();
  ann.send("INVITE", { body: offer(4000) });
  await bob.rings();
  await bob.answer();
  await receives(/^SIP\/2.0 200/);
  const again = await receives(/^SIP\/2.0 200/);
  const toTag = toTagOf(again);
  ann.send("ACK", { toTag, branch: "ack" });
  ann.send("INVITE", { cseq: 2, toTag, body: offer(4000, "sendonly") });
  const held = await receives(/^SIP\/2.0 200[^]*CSeq: 2 INVITE/);
  assert.match(bodyOf(held), /a=recvonly/);
  ann.send("ACK", { cseq: 2, toTag, branch: "ack2" });
  ann.send("INVITE", { cseq: 3, toTag, body: offer(4000) });
  assert.match(bodyOf(await receives(/^SIP\/2.0 200[^]*CSeq: 3 INVITE/)), /a=sendrecv/);
  ann.send("ACK", { cseq: 3, toTag, branch: "ack3" });
  const ended = bob.ends();
  ann.send("BYE", { cseq: 4, toTag });
  await receives(/^SIP\/2.0 200[^]*CSeq: 4 BYE/);
  assert.equal(await ended, "hung up by the far end");
});

test("OPTIONS is answered, a BYE of no call is refused, and noise is no harm", async () => {
  socket.send(Buffer.from("not SIP at all\r\n\r\n"), bob.sipPort, "127.0.0.1");
  caller().send("OPTIONS");
  await receives(/^SIP\/2.0 200[^]*Allow: INVITE/);
  caller().send("BYE", { toTag: "nobody" });
  await receives(/^SIP\/2.0 481/);
});

test("the page drives the phone, and refuses what another site sends", async () => {
  const page = await openPhonePage(bob, 0);
  const at = (path: string): string => `http://127.0.0.1:${page.port}${path}`;
  try {
    assert.match(await (await fetch(at("/"))).text(), /Bob&#39;s telephone|Bob's telephone/);
    const ann = caller();
    ann.send("INVITE", { body: offer(4000) });
    await bob.rings();
    const foreign = await fetch(at("/answer"), {
      method: "POST",
      headers: { origin: "https://evil.example" },
    });
    assert.equal(foreign.status, 403);
    const state = (await (await fetch(at("/answer"), { method: "POST" })).json()) as { state: string };
    assert.equal(state.state, "talking");
    const ok = await receives(/^SIP\/2.0 200/);
    ann.send("ACK", { toTag: toTagOf(ok), branch: "ack" });
    const digits = await fetch(at("/digits"), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ digits: "nonsense!" }),
    });
    assert.equal(digits.status, 400);
    await fetch(at("/hangup"), { method: "POST" });
    await receives(/^BYE /);
  } finally {
    await page.close();
  }
});
