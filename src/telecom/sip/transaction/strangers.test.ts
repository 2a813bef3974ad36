import assert from "node:assert/strict";
import { test } from "node:test";
import { makeResponse, withHeader } from "../message/build.ts";
import { headerValue } from "../message/headers.ts";
import type { SipRequest } from "../message/message.ts";
import { listener, only, openOnPaper, ours, theirs } from "./paper-network.ts";

const toAll = { answerAtOnce: () => ({ status: 403 }) };
let asked = 0;

function another(method: string): SipRequest {
  const branch = `z9hG4bKstranger${++asked}`;
  return withHeader(theirs(method, branch), "Call-ID", `stranger-${asked}`);
}

test("what is answered at once gets no transaction, and the same answer each time it comes", async () => {
  const { clock, layer, receive, transactions, sent } = await openOnPaper(toAll);
  const invite = another("INVITE");
  receive(invite);
  receive(invite);
  const [first, second] = sent.map(({ message }) => message);
  assert.ok(first?.type === "response" && first.status === 403);
  assert.deepEqual(first, second);
  assert.equal(transactions.length, 0);
  assert.equal(layer.stats().servers, 0);
  assert.equal(clock.waiting, 0);
});

test("a CANCEL of nothing that we know leaves nothing behind", async () => {
  const { clock, layer, receive, log } = await openOnPaper(toAll);
  receive(another("CANCEL"));
  assert.equal(log(), "0 481");
  assert.equal(layer.stats().servers, 0);
  assert.equal(clock.waiting, 0);
});

test("an address that asks too often is left without an answer; another is answered, and it is again later", async () => {
  const { clock, layer, receive, sent } = await openOnPaper(toAll);
  for (let count = 0; count < 2_000; count++) receive(another("OPTIONS"), "192.0.2.66");
  assert.equal(sent.length, 600);
  assert.equal(layer.stats().unanswered, 1_400);
  receive(another("OPTIONS"), "192.0.2.67");
  assert.equal(sent.length, 601);
  await clock.advance(1_000);
  receive(another("OPTIONS"), "192.0.2.66");
  assert.equal(sent.length, 602);
});

test("what is not sound is counted too", async () => {
  const { receive, sent } = await openOnPaper();
  for (let count = 0; count < 1_000; count++) receive(another("FROBNICATE"), "192.0.2.66");
  assert.equal(sent.length, 600);
});

test("an address that we call is never left without an answer", async () => {
  const { receive, knows, sent } = await openOnPaper(toAll);
  knows("192.0.2.66");
  for (let count = 0; count < 1_000; count++) receive(another("OPTIONS"), "192.0.2.66");
  assert.equal(sent.length, 1_000);
});

test("requests within our calls are served, whatever strangers do", async () => {
  const inCall = (request: SipRequest): boolean => headerValue(request, "Call-ID") === "our-call";
  const { receive, transactions } = await openOnPaper({
    mostServers: 1,
    answerAtOnce: (request) => (inCall(request) ? undefined : { status: 481 }),
  });
  for (let count = 0; count < 1_000; count++) receive(another("BYE"));
  receive(withHeader(another("BYE"), "Call-ID", "our-call"));
  assert.equal(only(transactions).request.method, "BYE");
});

test("a challenge from an address that was not asked is nobody's, and the asked one may still answer", async () => {
  for (const status of [401, 407]) {
    const { layer, flow, receive } = await openOnPaper();
    const { heard, handlers } = listener();
    const { request } = layer.request(ours("INVITE"), flow, handlers);
    receive(makeResponse(request, status, { toTag: "rogue" }), "192.0.2.66");
    assert.deepEqual(heard, []);
    receive(makeResponse(request, status, { toTag: "trunk" }));
    assert.deepEqual(heard, [String(status)]);
    await layer.close();
  }
});
