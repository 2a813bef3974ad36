import assert from "node:assert/strict";
import { test } from "node:test";
import { makeDgramSockets } from "./dgram-sockets.ts";
import { openSockets } from "./contract/descriptors.ts";

test("a port that is in use costs no descriptor", async () => {
  const sockets = makeDgramSockets();
  const taken = await sockets.bind({ address: "127.0.0.1", port: 0, receive: () => {} });
  const before = openSockets();
  for (let n = 0; n < 20; n += 1) {
    const again = sockets.bind({ address: "127.0.0.1", port: taken.port, receive: () => {} });
    await assert.rejects(again, { code: "EADDRINUSE" });
  }
  assert.equal(openSockets(), before);
  await taken.close();
});
