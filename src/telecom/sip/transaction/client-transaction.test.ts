import assert from "node:assert/strict";
import { test } from "node:test";
import { makeResponse, withHeader, withTopHeader } from "../message/build.ts";
import { cseq, headerValue, topVia } from "../message/headers.ts";
import type { Flow } from "../message/message.ts";
import { listener, only, openOnPaper, ours } from "./paper-network.ts";

test("an INVITE that nobody answers is repeated by timer A until timer B ends it as 408", async () => {
  const { clock, layer, flow, log } = await openOnPaper();
  const { heard, handlers } = listener();
  layer.request(ours("INVITE"), flow, handlers);
  await clock.advance(31_999);
  assert.equal(
    log(),
    "0 INVITE, 500 INVITE, 1500 INVITE, 3500 INVITE, 7500 INVITE, 15500 INVITE, 31500 INVITE",
  );
  assert.deepEqual(heard, []);
  await clock.advance(1);
  assert.deepEqual(heard, ["failure 408"]);
  assert.equal(layer.stats().clients, 0);
  assert.equal(clock.waiting, 0);
});

test("another request that nobody answers is repeated by timer E, at most every 4 s, until timer F", async () => {
  const { clock, layer, flow, log } = await openOnPaper();
  const { heard, handlers } = listener();
  layer.request(ours("BYE"), flow, handlers);
  await clock.advance(32_000);
  const moments = [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500];
  assert.equal(log(), moments.map((atMs) => `${atMs} BYE`).join(", "));
  assert.deepEqual(heard, ["failure 408"]);
  assert.equal(clock.waiting, 0);
});

test("a request that cannot be sent fails as 503, and a large one is tried over UDP after TCP was refused", async () => {
  const lost = await openOnPaper();
  const first = listener();
  lost.fail();
  lost.layer.request(ours("INVITE"), lost.flow, first.handlers);
  await lost.clock.advance(0);
  assert.deepEqual(first.heard, ["failure 503"]);

  const large = await openOnPaper();
  const second = listener();
  large.refuseTcp();
  const call = large.layer.request(
    withHeader(ours("INVITE"), "Subject", "x".repeat(1_000)),
    large.flow,
    second.handlers,
  );
  await large.clock.advance(0);
  assert.deepEqual(
    large.sent.map(({ flow, message }) => `${flow.transport} ${topVia(message).transport}`),
    ["tcp TCP", "udp UDP"],
  );
  assert.deepEqual(second.heard, []);
  // Cancelling reaches the attempt that is alive.
  call.cancel();
  large.receive(makeResponse(call.request, 180, { toTag: "b" }));
  assert.equal(large.log().split(", ").at(-1), "0 CANCEL");
});

test("a request whose connection is closed before anything came fails as 503; others stand (17.1.4)", async () => {
  const { layer, flow, receive, closes, clock } = await openOnPaper();
  const tcp: Flow = { ...flow, transport: "tcp" };
  const asked = (method: string, way: Flow) => {
    const { heard, handlers } = listener();
    return { heard, request: layer.request(ours(method), way, handlers).request };
  };
  const [invite, bye] = [asked("INVITE", tcp), asked("BYE", tcp)];
  const [rings, tries] = [asked("INVITE", tcp), asked("BYE", tcp)];
  const [elsewhere, datagrams] = [asked("INVITE", { ...tcp, remotePort: 5080 }), asked("INVITE", flow)];
  receive(makeResponse(rings.request, 180, { toTag: "b" }));
  receive(makeResponse(tries.request, 100));
  closes(tcp);
  assert.deepEqual([invite.heard, bye.heard], [["failure 503"], ["failure 503"]]);
  // In Proceeding nothing is sent again, and the answer may come on a new connection (18.2.2).
  assert.deepEqual([rings.heard, tries.heard], [["180"], ["100"]]);
  assert.deepEqual([elsewhere.heard, datagrams.heard], [[], []]);
  receive(makeResponse(rings.request, 200, { toTag: "b" }));
  assert.deepEqual(rings.heard, ["180", "200"]);
  await layer.close();
  assert.equal(clock.waiting, 0);
});

test("what a phone was asked over its flow fails as 503 when that is gone, though it rang already; an answer does not", async () => {
  const { clock, layer, flow, receive, closes, log } = await openOnPaper();
  const browsers: Flow = { ...flow, transport: "wss" };
  const asked = (method: string) => {
    const { heard, handlers } = listener();
    return { heard, call: layer.request(ours(method), browsers, handlers, "this-flow") };
  };
  const [rings, tries, answered, cancelled] = ["INVITE", "OPTIONS", "INVITE", "INVITE"].map(asked);
  assert.ok(rings && tries && answered && cancelled);
  receive(makeResponse(rings.call.request, 180, { toTag: "b" }));
  receive(makeResponse(tries.call.request, 100));
  receive(makeResponse(answered.call.request, 200, { toTag: "c" }));
  receive(makeResponse(cancelled.call.request, 180, { toTag: "d" }));
  cancelled.call.cancel();
  log();
  closes(browsers);
  assert.deepEqual(
    [rings, tries, answered, cancelled].map(({ heard }) => heard.join(" ")),
    ["180 failure 503", "100 failure 503", "200", "180 failure 503"],
  );
  // Nothing is said into a connection that is gone, and nothing waits but the call that was answered.
  assert.equal(log(), "");
  assert.equal(layer.stats().clients, 1);
  await clock.advance(32_000);
  assert.equal(clock.waiting, 0);
});

