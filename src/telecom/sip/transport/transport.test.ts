import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import { withTopHeader } from "../message/build.ts";
import { headerValue } from "../message/headers.ts";
import type { SipMessage, SipRequest } from "../message/message.ts";
import { parse } from "../message/parse.ts";
import { dial, openUnit, options } from "./test-unit.ts";

/** A bare UDP peer. */
async function openPeer(t: TestContext, address = "127.0.0.1") {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.bind(0, address);
  await once(socket, "listening");
  t.after(() => socket.close());
  return socket;
}

function readDatagram([octets]: unknown[]): SipMessage {
  assert.ok(octets instanceof Uint8Array);
  const parsed = parse(octets, "datagram");
  assert.equal(parsed.type, "message");
  assert.ok(parsed.type === "message");
  return parsed.message;
}

test("a response goes to the source port when the Via has rport, and tells it (RFC 3581)", async (t) => {
  const { unit } = await openUnit(t);
  const peer = await openPeer(t);
  peer.send(options("SIP/2.0/UDP 192.0.2.1:9;rport;branch=z9hG4bK1"), unit.sentBy.port, "127.0.0.1");
  const response = readDatagram(await once(peer, "message"));
  assert.equal(
    headerValue(response, "Via"),
    `SIP/2.0/UDP 192.0.2.1:9;rport=${peer.address().port};branch=z9hG4bK1;received=127.0.0.1`,
  );
});

test("a response goes to the port of sent-by when there is no rport, at the address of the source (18.2.2)", async (t) => {
  const { unit } = await openUnit(t);
  const [sender, listener] = [await openPeer(t), await openPeer(t)];
  const sentBy = `192.0.2.1:${listener.address().port}`;
  sender.send(
    options(`SIP/2.0/UDP ${sentBy};maddr=192.0.2.9;branch=z9hG4bK1`),
    unit.sentBy.port,
    "127.0.0.1",
  );
  const response = readDatagram(await once(listener, "message"));
  assert.match(headerValue(response, "Via") ?? "", /;received=127\.0\.0\.1$/);
});

test("IPv6 is spoken like IPv4", async (t) => {
  const { unit } = await openUnit(t, { address: "::1" });
  const peer = await openPeer(t, "::1");
  peer.send(options("SIP/2.0/UDP [::1];rport;branch=z9hG4bK1"), unit.sentBy.port, "::1");
  const response = readDatagram(await once(peer, "message"));
  assert.match(
    headerValue(response, "Via") ?? "",
    /^SIP\/2\.0\/UDP \[::1\];rport=\d+;branch=z9hG4bK1;received=::1$/,
  );
});

test("nothing is sent to a broadcast, multicast or unspecified address, nor to a name", async (t) => {
  const { unit, seen } = await openUnit(t);
  const peer = await openPeer(t);
  peer.send(options("SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK1"), unit.sentBy.port, "127.0.0.1");
  await once(peer, "message");
  const request = seen[0]?.message;
  assert.ok(request !== undefined);
  for (const address of ["255.255.255.255", "224.0.1.75", "0.0.0.0", "ff02::1", "sip.example.com"]) {
    const flow = unit.flowTo({ transport: "udp", address, port: 5060 });
    assert.deepEqual(await unit.send(flow, request), { type: "failed", why: "not a unicast address" });
  }
});

test("a keep-alive datagram and a packet that is no SIP are not answered", async (t) => {
  const { unit } = await openUnit(t);
  const peer = await openPeer(t);
  for (const noise of ["\r\n\r\n", "\0\0\0\0", "GET / HTTP/1.1\r\n\r\n", "SIP/2.0 99999 x\r\n\r\n"]) {
    peer.send(noise, unit.sentBy.port, "127.0.0.1");
  }
  peer.send(options("SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKlast"), unit.sentBy.port, "127.0.0.1");
  const first = readDatagram(await once(peer, "message"));
  assert.match(headerValue(first, "Via") ?? "", /z9hG4bKlast/);
  assert.equal(unit.stats().dropped, 2);
});

