import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { linesOf, patientIn } from "#rig/patient.ts";
import { freePort } from "#rig/ports.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { checkPorts } from "./ports-check.ts";

async function scene() {
  const [sip, http, rtp] = [await freePort(), await freePort(), await freePort()];
  const environment = {
    TANDEM_SIP_PORT: String(sip),
    TANDEM_HTTP_PORT: String(http),
    TANDEM_RTP_PORTS: `${rtp}-${rtp + 1}`,
    TANDEM_MAX_LEGS: "2",
  };
  return { sip, http, rtp, environment };
}

async function holdsUdp(port: number): Promise<AsyncDisposable> {
  const socket = createSocket("udp4").bind(port, "127.0.0.1");
  await once(socket, "listening");
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())) };
}

async function holdsTcp(port: number): Promise<AsyncDisposable> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}

test("free ports are free, and are so again afterwards", async () => {
  using folder = temporaryFolder("doctor");
  const { sip, http, environment } = await scene();
  for (let look = 0; look < 2; look += 1) {
    const [ofSip, ofHttp] = linesOf(await checkPorts(patientIn(folder.path, environment)));
    assert.deepEqual(
      [ofSip, ofHttp],
      [`ok: SIP (UDP and TCP): ${sip} is free.`, `ok: HTTP: ${http} is free.`],
    );
  }
});

for (const [held, hold] of [
  ["UDP", holdsUdp],
  ["TCP", holdsTcp],
] as const) {
  test(`another program has SIP's port, of ${held} alone`, async () => {
    using folder = temporaryFolder("doctor");
    const { sip, environment } = await scene();
    await using _holder = await hold(sip);
    const [ofSip, ofHttp] = await checkPorts(patientIn(folder.path, environment));
    assert.equal(ofSip?.verdict, "wrong");
    assert.match(ofSip?.mend ?? "", /TANDEM_SIP_PORT/);
    assert.equal(ofHttp?.verdict, "ok");
  });
}

test("what a Tandem that runs has is well", async () => {
  using folder = temporaryFolder("doctor");
  const { sip, http, environment } = await scene();
  await using _sip = await holdsUdp(sip);
  await using _http = await holdsTcp(http);
  const runs = { unit: true, web: true };
  const [ofSip, ofHttp] = linesOf(await checkPorts(patientIn(folder.path, environment, { runs })));
  assert.match(ofSip ?? "", /^ok: .*a Tandem that runs has/);
  assert.match(ofHttp ?? "", /^ok: .*a Tandem that runs has/);
});

test("RTP: no port to be had is wrong, fewer than legs a warning", async () => {
  using folder = temporaryFolder("doctor");
  const { rtp, environment } = await scene();
  const rtpOf = async () => (await checkPorts(patientIn(folder.path, environment)))[2];
  assert.equal((await rtpOf())?.verdict, "warning");
  await using _holder = await holdsUdp(rtp + (rtp % 2));
  assert.equal((await rtpOf())?.verdict, "wrong");
});
