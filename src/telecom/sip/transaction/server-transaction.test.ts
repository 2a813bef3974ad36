import assert from "node:assert/strict";
import { test } from "node:test";
import { makeResponse, withHeader } from "../message/build.ts";
import { cseq, headerValue, to } from "../message/headers.ts";
import { listener, only, openOnPaper, ours, theirs } from "./paper-network.ts";
import { sampleRequest } from "./transition-table.ts";

test("a repeated INVITE reaches the user once; 100 goes out after 200 ms and is repeated for it", async () => {
  const { clock, receive, transactions, log } = await openOnPaper();
  receive(theirs("INVITE"));
  await clock.advance(200);
  receive(theirs("INVITE"));
  assert.equal(transactions.length, 1);
  assert.equal(log(), "200 100, 200 100");
});

test("a refusal is repeated by timer G until its ACK, then all is quiet and timer I ends it", async () => {
  const { clock, layer, receive, transactions, log } = await openOnPaper();
  receive(theirs("INVITE"));
  const transaction = only(transactions);
  transaction.respond(makeResponse(transaction.request, 486, { toTag: transaction.toTag }));
  await clock.advance(8_000);
  assert.equal(log(), "0 486, 500 486, 1500 486, 3500 486, 7500 486");
  receive(theirs("ACK"));
  await clock.advance(4_999);
  assert.equal(layer.stats().servers, 1);
  await clock.advance(1);
  assert.equal(log(), "");
  assert.equal(layer.stats().servers, 0);
  assert.equal(clock.waiting, 0);
});

test("a refusal that nobody acknowledges ends with timer H", async () => {
  const { clock, layer, receive, transactions } = await openOnPaper();
  receive(theirs("INVITE"));
  const transaction = only(transactions);
  transaction.respond(makeResponse(transaction.request, 603));
  await clock.advance(32_000);
  assert.equal(layer.stats().servers, 0);
  assert.equal(clock.waiting, 0);
});

test("a 2xx is repeated until its ACK, which comes with a branch of its own and goes up once (13.3.1.4)", async () => {
  const { clock, layer, receive, transactions, log } = await openOnPaper();
  const events: string[] = [];
  receive(theirs("INVITE"));
  const transaction = only(transactions);
  transaction.handle({ onAck: () => void events.push("ack"), onNoAck: () => void events.push("no ack") });
  const accepted = makeResponse(transaction.request, 200, { toTag: transaction.toTag });
  transaction.respond(accepted);
  await clock.advance(4_000);
  assert.equal(log(), "0 200, 500 200, 1500 200, 3500 200");
  const ack = withHeader(theirs("ACK", "z9hG4bKother"), "To", headerValue(accepted, "To") ?? "");
  receive(ack);
  receive(ack);
  receive(theirs("INVITE"));
  await clock.advance(28_000);
  assert.equal(log(), "");
  assert.deepEqual(events, ["ack"]);
  assert.equal(layer.stats().servers, 0);
  assert.equal(clock.waiting, 0);
});

test("a 2xx that nobody acknowledges is told to the user after 64*T1", async () => {
  const { clock, receive, transactions } = await openOnPaper();
  const events: string[] = [];
  receive(theirs("INVITE"));
  const transaction = only(transactions);
  transaction.handle({ onAck: () => void events.push("ack"), onNoAck: () => void events.push("no ack") });
  transaction.respond(makeResponse(transaction.request, 200, { toTag: transaction.toTag }));
  await clock.advance(31_999);
  assert.deepEqual(events, []);
  await clock.advance(1);
  assert.deepEqual(events, ["no ack"]);
  assert.equal(clock.waiting, 0);
});

test("CANCEL is answered 200 with the INVITE's tag, and ends it as 487 (9.2)", async () => {
  const { receive, transactions, sent } = await openOnPaper();
  receive(theirs("INVITE"));
  receive(theirs("CANCEL"));
  const { toTag } = only(transactions);
  assert.deepEqual(
    sent.map(({ message }) => [
      message.type === "response" && message.status,
      cseq(message).method,
      to(message).params,
    ]),
    [
      [200, "CANCEL", [{ name: "tag", value: toTag }]],
      [487, "INVITE", [{ name: "tag", value: toTag }]],
    ],
  );
});