test("a request larger than 1,300 octets takes TCP (18.1.1), and its response comes back on that connection", async (t) => {
  const caller = await openUnit(t);
  const callee = await openUnit(t);
  const small = options(`SIP/2.0/TCP 127.0.0.1:${caller.unit.sentBy.port};branch=z9hG4bK1`);
  const parsed = parse(Buffer.from(small), "datagram");
  assert.ok(parsed.type === "message" && parsed.message.type === "request");
  const request: SipRequest = withTopHeader(parsed.message, "X-Long", "x".repeat(1_200));

  const udp = caller.unit.flowTo({ transport: "udp", address: "127.0.0.1", port: callee.unit.sentBy.port });
  assert.equal(caller.unit.flowFor(parsed.message, udp).transport, "udp");
  const flow = caller.unit.flowFor(request, udp);
  assert.equal(flow.transport, "tcp");
  assert.deepEqual(await caller.unit.send(flow, request), { type: "sent" });
  await caller.until(() => caller.seen.length === 1);
  assert.equal(caller.seen[0]?.message.type, "response");
  // The second request finds the connection of the first.
  await caller.unit.send(flow, request);
  await caller.until(() => caller.seen.length === 2);
  assert.equal(callee.unit.stats().connections, 1);
});

test("what is said after a connection was ended takes a new one", async (t) => {
  const caller = await openUnit(t);
  const callee = await openUnit(t);
  const request = parse(
    Buffer.from(options(`SIP/2.0/TCP 127.0.0.1:${caller.unit.sentBy.port};branch=z9hG4bK1`)),
    "datagram",
  );
  assert.ok(request.type === "message");
  const flow = caller.unit.flowTo({ transport: "tcp", address: "127.0.0.1", port: callee.unit.sentBy.port });
  await caller.unit.send(flow, request.message);
  await caller.until(() => caller.seen.length === 1);
  caller.unit.endFlow(flow);
  assert.deepEqual(await caller.unit.send(flow, request.message), { type: "sent" });
  await caller.until(() => caller.seen.length === 2);
});

test("a connection that is refused is an outcome, not an error", async (t) => {
  const { unit, closed, until } = await openUnit(t);
  const gone = await openUnit(t);
  const flow = unit.flowTo({ transport: "tcp", address: "127.0.0.1", port: gone.unit.sentBy.port });
  await gone.unit.close();
  const request = parse(Buffer.from(options("SIP/2.0/TCP h;branch=z9hG4bK1")), "datagram");
  assert.ok(request.type === "message");
  assert.equal((await unit.send(flow, request.message)).type, "failed");
  await until(() => closed.length === 1);
  assert.equal(unit.stats().connections, 0);
});

test("each connection that is gone is told, also when a newer one stands in its place", async (t) => {
  const caller = await openUnit(t);
  const callee = await openUnit(t);
  const request = parse(Buffer.from(options("SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1")), "datagram");
  assert.ok(request.type === "message");
  const flow = caller.unit.flowTo({ transport: "tcp", address: "127.0.0.1", port: callee.unit.sentBy.port });
  const sent = caller.unit.send(flow, request.message);
  const first = caller.unit.connectionTo(flow);
  await sent;
  caller.unit.endFlow(flow);
  await caller.unit.send(flow, request.message);
  const second = caller.unit.connectionTo(flow);
  assert.ok(first !== undefined && second !== undefined && first !== second);
  await caller.until(() => caller.seen.length > 0);
  await caller.until(() => caller.closed.length === 1);
  assert.deepEqual(caller.closed, [{ flow, connection: first }]);
  assert.equal(caller.unit.connectionTo(flow), second);
  await callee.unit.close();
  await caller.until(() => caller.closed.length === 2);
  assert.deepEqual(caller.closed[1], { flow, connection: second });
});

test("a stream is cut into its messages however it is chopped, and a ping is answered by a pong", async (t) => {
  const { unit, seen } = await openUnit(t);
  const { socket, reads } = await dial(t, unit.sentBy.port);
  const one = options("SIP/2.0/TCP h;branch=z9hG4bK1", "Subject: one\r\n");
  const two = options("SIP/2.0/TCP h;branch=z9hG4bK2", "Subject: two\r\n");
  socket.write(`${one}\r\n\r\n${two.slice(0, 40)}`);
  await reads((text) => text.endsWith("\r\n\r\n\r\n"));
  for (const octet of two.slice(40)) socket.write(octet);
  await reads((text) => text.includes("z9hG4bK2"));
  assert.deepEqual(
    seen.map(({ message }) => headerValue(message, "Subject")),
    ["one", "two"],
  );
});

for (const [what, header] of [
  ["no Content-Length", ""],
  ["a negative Content-Length", "Content-Length: -1\r\n"],
  ["two Content-Lengths", "Content-Length: 0\r\nContent-Length: 3\r\n"],
] as const) {
  test(`a stream with ${what} is answered 400 and closed: what follows cannot be found (18.3)`, async (t) => {
    const { unit, seen } = await openUnit(t);
    const { socket, reads, closed } = await dial(t, unit.sentBy.port);
    const message = options("SIP/2.0/TCP h;branch=z9hG4bK1").replace("Content-Length: 0\r\n", header);
    socket.write(message + options("SIP/2.0/TCP h;branch=z9hG4bKhidden"));
    assert.match(await reads((text) => text.includes("\r\n\r\n")), /^SIP\/2\.0 400 /);
    await closed;
    assert.equal(seen.length, 0);
  });
}

