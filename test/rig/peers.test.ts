import assert from "node:assert/strict";
import test from "node:test";
import { startBaresip } from "./baresip.ts";
import { mayCapture, startCapture, telephoneEvents, telephoneEventType } from "./capture.ts";
import { startLinphone } from "./linphone.ts";
import { mayIsolate, openNamespace } from "./namespace.ts";
import { installed } from "./processes.ts";
import { startSipp } from "./sipp.ts";
import { heardTone, lengthOf, sequence } from "./sound.ts";

test("linphonec answers baresip, and each hears the other", async (t) => {
  if (!installed("linphonec", "baresip")) return t.skip("no linphonec or baresip");
  await using ann = await startLinphone({ user: "ann", says: sequence([{ hz: [700], seconds: 20 }]) });
  await using bob = await startBaresip({ user: "bob", says: sequence([{ hz: [1000], seconds: 1 }]) });
  await bob.dials(ann.address);
  await Promise.all([ann.connected(), bob.event("CALL_ESTABLISHED")]);
  // Long enough for a tone to be heard: two keys take 1.2 s.
  await ann.presses("1#");
  await bob.hangsUp();
  await ann.ended();
  const [heardByBob] = bob.recordings("heard");
  const heardByAnn = ann.heard();
  assert.ok(heardByAnn !== undefined && heardByBob !== undefined, "nothing was recorded");
  assert.ok(lengthOf(heardTone(heardByAnn, 1000)) > 0.5, "Ann hears Bob");
  assert.ok(lengthOf(heardTone(heardByBob, 700)) > 0.5, "Bob hears Ann");
});

test("linphonec's keys are telephone-events on the wire", async (t) => {
  if (!installed("linphonec", "baresip", "tcpdump") || !mayCapture())
    return t.skip("a program or the right is missing");
  await using ann = await startLinphone({ user: "ann" });
  await using bob = await startBaresip({ user: "bob" });
  await using capture = await startCapture([bob.port]);
  await bob.dials(ann.address);
  await ann.connected();
  await ann.presses("12#");
  await bob.hangsUp();
  await ann.ended();
  await capture.stop();
  const offer = capture.sip().find(({ kind }) => kind === "INVITE")?.body ?? "";
  const type = telephoneEventType(offer) ?? -1;
  const keyed = capture.rtp().map((stream) => telephoneEvents(stream, type));
  assert.deepEqual(
    keyed.filter((digits) => digits !== ""),
    ["12#"],
  );
});

test("sipp calls sipp, and both count the same", async (t) => {
  if (!installed("sipp")) return t.skip("no sipp");
  await using called = await startSipp({ scenario: { builtIn: "uas" } });
  await using calling = await startSipp({
    scenario: { builtIn: "uac" },
    target: `127.0.0.1:${called.port}`,
    calls: 5,
    callsPerSecond: 20,
  });
  const result = await calling.result();
  assert.deepEqual(
    { exitCode: result.exitCode, successful: result.successful, failed: result.failed },
    {
      exitCode: 0,
      successful: 5,
      failed: 0,
    },
  );
  const counted = await called.stop();
  assert.equal(counted.successful, 5);
  assert.match(calling.trace(), /^INVITE sip:service@/m);
});

test("sipp tells a failed call", async (t) => {
  if (!installed("sipp")) return t.skip("no sipp");
  const busy = `<?xml version="1.0"?><!DOCTYPE scenario SYSTEM "sipp.dtd"><scenario name="busy">
    <recv request="INVITE"/>
    <send><![CDATA[
SIP/2.0 486 Busy Here
[last_Via:]
[last_From:]
[last_To:];tag=busy
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
    <recv request="ACK"/>
  </scenario>`;
  await using called = await startSipp({ scenario: { xml: busy } });
  await using calling = await startSipp({
    scenario: { builtIn: "uac" },
    target: `127.0.0.1:${called.port}`,
    calls: 1,
  });
  const result = await calling.result();
  assert.equal(result.failed, 1);
  assert.notEqual(result.exitCode, 0);
});

test("a namespace has loopback and no way out", async (t) => {
  if (!installed("unshare", "nsenter", "ip") || !(await mayIsolate()))
    return t.skip("no right to a network namespace");
  await using namespace = await openNamespace();
  const program = `
    const dgram = require("node:dgram");
    const socket = dgram.createSocket("udp4");
    socket.once("message", () => console.log("loopback carries"));
    socket.bind(0, "127.0.0.1", () => {
      socket.send("x", socket.address().port, "127.0.0.1");
      const stranger = dgram.createSocket("udp4");
      stranger.send("x", 5060, "192.0.2.1", (error) => {
        console.log("outside:", error?.code);
        stranger.close();
        socket.unref();
      });
    });`;
  await using inside = await namespace.start(process.execPath, ["-e", program]);
  await inside.line(/loopback carries/);
  await inside.line(/outside: ENETUNREACH/);
  assert.equal(await inside.ended, 0);
});
