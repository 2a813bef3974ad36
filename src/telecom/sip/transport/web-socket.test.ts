import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { type ClientOptions, WebSocket } from "ws";
import { VirtualClock } from "#base/clock.ts";
import { makeAuthority } from "#rig/certificate.ts";
import { installed } from "#rig/processes.ts";
import { dial, openUnit, options, optionsRequest } from "./test-unit.ts";
import type { Transport, TransportOptions } from "./transport.ts";

const origin = "https://talk.example";
const webSocket = { port: 0, origins: [origin], trustedProxies: [] };
const openForBrowsers = (t: TestContext, more: Partial<TransportOptions> = {}) =>
  openUnit(t, { webSocket, ...more });
const portOf = (unit: Transport): number => unit.sentByOver("ws").port;

const fromBrowser = options("SIP/2.0/WS df7jal23ls0d.invalid;rport;branch=z9hG4bK1");
const register = fromBrowser.replaceAll("OPTIONS", "REGISTER");

/** A browser's telephone. */
function phone(t: TestContext, unit: Transport, more: ClientOptions = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${portOf(unit)}`, ["sip"], { origin, ...more });
  t.after(() => socket.terminate());
  socket.on("error", () => {});
  const heard: { text: string; binary: boolean }[] = [];
  socket.on("message", (data, binary) => {
    assert.ok(data instanceof Buffer);
    heard.push({ text: data.toString(), binary });
  });
  return {
    socket,
    heard,
    opens: async () => void (await once(socket, "open")),
    closed: new Promise<number>((resolve) => socket.on("close", resolve)),
    async asks(message: string | Uint8Array) {
      socket.send(message);
      await once(socket, "message");
      return heard.at(-1);
    },
  };
}

/** The status by which it is told that it may not come. */
async function refusal(t: TestContext, unit: Transport, more: ClientOptions & { protocols?: string[] }) {
  const socket = new WebSocket(`ws://127.0.0.1:${portOf(unit)}`, more.protocols ?? ["sip"], {
    origin,
    ...more,
  });
  t.after(() => socket.terminate());
  socket.on("error", () => {});
  const [, response] = await once(socket, "unexpected-response");
  response.resume();
  return response.statusCode;
}