test("a header section without end is cut off at 64 KiB", async (t) => {
  const { unit } = await openUnit(t);
  const { socket, closed } = await dial(t, unit.sentBy.port);
  socket.write(`OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n${"X: y\r\n".repeat(20_000)}`);
  await closed;
});

test("a slow sender is cut though it keeps sending, and an idle connection after its time", async (t) => {
  const clock = new VirtualClock();
  const { unit } = await openUnit(t, { clock, connectionLimits: { messageMs: 1_000, idleMs: 5_000 } });
  const slow = await dial(t, unit.sentBy.port);
  const idle = await dial(t, unit.sentBy.port);
  let answers = 0;
  // What was written before on another connection has been read when this is answered.
  const barrier = async (): Promise<void> => {
    idle.socket.write(options("SIP/2.0/TCP h;branch=z9hG4bK1"));
    answers++;
    await idle.reads((text) => text.split("\r\n\r\n").length === answers + 1);
  };
  slow.socket.write("OPTIONS ");
  await barrier();
  await clock.advance(600);
  slow.socket.write("sip:a");
  await barrier();
  await clock.advance(600);
  await slow.closed;
  assert.equal(unit.stats().connections, 1);
  await clock.advance(5_000);
  await idle.closed;
  assert.equal(clock.waiting, 0);
});

test("a connection over which we ask is not idle", async (t) => {
  const clock = new VirtualClock();
  const caller = await openUnit(t, { clock, connectionLimits: { idleMs: 5_000 } });
  // It hears, and says nothing.
  const silent = await openUnit(t, { onMessage: () => {} });
  const request = parse(
    Buffer.from(options(`SIP/2.0/TCP 127.0.0.1:${caller.unit.sentBy.port};branch=z9hG4bK1`)),
    "datagram",
  );
  assert.ok(request.type === "message");
  const flow = caller.unit.flowTo({ transport: "tcp", address: "127.0.0.1", port: silent.unit.sentBy.port });
  await caller.unit.send(flow, request.message);
  for (const stillOpen of [1, 1, 1]) {
    await clock.advance(4_000);
    assert.equal(caller.unit.stats().connections, stillOpen);
    await caller.unit.send(flow, request.message);
  }
  assert.equal(silent.unit.stats().connections, 1, "it was one connection all the time");
});

test("one address may hold only so many connections", async (t) => {
  const { unit } = await openUnit(t, { connectionLimits: { connectionsPerAddress: 1 } });
  const { socket, reads } = await dial(t, unit.sentBy.port);
  const second = await dial(t, unit.sentBy.port);
  await second.closed;
  socket.write(options("SIP/2.0/TCP h;branch=z9hG4bK1"));
  assert.match(await reads((text) => text.includes("\r\n\r\n")), /^SIP\/2\.0 200 /);
});

test("when strangers hold every connection, a call still finds its way, and its peer is let in", async (t) => {
  const { unit } = await openUnit(t, { connectionLimits: { connections: 1 } });
  await dial(t, unit.sentBy.port);
  const stranger = await dial(t, unit.sentBy.port);
  await stranger.closed;
  const trunk = await openUnit(t);
  const flow = unit.flowTo({ transport: "tcp", address: "127.0.0.1", port: trunk.unit.sentBy.port });
  const request = parse(Buffer.from(options("SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1")), "datagram");
  assert.ok(request.type === "message");
  assert.deepEqual(await unit.send(flow, request.message), { type: "sent" });
  const { socket, reads } = await dial(t, unit.sentBy.port);
  socket.write(options("SIP/2.0/TCP h;branch=z9hG4bK2"));
  assert.match(await reads((text) => text.includes("\r\n\r\n")), /^SIP\/2\.0 200 /);
});

test("a reader that fails loses its message, not the transport", async (t) => {
  let calls = 0;
  const failing = await openUnit(t, {
    onMessage() {
      calls++;
      throw new Error("a bug above");
    },
  });
  const peer = await openPeer(t);
  const request = options("SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK1");
  peer.send(request, failing.unit.sentBy.port, "127.0.0.1");
  peer.send(
    "INVITE  sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;rport\r\n\r\n",
    failing.unit.sentBy.port,
    "127.0.0.1",
  );
  const answer = readDatagram(await once(peer, "message"));
  assert.ok(answer.type === "response" && answer.status === 400);
  assert.equal(calls, 1);
});
