import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { after, describe, test, type TestContext } from "node:test";
import { connect as connectSecurely } from "node:tls";
import { VirtualClock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import { makeLog } from "#base/log.ts";
import { makeAuthority } from "#rig/certificate.ts";
import { installed } from "#rig/processes.ts";
import type { Flow } from "../message/message.ts";
import { dial, openUnit, options, optionsRequest, reader } from "./test-unit.ts";
import type { Transport, TransportOptions } from "./transport.ts";

const missing = installed("openssl") ? false : "needs openssl: bin/test --setup";

describe("SIP over TLS", { skip: missing }, () => {
  const authority = makeAuthority();
  after(() => authority[Symbol.dispose]());
  const issued = authority.issue("DNS:trunk.example", "DNS:*.carrier.example", "IP:127.0.0.1");
  const ours = { ...issued, authorityFile: authority.file };

  const openSecure = (t: TestContext, more: Partial<TransportOptions> = {}) =>
    openUnit(t, { tls: { ...ours, port: 0 }, ...more });

  const portOf = (unit: Transport): number => unit.sentByOver("tls").port;

  const flowTo = (from: Transport, to: Transport, serverName?: string): Flow =>
    from.flowTo({
      transport: "tls",
      address: "127.0.0.1",
      port: portOf(to),
      ...(serverName === undefined ? {} : { serverName }),
    });

  const request = optionsRequest("SIP/2.0/TLS 127.0.0.1;branch=z9hG4bK1");

  /** A peer that has shaken hands; so has its far end, which in TLS 1.2 is the first of the two to be done. */
  async function shakeHands(t: TestContext, port: number) {
    const socket = connectSecurely({
      ...{ host: "127.0.0.1", port, maxVersion: "TLSv1.2" },
      rejectUnauthorized: false,
    });
    await once(socket, "secureConnect");
    return { ...reader(t, socket), certificate: socket.getPeerX509Certificate()?.fingerprint256 };
  }

  test("a request goes over TLS, its response comes back on the same connection, and so does the next", async (t) => {
    const caller = await openSecure(t);
    const callee = await openSecure(t);
    const flow = flowTo(caller.unit, callee.unit, "trunk.example");
    for (const count of [1, 2]) {
      assert.deepEqual(await caller.unit.send(flow, request), { type: "sent" });
      await caller.until(() => caller.seen.length === count);
    }
    assert.deepEqual(
      [...caller.seen, ...callee.seen].map((heard) => heard.flow.transport),
      ["tls", "tls", "tls", "tls"],
    );
    assert.deepEqual([caller.unit.stats().connections, callee.unit.stats().connections], [1, 1]);
    // The far end asks something of ours over it.
    const [heard] = callee.seen;
    assert.ok(heard !== undefined);
    await callee.unit.send(heard.flow, request);
    await caller.until(() => caller.seen.length === 3);
    await callee.unit.close();
    await caller.until(() => caller.closed.length === 1);
    assert.deepEqual(caller.closed[0]?.flow, { ...flow, localPort: portOf(caller.unit) });
  });

  for (const [name, trusted, why] of [
    ["Trunk.Example", true, undefined],
    ["east.carrier.example", true, undefined],
    ["127.0.0.1", true, undefined],
    ["other.example", true, /other\.example/],
    ["127.0.0.2", true, /127\.0\.0\.2/],
    ["trunk.example", false, /certificate/],
  ] as const) {
    const told = why === undefined ? "is called" : "is not called, and the operator is told why";
    test(`a far end meant to be ${name}${trusted ? "" : " by nobody's authority"} ${told}`, async (t) => {
      const lines: string[] = [];
      const log = makeLog({
        process: "unit",
        level: "info",
        destination: { write: (line) => void lines.push(line) },
      });
      const caller = await openUnit(t, { log, tls: trusted ? ours : {} });
      const callee = await openSecure(t);
      const outcome = await caller.unit.send(flowTo(caller.unit, callee.unit, name), request);
      if (why === undefined) return assert.deepEqual(outcome, { type: "sent" });
      assert.ok(outcome.type === "failed");
      assert.match(outcome.why, why);
      assert.match(lines.join("\n"), /A TLS connection could not be opened/);
      assert.equal(callee.seen.length, 0);
    });
  }

  test("a connection that was proven for one name serves no other, and one that came in serves none", async (t) => {
    const caller = await openSecure(t);
    const callee = await openSecure(t);
    await caller.unit.send(flowTo(caller.unit, callee.unit, "trunk.example"), request);
    await caller.unit.send(flowTo(caller.unit, callee.unit, "east.carrier.example"), request);
    assert.equal(caller.unit.stats().connections, 2);
    const other = flowTo(caller.unit, callee.unit, "other.example");
    assert.equal((await caller.unit.send(other, request)).type, "failed");
    const unproven = await caller.unit.send(flowTo(caller.unit, callee.unit), request);
    assert.deepEqual(unproven, { type: "failed", why: "no name that a certificate could prove" });
  });

  test("a keep-alive is answered as over TCP (RFC 5626 4.4.1)", async (t) => {
    const { unit } = await openSecure(t);
    const { socket, reads } = await shakeHands(t, portOf(unit));
    socket.write("\r\n\r\n");
    assert.equal(await reads((text) => text !== ""), "\r\n");
  });

  test("what is no TLS is cut, and its place is free again", async (t) => {
    const { unit } = await openSecure(t, { connectionLimits: { connectionsPerAddress: 1 } });
    for (const noise of [
      options("SIP/2.0/TLS h;branch=z9hG4bK1"),
      "\0".repeat(5_000),
      "\x16\x03\x01\xff\xff",
    ]) {
      const { socket, closed } = await dial(t, portOf(unit));
      socket.end(noise, "latin1");
      await closed;
    }
    await until(async () => {
      const { socket, reads } = await shakeHands(t, portOf(unit));
      socket.write(options("SIP/2.0/TLS h;branch=z9hG4bK1"));
      return (await reads((text) => text.includes("\r\n\r\n"))).startsWith("SIP/2.0 200 ");
    });
  });

  test("a handshake that is not finished in time is cut; so is one who then says nothing", async (t) => {
    const clock = new VirtualClock();
    const { unit } = await openSecure(t, { clock, connectionLimits: { connectMs: 1_000, messageMs: 5_000 } });
    const [silent, slow] = [await dial(t, portOf(unit)), await dial(t, portOf(unit))];
    slow.socket.write("\x16\x03\x01", "latin1");
    const idle = await shakeHands(t, portOf(unit));
    await clock.advance(1_000);
    await Promise.all([silent.closed, slow.closed]);
    assert.equal(unit.stats().connections, 1);
    await clock.advance(4_000);
    await idle.closed;
    assert.equal(clock.waiting, 0);
  });

  test("a far end that never shakes hands is an outcome", async (t) => {
    const clock = new VirtualClock();
    const { unit, closed, until } = await openUnit(t, { clock, tls: ours });
    const { unit: plain } = await openUnit(t);
    const silent = await openPlain(t);
    const wrong = { transport: "tls", address: "127.0.0.1", serverName: "trunk.example" } as const;
    const outcomes = [
      unit.send(unit.flowTo({ ...wrong, port: silent.port }), request),
      unit.send(unit.flowTo({ ...wrong, port: plain.sentBy.port }), request),
    ];
    await silent.connected;
    await clock.advance(5_000);
    for (const outcome of await Promise.all(outcomes)) assert.equal(outcome.type, "failed");
    await until(() => closed.length === 2);
    assert.equal(unit.stats().connections, 0);
  });

  test("1,000 connections of one stranger get 50 places, handshake or not, and none from others", async (t) => {
    const { unit } = await openSecure(t);
    const port = portOf(unit);
    const nearlyAll = Promise.withResolvers<void>();
    let cut = 0;
    for (let count = 0; count < 1_000; count++) {
      const socket = connect({ host: "127.0.0.1", port, localAddress: "127.0.0.9" });
      t.after(() => socket.destroy());
      socket.on("error", () => {});
      socket.on("close", () => {
        if (++cut === 950) nearlyAll.resolve();
      });
      socket.resume();
    }
    await nearlyAll.promise;
    const { socket, reads } = await shakeHands(t, port);
    socket.write(options("SIP/2.0/TLS h;branch=z9hG4bK1"));
    assert.match(await reads((text) => text.includes("\r\n\r\n")), /^SIP\/2\.0 200 /);
    assert.equal(cut, 950);
  });

  test("a renewed certificate is shown to who comes after it; who is connected stays", async (t) => {
    const clock = new VirtualClock();
    const { unit } = await openSecure(t, { clock });
    const before = await shakeHands(t, portOf(unit));
    before.socket.write("\r\n\r\n");
    await before.reads((text) => text !== "");
    const renewed = authority.issue("DNS:trunk.example");
    copyFileSync(renewed.certificateFile, issued.certificateFile);
    // Half of it is written: the old one stands.
    await clock.advance(60_000);
    const meanwhile = await shakeHands(t, portOf(unit));
    assert.equal(meanwhile.certificate, before.certificate);
    copyFileSync(renewed.keyFile, issued.keyFile);
    await clock.advance(60_000);
    const next = await shakeHands(t, portOf(unit));
    assert.notEqual(next.certificate, before.certificate);
    before.socket.write(options("SIP/2.0/TLS h;branch=z9hG4bK1"));
    assert.match(await before.reads((text) => text.includes("SIP/2.0")), /SIP\/2\.0 200 /);
  });

  test("a key of another certificate, a file that is not there and a port without a certificate are refused", async (t) => {
    const other = authority.issue("DNS:other.example");
    for (const tls of [
      { ...ours, keyFile: other.keyFile },
      { ...ours, certificateFile: "/nowhere.crt" },
      { authorityFile: "/nowhere.crt" },
      { authorityFile: authority.file, port: 0 },
    ]) {
      await assert.rejects(
        openUnit(t, { tls }),
        (error: unknown) => error instanceof TandemError && error.code === "SETTINGS_INVALID",
      );
    }
  });
});

/** A TCP port whose connections hear nothing. */
async function openPlain(t: TestContext) {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const sockets: Socket[] = [];
  const connected = new Promise<void>((resolve) => {
    server.on("connection", (socket) => {
      sockets.push(socket);
      resolve();
    });
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { port: address.port, connected };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()));
}