/** A connection whose frames the test makes by itself. */
async function handMade(t: TestContext, unit: Transport): Promise<Awaited<ReturnType<typeof dial>>> {
  const made = await dial(t, portOf(unit));
  made.socket.write(
    `GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: ${origin}\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n",
  );
  await made.reads((text) => text.includes("\r\n\r\n"));
  return made;
}

/** RFC 6455 5.2, with a mask of zeros. */
function frame(firstOctet: number, payload: Uint8Array, { masked = true } = {}): Buffer {
  const mask = masked ? 0x80 : 0;
  const length =
    payload.length < 126
      ? [mask | payload.length]
      : [mask | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((bits) => (payload.length >>> bits) & 0xff)];
  return Buffer.concat([Buffer.from([firstOctet, ...length, ...(masked ? [0, 0, 0, 0] : [])]), payload]);
}

/** The status of the close frame that a hand-made connection gets. */
async function closeStatus(socket: Socket): Promise<number> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "close");
  const last = Buffer.concat(chunks);
  assert.equal(last[0], 0x88, last.toString("hex"));
  return last.readUInt16BE(2);
}

test("a browser's request in a frame is answered in a frame, over its own connection (RFC 7118 5)", async (t) => {
  const { unit, seen } = await openForBrowsers(t);
  const { asks, opens, socket } = phone(t, unit);
  await opens();
  assert.equal(socket.protocol, "sip");
  assert.equal(socket.extensions, "");
  for (const message of [fromBrowser, Buffer.from(fromBrowser)]) {
    const answer = await asks(message);
    assert.match(answer?.text ?? "", /^SIP\/2\.0 200 .*\r\nVia: SIP\/2\.0\/WS df7jal23ls0d\.invalid;rport=/);
    assert.equal(answer?.binary, false);
  }
  // RFC 7118 5: no Content-Length is needed in a frame.
  const bare = await asks(fromBrowser.replace("Content-Length: 0\r\n", ""));
  assert.match(bare?.text ?? "", /^SIP\/2\.0 200 /);
  assert.equal(seen[0]?.flow.transport, "ws");
});

test("what we ask a browser goes down its connection, and fails when that is gone: none is opened (RFC 5626 5.3)", async (t) => {
  const { unit, seen, closed, until } = await openForBrowsers(t);
  const browser = phone(t, unit);
  await browser.opens();
  await browser.asks(fromBrowser);
  const flow = seen[0]?.flow;
  assert.ok(flow !== undefined);
  const asked = once(browser.socket, "message");
  const request = optionsRequest("SIP/2.0/WS 127.0.0.1;branch=z9hG4bK2");
  assert.deepEqual(await unit.send(flow, request), { type: "sent" });
  assert.match(String((await asked)[0]), /^OPTIONS /);
  const connection = unit.connectionTo(flow);
  browser.socket.close();
  await until(() => closed.length === 1);
  assert.deepEqual(closed, [{ flow, connection }]);
  assert.deepEqual(await unit.send(flow, request), { type: "failed", why: "the peer's connection is gone" });
  assert.equal(unit.connectionTo(flow), undefined);
});

test("what is no UTF-8 goes as octets: as text it would make the browser close", async (t) => {
  const { unit, seen } = await openForBrowsers(t);
  const browser = phone(t, unit);
  await browser.opens();
  await browser.asks(fromBrowser);
  const flow = seen[0]?.flow;
  assert.ok(flow !== undefined);
  const body = Uint8Array.of(0xff, 0xfe);
  const asked = once(browser.socket, "message");
  await unit.send(flow, { ...optionsRequest("SIP/2.0/WS h;branch=z9hG4bK2"), body });
  await asked;
  assert.equal(browser.heard.at(-1)?.binary, true);
});

for (const [what, more, status] of [
  ["another site's page", { origin: "https://evil.example" }, 403],
  ["a page of our name over plain HTTP", { origin: "http://talk.example" }, 403],
  ["who does not say whose page it is", { origin: "" }, 403],
  ["who speaks something else", { protocols: ["xmpp", "sip2"] }, 400],
  ["who does not say what it speaks", { protocols: [] }, 400],
] as const) {
  test(`${what} is refused by ${status}`, async (t) => {
    const { unit } = await openForBrowsers(t);
    assert.equal(
      await refusal(t, unit, { ...more, protocols: [...("protocols" in more ? more.protocols : ["sip"])] }),
      status,
    );
    assert.equal(unit.stats().connections, 0);
  });
}

test("a page that is asked for, a head without end and what is no HTTP are refused", async (t) => {
  const { unit } = await openForBrowsers(t);
  for (const [words, answer] of [
    ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", /^HTTP\/1\.1 426 /],
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx", /^HTTP\/1\.1 426 /],
    [`GET / HTTP/1.1\r\n${"X: y\r\n".repeat(2_000)}`, /^HTTP\/1\.1 431 /],
    [fromBrowser, /^HTTP\/1\.1 400 /],
  ] as const) {
    const { socket, reads, closed } = await dial(t, portOf(unit));
    socket.write(words);
    assert.match(await reads((text) => text.includes("\r\n\r\n")), answer);
    socket.end();
    await closed;
  }
});

for (const [what, octets, status] of [
  ["a frame without a mask", frame(0x81, Buffer.from("x"), { masked: false }), 1002],
  ["a reserved opcode", frame(0x83, Buffer.from("x")), 1002],
  ["a reserved bit, as of a compressed frame", frame(0xc1, Buffer.from("x")), 1002],
  ["a control frame in pieces", frame(0x09, Buffer.from("x")), 1002],
  ["a continuation of nothing", frame(0x80, Buffer.from("x")), 1002],
  ["a control frame that is too long", frame(0x89, Buffer.alloc(200)), 1002],
  ["text that is no UTF-8", frame(0x81, Uint8Array.of(0xff, 0xfe)), 1007],
  ["a message larger than any", frame(0x81, Buffer.alloc(65_537, "x")), 1009],
  [
    "a length of exabytes",
    Buffer.from([0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]),
    1009,
  ],
  [
    "a message of pieces without end",
    Buffer.concat([
      frame(0x01, Buffer.alloc(0)),
      ...Array.from({ length: 20_000 }, () => frame(0x00, Buffer.alloc(0))),
    ]),
    1008,
  ],
] as const) {
  test(`${what} ends the connection by ${status}, and no other`, async (t) => {
    const { unit, closed, until, seen } = await openForBrowsers(t);
    const other = phone(t, unit);
    await other.opens();
    const { socket } = await handMade(t, unit);
    const told = closeStatus(socket);
    socket.write(octets);
    assert.equal(await told, status);
    await until(() => closed.length === 1);
    assert.equal(seen.length, 0);
    assert.match((await other.asks(fromBrowser))?.text ?? "", /^SIP\/2\.0 200 /);
  });
}

test("frames that hold no SIP, or half of it, cost their sender an answer at most, and the connection stays", async (t) => {
  const { unit, refusals } = await openForBrowsers(t);
  const { asks, opens, socket } = phone(t, unit);
  await opens();
  for (const noise of ["", "hello", "\r\n", "SIP/2.0 99999 x\r\n\r\n", Buffer.alloc(65_536)])
    socket.send(noise);
  const half = await asks(fromBrowser.replace("OPTIONS sip", "OPTIONS  sip"));
  assert.match(half?.text ?? "", /^SIP\/2\.0 400 /);
  assert.match((await asks(fromBrowser))?.text ?? "", /^SIP\/2\.0 200 /);
  assert.deepEqual([refusals.length, unit.stats().dropped], [1, 4]);
});

test("both kinds of keep-alive are answered, once for many (RFC 5626 4.4.1, RFC 6455 5.5.2)", async (t) => {
  const { unit } = await openForBrowsers(t);
  const { asks, opens } = phone(t, unit);
  await opens();
  assert.deepEqual(await asks("\r\n\r\n"), { text: "\r\n", binary: false });
  const { socket } = await handMade(t, unit);
  const answered = once(socket, "data");
  socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => frame(0x89, Buffer.from("a")))));
  const [pongs] = (await answered) as [Buffer];
  assert.equal(pongs.toString("hex", 0, 3), "8a0161");
  assert.ok(pongs.length < 100, `${pongs.length} octets`);
});

test("who says nothing is cut: before the upgrade, after it, and after a message", async (t) => {
  const clock = new VirtualClock();
  const { unit } = await openForBrowsers(t, {
    clock,
    connectionLimits: { messageMs: 1_000, strangerMs: 5_000 },
  });
  const silent = await dial(t, portOf(unit));
  const slow = await dial(t, portOf(unit));
  slow.socket.write("GET / HTTP/1.1\r\nHost:");
  const mute = phone(t, unit);
  const stranger = phone(t, unit);
  await Promise.all([mute.opens(), stranger.opens()]);
  await stranger.asks(fromBrowser);
  await clock.advance(1_000);
  await Promise.all([silent.closed, slow.closed]);
  assert.equal(await mute.closed, 1008);
  // Keep-alives are no reason to stay.
  for (let second = 0; second < 4; second++) {
    await stranger.asks("\r\n\r\n");
    await clock.advance(1_000);
  }
  assert.equal(await stranger.closed, 1008);
  await until(() => clock.waiting === 0);
});

test("one that has registered stays for as long as it answers pings, and leaves its stranger's place", async (t) => {
  const clock = new VirtualClock();
  const { unit } = await openForBrowsers(t, {
    clock,
    connectionLimits: { strangerMs: 3_000, pingMs: 2_000, connectionsPerAddress: 1 },
  });
  const registered = phone(t, unit);
  await registered.opens();
  assert.match((await registered.asks(register))?.text ?? "", /^SIP\/2\.0 200 /);
  for (let count = 0; count < 10; count++) {
    const pinged = once(registered.socket, "ping");
    await clock.advance(2_000);
    await pinged;
    // Its pong has been read when this is answered.
    await registered.asks("\r\n\r\n");
  }
  const second = phone(t, unit, { autoPong: false });
  await second.opens();
  await second.asks(register);
  for (let count = 0; count < 2; count++) {
    await clock.advance(2_000);
    await registered.asks("\r\n\r\n");
  }
  assert.equal(await second.closed, 1001);
  assert.match((await registered.asks(fromBrowser))?.text ?? "", /^SIP\/2\.0 200 /);
});

test("a browser that reads no more is cut when a bound of words waits for it", async (t) => {
  const { unit, seen, closed, until } = await openForBrowsers(t, {
    connectionLimits: { unreadOctets: 100_000 },
  });
  const { socket } = await handMade(t, unit);
  socket.write(frame(0x81, Buffer.from(fromBrowser)));
  await until(() => seen.length === 1);
  socket.pause();
  const flow = seen[0]?.flow;
  assert.ok(flow !== undefined);
  const body = new Uint8Array(50_000).fill(0x61);
  const request = { ...optionsRequest("SIP/2.0/WS h;branch=z9hG4bK2"), body };
  const outcomes = await Promise.all(Array.from({ length: 400 }, () => unit.send(flow, request)));
  const failed = outcomes.flatMap((outcome) => (outcome.type === "failed" ? [outcome.why] : []));
  assert.ok(failed.includes("peer reads too slowly"), failed[0]);
  await until(() => closed.length === 1);
  assert.equal(unit.stats().connections, 0);
});

test("1,000 connections of one stranger get 50 places, all strangers together no more than there are, and TCP has its own", async (t) => {
  const { unit } = await openForBrowsers(t, { connectionLimits: { connections: 60 } });
  const nearlyAll = Promise.withResolvers<void>();
  let cut = 0;
  for (let count = 0; count < 1_000; count++) {
    const { socket } = phone(t, unit, { localAddress: "127.0.0.9" });
    socket.on("close", () => {
      if (++cut === 950) nearlyAll.resolve();
    });
  }
  await nearlyAll.promise;
  assert.equal(unit.stats().connections, 50);
  for (let count = 0; count < 10; count++) await phone(t, unit).opens();
  const one = phone(t, unit);
  await one.closed;
  const overTcp = await dial(t, unit.sentBy.port);
  overTcp.socket.write(options("SIP/2.0/TCP h;branch=z9hG4bK1"));
  assert.match(await overTcp.reads((text) => text.includes("\r\n\r\n")), /^SIP\/2\.0 200 /);
});

test("behind a proxy of ours visitors are told apart, and nobody by what they say of themselves", async (t) => {
  const { unit, seen } = await openForBrowsers(t, {
    webSocket: { ...webSocket, trustedProxies: ["127.0.0.1"] },
    connectionLimits: { connectionsPerAddress: 1 },
  });
  const proxied = (forwardedFor: string, localAddress = "127.0.0.1") => ({
    localAddress,
    headers: { "x-forwarded-for": forwardedFor },
  });
  for (const forwardedFor of ["203.0.113.7", "198.51.100.1, 203.0.113.8:4001", "[2001:db8::7]:40001"]) {
    const { opens, asks } = phone(t, unit, proxied(forwardedFor));
    await opens();
    await asks(fromBrowser);
  }
  assert.deepEqual(
    seen.map(({ flow }) => flow.remoteAddress),
    ["203.0.113.7", "203.0.113.8", "2001:db8::7"],
  );
  assert.equal(await refusal(t, unit, proxied("192.0.2.1, 203.0.113.8")), 503);
  // Who is no proxy is who it is.
  await phone(t, unit, proxied("203.0.113.9", "127.0.0.8")).opens();
  const second = phone(t, unit, proxied("203.0.113.10", "127.0.0.8"));
  await second.closed;
});

test("with a certificate the WebSocket is a secure one", async (t) => {
  if (!installed("openssl")) return t.skip("no openssl");
  using authority = makeAuthority();
  const clock = new VirtualClock();
  const { unit, seen } = await openForBrowsers(t, {
    clock,
    tls: authority.issue("DNS:localhost"),
    connectionLimits: { connectMs: 1_000 },
  });
  const { port } = unit.sentByOver("wss");
  const socket = new WebSocket(`wss://localhost:${port}`, ["sip"], { origin, rejectUnauthorized: false });
  t.after(() => socket.terminate());
  await once(socket, "open");
  socket.send(fromBrowser.replace("/WS ", "/WSS "));
  const [answer] = await once(socket, "message");
  assert.match(String(answer), /^SIP\/2\.0 200 /);
  assert.equal(seen[0]?.flow.transport, "wss");
  const plain = await dial(t, port);
  plain.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await plain.closed;
  const silent = await dial(t, port);
  socket.send(fromBrowser);
  await once(socket, "message");
  await clock.advance(1_000);
  await silent.closed;
});

/** Asks again when what waits in the event loop has been done. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
