/** `bin/tandem doctor`, as an operator runs it. What each check finds has tests of its own beside it. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { doctorsTelephone, exampleConfiguration } from "#rig/patient.ts";
import { startByThemselves } from "#rig/platform-processes.ts";
import { freePort, ownRtpPorts } from "#rig/ports.ts";
import { startPeer, temporaryFolder } from "#rig/processes.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import { root } from "../runner/tree.ts";

async function doctor(environment: Readonly<Record<string, string>>, ...words: readonly string[]) {
  const program = join(root, "bin/tandem");
  await using peer = await startPeer({ program, words: ["doctor", ...words], environment });
  const code = await peer.ended;
  return { code, output: peer.output() };
}

test("tandem doctor beside a platform that runs, with its telephones: all is well, and stays as it is", {
  timeout: 120_000,
}, async () => {
  using folder = temporaryFolder("doctor");
  await using parts = new AsyncDisposableStack();
  const phone = await doctorsTelephone({ answers: false });
  parts.defer(() => phone.close());
  const config = join(folder.path, "tandem.config.jsonc");
  writeFileSync(config, exampleConfiguration(phone.sipPort));
  const http = await freePort();
  const environment = {
    TANDEM_DEVELOPMENT: "true",
    TANDEM_DATA: folder.path,
    TANDEM_CONFIG: config,
    TANDEM_HTTP_PORT: String(http),
    TANDEM_PUBLIC_URL: `http://127.0.0.1:${http}`,
    TANDEM_SIP_PORT: String(await freePort()),
    TANDEM_RTP_PORTS: ownRtpPorts(),
    TANDEM_MAX_LEGS: "20",
  };
  const platform = await startByThemselves(environment);
  parts.defer(() => platform.stop());
  const before = readdirSync(folder.path);
  const { code, output } = await doctor(environment, "--json");
  const { healthy, findings } = JSON.parse(output) as { healthy: boolean; findings: Finding[] };
  const ailing = findings.filter(({ verdict }) => verdict !== "ok").map(({ says }) => says);
  assert.deepEqual(
    ailing.filter((says) => !/MB are free|syncs in/.test(says)),
    [],
  );
  assert.deepEqual([healthy, code], [true, 0]);
  const seen = [...new Set(findings.map(({ check }) => check))].toSorted();
  const checks = [
    "clock",
    "database",
    "nat",
    "node",
    "pages",
    "ports",
    "prompts",
    "settings",
    "speech",
    "test call",
    "trunks",
  ];
  assert.deepEqual(seen, checks);
  assert.equal(findings.filter(({ says }) => says.includes("a Tandem that runs has")).length, 2);
  assert.deepEqual(readdirSync(folder.path), before);
  assert.equal(phone.state, "idle");
  assert.deepEqual(
    phone.log.filter(({ text }) => text === "rings"),
    [],
  );
});

test("tandem doctor where a setting is wrong: says so and what to do, ends with 1, and makes nothing", {
  timeout: 60_000,
}, async () => {
  using folder = temporaryFolder("doctor");
  const data = join(folder.path, "data");
  const { code, output } = await doctor({ TANDEM_DATA: data, TANDEM_HTTP_PORT: "eighty" });
  assert.equal(code, 1);
  assert.match(output, /^wrong {4}settings {3}TANDEM_HTTP_PORT .*\n {20}-> docs\/operating\.md/);
  assert.match(output, /^ok {7}test call {2}Answered after /m);
  assert.ok(!existsSync(data));
});
