import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { makeResponse, withHeader, withoutHeader, withTopHeader } from "../message/build.ts";
import { cseq, headerValue, to, topVia } from "../message/headers.ts";
import type { Flow, SipMessage, SipRequest, SipResponse } from "../message/message.ts";
import { serialize } from "../message/serialize.ts";
import type { SendOutcome, Transport, TransportOptions } from "../transport/transport.ts";
import type { ServerTransaction } from "./server-transaction.ts";
import { type LayerOptions, openTransactionLayer } from "./transaction-layer.ts";
import { sampleRequest } from "./transition-table.ts";

/** A layer on a network of paper: what it sends is noted with its moment, what it is to receive is handed in. */
async function openOnPaper(more: Partial<LayerOptions> = {}) {
  const clock = new VirtualClock();
  const startMs = clock.now();
  const sent: { atMs: number; flow: Flow; message: SipMessage }[] = [];
  const transactions: ServerTransaction[] = [];
  let outcome: SendOutcome = { type: "sent" };
  let hand: TransportOptions["onMessage"] = () => {};
  const flow: Flow = {
    transport: "udp",
    localAddress: "192.0.2.1",
    localPort: 5060,
    remoteAddress: "192.0.2.2",
    remotePort: 5060,
  };
  const openTransport = async (options: TransportOptions): Promise<Transport> => {
    hand = options.onMessage;
    return {
      sentBy: { host: "192.0.2.1", port: 5060 },
      flowTo: () => flow,
      flowFor: (request, wanted) =>
        serialize(request).length > 1_000 && wanted.transport === "udp"
          ? { ...wanted, transport: "tcp" }
          : wanted,
      async send(way, message) {
        sent.push({ atMs: clock.now() - startMs, flow: way, message });
        return way.transport === "tcp" && tcpRefused ? { type: "failed", why: "refused" } : outcome;
      },
      endFlow: () => {},
      stats: () => ({ messages: 0, refused: 0, dropped: 0, connections: 0 }),
      close: async () => {},
    };
  };
  let tcpRefused = false;
  const layer = await openTransactionLayer({
    listen: { address: "192.0.2.1", port: 5060 },
    clock,
    random: seededRandom("transactions"),
    log: silentLog,
    abilities: {
      methods: ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"],
      extensions: [],
      contentTypes: ["application/sdp"],
      answerType: "application/sdp",
    },
    openTransport,
    onRequest: (transaction) => void transactions.push(transaction),
    ...more,
  });
  return {
    clock,
    layer,
    flow,
    sent,
    transactions,
    receive: (message: SipMessage) => hand(flow, message),
    fail: () => {
      outcome = { type: "failed", why: "unreachable" };
    },
    refuseTcp: () => {
      tcpRefused = true;
    },
    /** `0 INVITE, 500 INVITE`, and forgets it. */
    log: () =>
      sent
        .splice(0)
        .map(({ atMs, message }) => `${atMs} ${message.type === "request" ? message.method : message.status}`)
        .join(", "),
  };
}

/** What a client's user hears, as text. */
function listener() {
  const heard: string[] = [];
  return {
    heard,
    handlers: {
      onResponse: (response: SipResponse) => void heard.push(String(response.status)),
      onFailure: (status: number) => void heard.push(`failure ${status}`),
    },
  };
}

const ours = (method: string): SipRequest => withoutHeader(sampleRequest(method), "Via");

function theirs(method: string, branch = "z9hG4bKtheirs"): SipRequest {
  return withHeader(sampleRequest(method), "Via", `SIP/2.0/UDP 192.0.2.2;branch=${branch}`);
}

function only<T>(items: readonly T[]): T {
  assert.equal(items.length, 1);
  const [item] = items;
  assert.ok(item !== undefined);
  return item;
}

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
  assert.deepEqual(layer.stats(), { clients: 0, servers: 0, strays: 0, overloaded: 0 });
});
