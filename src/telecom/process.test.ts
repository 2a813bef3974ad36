import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { connectTelecomUnit } from "./client.ts";

const script = fileURLToPath(new URL("./process.ts", import.meta.url));

function start(t: TestContext, settings: unknown): ChildProcess {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, TANDEM_UNIT_SETTINGS: JSON.stringify(settings) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

test("the unit's process says that it is ready, serves, and ends politely", {
  timeout: 60_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-process-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, "unit.sock");
  const child = start(t, {
    socketPath,
    sip: {
      address: "127.0.0.1",
      port: 0,
      webSocket: { port: 0, origins: ["https://talk.example"], trustedProxies: [] },
    },
    rtp: { portRange: { first: 38_000, last: 38_099 } },
    maxLegs: 4,
    logLevel: "silent",
  });
  assert.ok(child.stdout);
  const [line] = await once(createInterface(child.stdout), "line");
  const ready = JSON.parse(String(line)) as { readonly sipPort: number; readonly sipWebSocketPort: number };
  const { sipPort, sipWebSocketPort } = ready;
  assert.deepEqual(ready, { ready: true, pid: child.pid, sipPort, sipWebSocketPort, socketPath });
  const browser = new WebSocket(`ws://127.0.0.1:${sipWebSocketPort}`, "sip", {
    origin: "https://talk.example",
  });
  await once(browser, "open");
  browser.terminate();
  const unit = connectTelecomUnit({ socketPath, clock: systemClock, log: silentLog });
  await unit.ready();
  assert.deepEqual(unit.legs(), []);
  await unit.close();
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
  assert.equal(existsSync(socketPath), false);
});

test("settings that cannot be meant are told, and nothing is opened", { timeout: 60_000 }, async (t) => {
  const child = start(t, { socketPath: "", sip: { address: "127.0.0.1", port: 99_999 } });
  assert.ok(child.stderr);
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  assert.deepEqual(await once(child, "close"), [1, null]);
  assert.match(said, /SETTINGS_INVALID/);
  assert.match(said, /\/sip\/port/);
});

for (const sip of [
  { address: "0.0.0.0", port: 0 },
  { address: "::", port: 0, advertisedAddress: "192.0.2.1" },
  { address: "127.0.0.1", port: 0, advertisedAddress: "tandem.example" },
]) {
  const told = "advertisedAddress" in sip ? sip.advertisedAddress : "nothing else";
  test(`no far end is told to call back at ${sip.address} or ${told}`, { timeout: 60_000 }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "tandem-process-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const socketPath = join(folder, "unit.sock");
    const portRange = { first: 38_100, last: 38_199 };
    const child = start(t, { socketPath, sip, rtp: { portRange }, maxLegs: 4, logLevel: "silent" });
    assert.ok(child.stderr);
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    assert.deepEqual(await once(child, "close"), [1, null]);
    assert.match(said, /SETTINGS_INVALID.*advertisedAddress/);
  });
}