test("CANCEL changes nothing once a final response was given, and is 481 where there is no INVITE", async () => {
  const { receive, transactions, log } = await openOnPaper();
  receive(theirs("INVITE"));
  const transaction = only(transactions);
  transaction.respond(makeResponse(transaction.request, 200, { toTag: transaction.toTag }));
  receive(theirs("CANCEL"));
  receive(theirs("CANCEL", "z9hG4bKunknown"));
  assert.equal(log(), "0 200, 0 200, 0 481");
});

test("the first final response stands", async () => {
  const { receive, transactions, log } = await openOnPaper();
  receive(theirs("OPTIONS"));
  const transaction = only(transactions);
  transaction.respond(makeResponse(transaction.request, 200));
  transaction.respond(makeResponse(transaction.request, 486));
  receive(theirs("OPTIONS"));
  assert.equal(log(), "0 200, 0 200");
});

test("a request that came by two ways of a fork is served once, and 482 the second time (8.2.2.2)", async () => {
  const { receive, transactions, log } = await openOnPaper();
  receive(theirs("INVITE", "z9hG4bKone"));
  receive(theirs("INVITE", "z9hG4bKtwo"));
  assert.equal(transactions.length, 1);
  assert.equal(log(), "0 482");
});

test("a client of RFC 2543 is understood: its repetitions and its ACK find their INVITE without a branch", async () => {
  const { clock, layer, receive, transactions } = await openOnPaper();
  const old = withHeader(sampleRequest("INVITE"), "Via", "SIP/2.0/UDP 192.0.2.2");
  receive(old);
  receive(old);
  const transaction = only(transactions);
  const refusal = makeResponse(transaction.request, 486, { toTag: transaction.toTag });
  transaction.respond(refusal);
  const ack = withHeader(withHeader(old, "CSeq", "1 ACK"), "To", headerValue(refusal, "To") ?? "");
  receive({ ...ack, method: "ACK" });
  await clock.advance(5_000);
  assert.equal(layer.stats().servers, 0);
});

test("what is not sound is answered without state, with the same tag each time, and never reaches the user", async () => {
  const { layer, receive, transactions, sent } = await openOnPaper();
  const strange = theirs("FROBNICATE");
  receive(strange);
  receive(strange);
  const [first, second] = sent.map(({ message }) => message);
  assert.ok(first?.type === "response" && first.status === 501);
  assert.deepEqual(first, second);
  assert.equal(to(first).params.length, 1);
  assert.equal(transactions.length, 0);
  assert.equal(layer.stats().servers, 0);
});

test("beyond the bound new requests are answered 503, and the ones at work go on", async () => {
  const { clock, layer, receive, transactions, log } = await openOnPaper({ mostServers: 1 });
  receive(theirs("INVITE"));
  receive(withHeader(theirs("OPTIONS", "z9hG4bKtwo"), "Call-ID", "other"));
  assert.equal(log(), "0 503");
  assert.equal(layer.stats().overloaded, 1);
  const transaction = only(transactions);
  transaction.respond(makeResponse(transaction.request, 486));
  await clock.advance(32_000);
  receive(withHeader(theirs("OPTIONS", "z9hG4bKtwo"), "Call-ID", "other"));
  assert.equal(transactions.length, 2);
});

test("a user that fails, or never answers, costs its request a 500", async () => {
  const failing = await openOnPaper({
    onRequest() {
      throw new Error("a bug above");
    },
  });
  failing.receive(theirs("OPTIONS"));
  assert.equal(failing.log(), "0 500");
  const silent = await openOnPaper();
  silent.receive(theirs("OPTIONS"));
  await silent.clock.advance(64_000);
  assert.equal(silent.log(), "32000 500");
  assert.equal(silent.clock.waiting, 0);
});

test("what cannot be written is thrown at once, and leaves nothing behind", async () => {
  const { clock, layer, flow, receive, transactions } = await openOnPaper();
  const injected = withHeader(ours("INVITE"), "Subject", "a\r\nRoute: <sip:evil.test>");
  assert.throws(() => layer.request(injected, flow, listener().handlers), { code: "SIP_UNSERIALIZABLE" });
  receive(theirs("OPTIONS"));
  const transaction = only(transactions);
  const bad = makeResponse(transaction.request, 200, { reason: "OK\nX: y" });
  assert.throws(() => transaction.respond(bad), { code: "SIP_UNSERIALIZABLE" });
  assert.equal(transaction.answered, false);
  await layer.close();
  assert.equal(clock.waiting, 0);
  assert.deepEqual(layer.stats(), { clients: 0, servers: 0, strays: 0, overloaded: 0, unanswered: 0 });
});
