import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { startCoturn } from "#rig/coturn.ts";
import { linesOf, patientIn } from "#rig/patient.ts";
import { installed, temporaryFolder } from "#rig/processes.ts";
import { checkNat, ofAddresses } from "./nat-check.ts";

const mine = ["127.0.0.1", "10.0.0.5", "203.0.113.9"];
const carrier = ["198.51.100.1"];

for (const [what, address, advertisedAddress, trunkAddresses, verdict] of [
  ["loopback, trunks by name", "127.0.0.1", undefined, ["trunk.example"], "ok"],
  ["loopback, a public trunk", "127.0.0.1", undefined, carrier, "wrong"],
  ["private, trunks beside us", "10.0.0.5", undefined, ["10.0.0.9"], "warning"],
  ["private, a public trunk", "10.0.0.5", undefined, carrier, "wrong"],
  ["private, told a public address", "10.0.0.5", "203.0.113.9", carrier, "ok"],
  ["private, told a private address", "10.0.0.5", "10.0.0.6", carrier, "wrong"],
  ["public", "203.0.113.9", undefined, carrier, "ok"],
  ["a wildcard, and nothing told", "0.0.0.0", undefined, [], "wrong"],
  ["a wildcard, and an address told", "0.0.0.0", "203.0.113.9", carrier, "ok"],
  ["an address of another machine", "203.0.113.77", undefined, [], "wrong"],
  ["a name told in place of an address", "10.0.0.5", "talk.example", [], "wrong"],
] as const) {
  test(`what far ends are told: ${what} is ${verdict}`, () => {
    assert.equal(ofAddresses({ address, advertisedAddress, mine, trunkAddresses }).verdict, verdict);
  });
}

/** RFC 8489: answers each binding request with the address it is told to say. */
async function stunServer(
  sees: readonly number[] | undefined,
): Promise<{ server: string } & AsyncDisposable> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  socket.on("message", (request, from) => {
    if (sees === undefined) return;
    const stray = Buffer.from(request);
    stray.writeUInt16BE(0x0101, 0);
    stray.writeUInt8((stray.readUInt8(19) + 1) % 256, 19);
    const software = Buffer.from([0x80, 0x22, 0, 5, ...Buffer.from("test"), 0, 0, 0, 0]);
    const masked = sees.map((octet, at) => octet ^ (request[4 + at] ?? 0));
    const mapped = Buffer.from([0, 0x20, 0, 8, 0, 1, 0, 0, ...masked]);
    const answer = Buffer.concat([request, software, mapped]);
    answer.writeUInt16BE(0x0101, 0);
    answer.writeUInt16BE(software.length + mapped.length, 2);
    // Another's answer, a torn one and noise come first.
    for (const packet of [stray, answer.subarray(0, 21), Buffer.from("?"), answer])
      socket.send(packet, from.port, from.address);
  });
  return {
    server: `127.0.0.1:${socket.address().port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

test("coturn sees us as we say", async (t) => {
  if (!installed("turnserver")) return t.skip("no turnserver");
  using folder = temporaryFolder("doctor");
  await using server = await startCoturn({ username: "unit", password: "secret" });
  const [, found] = await checkNat(patientIn(folder.path, {}, { stunServer: server.address }));
  assert.equal(found?.verdict, "ok", linesOf(found === undefined ? [] : [found]).join());
  assert.equal(found.figures?.["seenAddress"], "127.0.0.1");
});

for (const [what, sees, verdict] of [
  ["sees us as we say", [127, 0, 0, 1], "ok"],
  ["sees another address", [203, 0, 113, 9], "wrong"],
  ["says nothing", undefined, "warning"],
] as const) {
  test(`a STUN server that ${what}: ${verdict}`, async () => {
    using folder = temporaryFolder("doctor");
    await using stun = await stunServer(sees);
    const [, found] = await checkNat(patientIn(folder.path, {}, { stunServer: stun.server }));
    assert.equal(found?.verdict, verdict, linesOf(found === undefined ? [] : [found]).join());
    if (sees !== undefined) assert.equal(found?.figures?.["seenAddress"], sees.join("."));
  });
}
