import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { freePortsInARow } from "#rig/ports.ts";
import { portsFrom, takenPorts, usualPorts, withPorts } from "./demo-ports.ts";

const example = readFileSync(new URL("./tandem.config.jsonc", import.meta.url), "utf8");

test("nine ports in a row", () => {
  assert.deepEqual(Object.values(portsFrom(9000)), [9000, 9001, 9002, 9003, 9004, 9005, 9006, 9007, 9008]);
});

test("the configuration follows the ports: none of the usual ones is left, and nothing else has changed", () => {
  assert.equal(withPorts(example, usualPorts), example);
  const moved = withPorts(example, portsFrom(9000));
  for (const port of Object.values(usualPorts)) assert.doesNotMatch(moved, new RegExp(`\\b${port}\\b`));
  assert.equal(moved.split(/[0-9]+/).join(), example.split(/[0-9]+/).join());
});

test("a port that is taken is told with what it was wanted for", async () => {
  const ports = portsFrom(await freePortsInARow(9));
  assert.deepEqual(await takenPorts(ports), []);
  const other = createSocket("udp4");
  try {
    other.bind(ports.sip, "127.0.0.1");
    await once(other, "listening");
    assert.deepEqual(await takenPorts(ports), [`${ports.sip} (Tandem's SIP)`]);
  } finally {
    other.close();
  }
});
