import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { activeResources } from "./active-resources.ts";
import { steadyClock } from "./clock.ts";

test("timers and sockets are counted by kind, what Node.js may add among the others", () => {
  const names = [
    "Timeout",
    "Immediate",
    "TCPSocketWrap",
    "TCPServerWrap",
    "UDPWrap",
    "PipeWrap",
    "FSReqPromise",
  ];
  assert.deepEqual(activeResources(names), { timers: 2, sockets: 4, others: 1 });
});

test("this thread's own are seen", async () => {
  const before = activeResources();
  const cancels = [60_000, 70_000].map((ms) => steadyClock.at(steadyClock.now() + ms, () => {}));
  const socket = createSocket("udp4");
  try {
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const during = activeResources();
    assert.equal(during.timers - before.timers, 2);
    assert.equal(during.sockets - before.sockets, 1);
  } finally {
    for (const cancel of cancels) cancel();
    socket.close();
  }
  assert.equal(activeResources().timers, before.timers);
});
