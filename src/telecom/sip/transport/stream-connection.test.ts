import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { acceptStream } from "./stream-connection.ts";
import { usualConnectionLimits } from "./connection-limits.ts";

/** A connection that a peer has opened, with both of its ends: ours can be looked at. */
async function accepted(t: TestContext) {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const peer = connect(address.port, "127.0.0.1");
  const [ours] = (await once(server, "connection")) as [Socket];
  t.after(() => {
    peer.destroy();
    ours.destroy();
    server.close();
  });
  const flow = {
    transport: "tcp",
    localAddress: "127.0.0.1",
    localPort: address.port,
    remoteAddress: "127.0.0.1",
    remotePort: peer.localPort ?? 0,
  } as const;
  const connection = acceptStream(ours, flow, {
    clock: systemClock,
    log: silentLog,
    limits: { ...usualConnectionLimits, unreadOctets: 2 ** 30 },
    receive: () => {},
  });
  return {
    peer,
    ours,
    connection,
    /** The peer says this; resolves when we have read it. */
    async says(text: string): Promise<void> {
      const untilOctets = ours.bytesRead + text.length;
      peer.write(text);
      while (ours.bytesRead < untilOctets) await once(ours, "data");
    },
  };
}

const ping = "\r\n\r\n";

test("many pings at once get one pong", async (t) => {
  const { peer, ours, says } = await accepted(t);
  await says(ping.repeat(10_000));
  const [pong] = await once(peer, "data");
  assert.match(String(pong), /^(\r\n)+$/);
  // The stream may have been cut into chunks, of some kilobytes each.
  assert.ok(ours.bytesWritten < 100, `${ours.bytesWritten} octets for 10,000 pings`);
});

test("a peer that does not read what it was sent gets no pong on top of it", async (t) => {
  const { peer, ours, connection, says } = await accepted(t);
  peer.pause();
  // More than the kernel holds for a connection: the rest waits with us.
  void connection.send(new Uint8Array(64 * 1024 * 1024));
  const waiting = ours.writableLength;
  assert.ok(waiting > 0);
  for (let count = 0; count < 100; count++) await says(ping);
  assert.equal(ours.writableLength, waiting);
});
