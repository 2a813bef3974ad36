import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallId, LegId, PermitId, PhoneName, SubscriberId } from "#base/ids.ts";
import { presentationOnLoopback, testOperatorToken } from "#rig/open-test-presentation.ts";

const operator = { headers: { authorization: `Bearer ${testOperatorToken}` } };

interface Viewer {
  /** The next entry. */
  next(): Promise<Record<string, unknown>>;
  leave(): Promise<void>;
}

async function look(url: string, query = ""): Promise<Viewer> {
  const leaving = new AbortController();
  const answer = await fetch(`${url}/api/wire${query}`, { ...operator, signal: leaving.signal });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "text/event-stream");
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.ok(reader);
  let held = "";
  return {
    async next() {
      for (;;) {
        const end = held.indexOf("\n\n");
        if (end === -1) {
          const { value, done } = await reader.read();
          assert.ok(!done, "the stream ended");
          held += value;
          continue;
        }
        const block = held.slice(0, end);
        held = held.slice(end + 2);
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data === undefined) continue;
        const entry = JSON.parse(data) as Record<string, unknown>;
        assert.equal(/^event: (.*)$/m.exec(block)?.[1], entry["type"]);
        return entry;
      }
    },
    async leave() {
      leaving.abort();
    },
  };
}

test("the wire is the operator's alone", async () => {
  await using server = await presentationOnLoopback();
  for (const authorization of [undefined, "Bearer of-somebody-else"]) {
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await fetch(`${server.url}/api/wire`, { headers });
    assert.equal(answer.status, 401);
    await answer.body?.cancel();
  }
  assert.equal(server.callManager.wire.watchers.size, 0);
});

test("clicks, steps, pages, commands, events and SIP messages are seen as they happen, logins are not", async () => {
  await using server = await presentationOnLoopback();
  const { wire } = server.callManager;
  const viewer = await look(server.url);
  await (await fetch(`${server.url}/talk/bank/mortgages?title=Rates`)).text();
  const click = await viewer.next();
  assert.equal(click["type"], "click");
  assert.equal((click["context"] as { subject: string }).subject, "mortgages");
  const request = await viewer.next();
  assert.deepEqual(
    [request["type"], request["path"], request["status"]],
    ["request", "/talk/bank/mortgages", 200],
  );

  const call = "call_1" as CallId;
  const leg = "call_1.user" as LegId;
  const row = {
    call,
    atMs: 5,
    subscriber: "bank" as SubscriberId,
    step: "bridge",
    fact: { became: "bridged" },
  };
  wire.shows({ row, pages: [{ type: "connect", stage: "connected" }] });
  assert.deepEqual(await viewer.next(), { type: "step", ...row });
  const page = { type: "connect", stage: "connected" };
  assert.deepEqual(await viewer.next(), { type: "page", atMs: 5, call, page });

  const credentials = { username: "tandem", password: "a secret of the trunk's" };
  const target = {
    type: "trunk",
    host: "127.0.0.1",
    transport: "udp",
    user: "100",
    codecs: ["PCMU"],
  } as const;
  const permit = "permit_1" as PermitId;
  const dial = { type: "dial", leg, permit, identity: {}, ringUntilMs: 1, endAtMs: 2 } as const;
  wire.shows({ said: { ...dial, target: { ...target, codecs: ["PCMU"], credentials } } });
  const said = await viewer.next();
  assert.deepEqual(said["command"], { ...dial, target });
  const digest = { md5: "5ec4e7", sha256: "5ec4e7" };
  const admitted = { type: "admit-phones", edition: "one", part: 1, parts: 1 } as const;
  wire.shows({ said: { ...admitted, phones: [{ phone: "bob.bank" as PhoneName, digest }] } });
  const known = await viewer.next();
  assert.deepEqual(known["command"], { ...admitted, phones: [{ phone: "bob.bank" }] });
  const visitor = { type: "phone", phone: "x7.bank" as PhoneName, user: "100" } as const;
  wire.shows({ said: { ...dial, target: { ...visitor, codecs: ["PCMU"], guest: { digest } } } });
  const guest = await viewer.next();
  assert.deepEqual(guest["command"], { ...dial, target: { ...visitor, codecs: ["PCMU"], guest: {} } });
  wire.shows({ heard: { type: "snapshot", wireVersion: 1, unitBoot: "b", atMs: 1, legs: [] } });
  wire.shows({ heard: { type: "leg-held", leg, atMs: 6, onHold: true } });
  const heard = await viewer.next();
  assert.deepEqual(heard["event"], { type: "leg-held", leg, atMs: 6, onHold: true });
  const message = {
    atMs: 7,
    direction: "out",
    transport: "udp",
    remote: "127.0.0.1:5070",
    text: "BYE",
  } as const;
  wire.shows({ message: { type: "sip-message", ...message } });
  assert.deepEqual(await viewer.next(), { type: "sip", ...message });
  await viewer.leave();
});

test("who was away is told the steps that were missed, and then goes on", async () => {
  await using server = await presentationOnLoopback();
  const { wire } = server.callManager;
  const row = (atMs: number) => ({
    call: "call_1" as CallId,
    atMs,
    subscriber: "bank" as SubscriberId,
    step: "bridge",
    fact: { became: `at-${atMs}` },
  });
  wire.rows = [row(1), row(5), row(9)];
  const viewer = await look(server.url, "?since=5");
  assert.deepEqual(await viewer.next(), { type: "step", ...row(5) });
  assert.deepEqual(await viewer.next(), { type: "step", ...row(9) });
  wire.shows({ row: row(12), pages: [] });
  assert.deepEqual(await viewer.next(), { type: "step", ...row(12) });
  await viewer.leave();
  const answer = await fetch(`${server.url}/api/wire?since=yesterday`, operator);
  assert.equal(answer.status, 400);
  await answer.body?.cancel();
});

test("four may look, and who leaves makes room", { timeout: 20_000 }, async () => {
  await using server = await presentationOnLoopback();
  const viewers = [];
  for (let n = 0; n < 4; n++) viewers.push(await look(server.url));
  const fifth = await fetch(`${server.url}/api/wire`, operator);
  assert.equal(fifth.status, 503);
  assert.equal(fifth.headers.get("retry-after"), "10");
  await fifth.body?.cancel();
  const [first, ...rest] = viewers;
  await first?.leave();
  for (;;) {
    const again = await fetch(`${server.url}/api/wire`, operator);
    await again.body?.cancel();
    if (again.status === 200) break;
  }
  for (const viewer of rest) await viewer.leave();
});

test("pages may be framed by whom the operator named, and by nobody else", async () => {
  for (const framedBy of [[], ["http://127.0.0.1:8060"]]) {
    await using server = await presentationOnLoopback({ framedBy });
    const { headers } = await fetch(`${server.url}/talk/bank/mortgages`);
    const wanted = framedBy.length === 0 ? "'none'" : framedBy.join(" ");
    assert.ok(headers.get("content-security-policy")?.endsWith(`frame-ancestors ${wanted}`));
    assert.equal(headers.get("x-frame-options"), framedBy.length === 0 ? "DENY" : null);
  }
});