test("a request on a connection whose place a newer one has taken is told too, and those on the newer one stand", async () => {
  const { layer, flow, closesLate } = await openOnPaper();
  const tcp: Flow = { ...flow, transport: "tcp" };
  const [early, late] = [listener(), listener()];
  layer.request(ours("INVITE"), tcp, early.handlers);
  const close = closesLate(tcp);
  layer.request(ours("INVITE"), tcp, late.handlers);
  close();
  assert.deepEqual([early.heard, late.heard], [["failure 503"], []]);
  await layer.close();
});

test("a large request whose TCP connection is closed before anything came is tried over UDP", async () => {
  const { layer, flow, sent, closes } = await openOnPaper();
  const { heard, handlers } = listener();
  layer.request(withHeader(ours("INVITE"), "Subject", "x".repeat(1_000)), flow, handlers);
  closes({ ...flow, transport: "tcp" });
  assert.deepEqual(
    sent.map((each) => each.flow.transport),
    ["tcp", "udp"],
  );
  assert.deepEqual(heard, []);
  await layer.close();
});

test("branches differ, begin with the cookie and hold 80 random bits", async () => {
  const { layer, flow, sent } = await openOnPaper();
  for (let count = 0; count < 20; count++) layer.request(ours("OPTIONS"), flow, listener().handlers);
  const branches = sent.map(
    ({ message }) => topVia(message).params.find(({ name }) => name === "branch")?.value ?? "",
  );
  assert.equal(new Set(branches).size, 20);
  for (const branch of branches) assert.match(branch, /^z9hG4bK[0-9a-z]{16}$/);
});

test("every 2xx of an INVITE goes up, repeated or of a fork, and its ACK has a branch of its own", async () => {
  const { clock, layer, flow, receive, sent } = await openOnPaper();
  const { heard, handlers } = listener();
  const call = layer.request(ours("INVITE"), flow, handlers);
  receive(makeResponse(call.request, 180, { toTag: "b1" }));
  for (const toTag of ["b1", "b1", "b2"]) receive(makeResponse(call.request, 200, { toTag }));
  assert.deepEqual(heard, ["180", "200", "200", "200"]);
  layer.acknowledge(ours("ACK"), flow);
  const ack = sent.at(-1)?.message;
  assert.ok(ack !== undefined && topVia(ack).params.length === 2);
  assert.notEqual(headerValue(ack, "Via"), headerValue(call.request, "Via"));
  await clock.advance(32_000);
  assert.equal(clock.waiting, 0);
});

test("a response of another branch, another sent-by or two Vias belongs to nobody", async () => {
  const { layer, flow, receive } = await openOnPaper();
  const { heard, handlers } = listener();
  const { request } = layer.request(ours("OPTIONS"), flow, handlers);
  const response = makeResponse(request, 200, { toTag: "b" });
  const via = headerValue(request, "Via") ?? "";
  receive(withHeader(response, "Via", via.replace("z9hG4bK", "z9hG4bKx")));
  receive(withHeader(response, "Via", via.replace("192.0.2.1", "192.0.2.9")));
  receive(withTopHeader(response, "Via", via));
  assert.deepEqual(heard, []);
  assert.equal(layer.stats().strays, 2);
  receive(response);
  assert.deepEqual(heard, ["200"]);
});

test("CANCEL waits for a sign of life, has its INVITE's branch, and gives up after 64*T1 (9.1)", async () => {
  const { clock, layer, flow, receive, sent, log } = await openOnPaper();
  const { heard, handlers } = listener();
  const call = layer.request(ours("INVITE"), flow, handlers);
  call.cancel();
  assert.equal(log(), "0 INVITE");
  receive(makeResponse(call.request, 180, { toTag: "b" }));
  const cancel = only(sent).message;
  assert.equal(headerValue(cancel, "Via"), headerValue(call.request, "Via"));
  assert.deepEqual(cseq(cancel), { number: 1, method: "CANCEL" });
  assert.ok(cancel.type === "request");
  receive(makeResponse(cancel, 200, { toTag: "b" }));
  call.cancel();
  await clock.advance(32_000);
  assert.equal(log(), "0 CANCEL");
  assert.deepEqual(heard, ["180", "failure 408"]);
  assert.equal(clock.waiting, 0);
});
