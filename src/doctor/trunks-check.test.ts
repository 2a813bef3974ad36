import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { TrunkId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { loadConfigFile } from "#network/config-file.ts";
import type { Trunk } from "#network/records.ts";
import { exampleConfiguration, linesOf, patientIn } from "#rig/patient.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { openDatabase } from "#store/database.ts";
import { checkTrunks, ofAnswers } from "./trunks-check.ts";

interface FarEnd extends AsyncDisposable {
  readonly port: number;
  /** What it was asked. */
  readonly asked: string[];
}

/** The answer to any request: its own headers with another first line. */
function answerTo(request: string, status: string): string {
  const headers = request.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
  return [`SIP/2.0 ${status}`, ...headers, "Content-Length: 0", "", ""].join("\r\n");
}

async function overUdp(status: string | undefined): Promise<FarEnd> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const asked: string[] = [];
  socket.on("message", (packet, from) => {
    asked.push(packet.toString());
    if (status !== undefined) socket.send(answerTo(packet.toString(), status), from.port, from.address);
  });
  const close = (): Promise<void> => new Promise((resolve) => socket.close(() => resolve()));
  return { port: socket.address().port, asked, [Symbol.asyncDispose]: close };
}

async function overTcp(status: string): Promise<FarEnd> {
  const asked: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      asked.push(chunk.toString());
      socket.end(answerTo(chunk.toString(), status));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  return {
    port: typeof address === "object" ? (address?.port ?? 0) : 0,
    asked,
    [Symbol.asyncDispose]: close,
  };
}

function trunk(port: number, transport: Trunk["transport"] = "udp"): Trunk {
  return {
    id: "carrier" as TrunkId,
    host: "127.0.0.1",
    port,
    transport,
    codecs: ["PCMU"],
    media: "rtp",
    numberFormat: "e164",
  };
}

for (const [status, verdict] of [
  ["200 OK", "ok"],
  ["401 Unauthorized", "ok"],
  ["405 Method Not Allowed", "ok"],
  ["501 Not Implemented", "ok"],
  ["403 Forbidden", "warning"],
  ["503 Service Unavailable", "warning"],
] as const) {
  test(`a trunk that answers OPTIONS by ${status} is alive: ${verdict}`, async () => {
    using folder = temporaryFolder("doctor");
    await using farEnd = await overUdp(status);
    const [found] = await checkTrunks(patientIn(folder.path, {}, { trunks: [trunk(farEnd.port)] }));
    assert.equal(found?.verdict, verdict);
    assert.ok(found?.says.includes(`127.0.0.1:${farEnd.port} answers ${status} after`), found?.says);
    assert.match(farEnd.asked[0] ?? "", /^OPTIONS sip:127\.0\.0\.1 SIP\/2\.0\r\n/);
  });
}

test("a trunk over TCP is asked over TCP, and one where nobody listens cannot be reached", async () => {
  using folder = temporaryFolder("doctor");
  const farEnd = await overTcp("200 OK");
  const patient = patientIn(folder.path, {}, { trunks: [trunk(farEnd.port, "tcp")] });
  assert.match(linesOf(await checkTrunks(patient))[0] ?? "", /^ok: .* over TCP\.$/);
  assert.match(farEnd.asked[0] ?? "", /^OPTIONS /);
  await farEnd[Symbol.asyncDispose]();
  assert.match(linesOf(await checkTrunks(patient))[0] ?? "", /^wrong: .*cannot be reached/);
});

test("a trunk that says nothing is wrong, and the others are told beside it", async () => {
  using folder = temporaryFolder("doctor");
  await using silent = await overUdp(undefined);
  await using alive = await overUdp("200 OK");
  const trunks = [trunk(silent.port), trunk(alive.port)];
  const found = await checkTrunks(patientIn(folder.path, {}, { trunks }));
  assert.deepEqual(
    found.map(({ verdict }) => verdict),
    ["wrong", "ok"],
  );
  assert.ok(found[0]?.says.includes(`127.0.0.1:${silent.port} says nothing`), found[0]?.says);
  assert.ok(silent.asked.length > 1, "it was asked again");
});

test("without a configuration file the trunks that were loaded last are asked", async () => {
  using folder = temporaryFolder("doctor");
  await using farEnd = await overUdp("200 OK");
  const patient = patientIn(folder.path, {}, { trunks: undefined });
  assert.deepEqual(await checkTrunks(patient), []);
  const { databaseUrl: url } = patient.settings;
  const database = await openDatabase({ url, clock: systemClock, log: silentLog });
  const path = join(folder.path, "tandem.config.jsonc");
  writeFileSync(path, exampleConfiguration(farEnd.port));
  await loadConfigFile({ path, database, log: silentLog });
  await database.close();
  const found = await checkTrunks(patient);
  assert.deepEqual(
    found.map(({ verdict, says }) => [verdict, says.split(":")[0]]),
    [
      ["ok", "Trunk center"],
      ["ok", "Trunk visitors"],
    ],
  );
  writeFileSync(url.slice("sqlite:".length), "spoiled ".repeat(100));
  assert.deepEqual(await checkTrunks(patient), [], "the check of the database says so");
});

test("a name that leads nowhere is wrong; of two addresses one that lives is enough for a warning", () => {
  const named = { id: "carrier" as TrunkId, host: "trunk.example", transport: "udp" } as const;
  assert.match(linesOf([ofAnswers(named, [])])[0] ?? "", /^wrong: .*trunk\.example leads to no address/);
  const answer = { port: 5060, tookMs: 12, status: undefined, reason: "says nothing" };
  const found = ofAnswers(named, [
    { ...answer, address: "192.0.2.1" },
    { ...answer, address: "2001:db8::1", status: 200, reason: "OK" },
  ]);
  assert.equal(found.verdict, "warning");
  assert.match(
    found.says,
    /\[2001:db8::1\]:5060 answers 200 OK after 12 ms over UDP; 192\.0\.2\.1:5060 says nothing/,
  );
});
