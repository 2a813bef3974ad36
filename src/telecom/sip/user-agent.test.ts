import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { systemClock, VirtualClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { freePort } from "#rig/ports.ts";
import { bodyTypes, type CallEvent, type CallWish, methods, silentTargetMs } from "./dialog/call-state.ts";
import { makeRequest, makeResponse } from "./message/build.ts";
import { paramValue } from "./message/grammar.ts";
import { callId, credentials, from, headerValue, to } from "./message/headers.ts";
import type { Flow, SipRequest, SipResponse } from "./message/message.ts";
import { parse } from "./message/parse.ts";
import { serialize } from "./message/serialize.ts";
import type { ServerTransaction } from "./transaction/server-transaction.ts";
import { openTransactionLayer, type TransactionLayer } from "./transaction/transaction-layer.ts";
import { openUdp } from "./transport/udp.ts";
import { openUserAgent, type UserAgent } from "./user-agent.ts";

const parts = { clock: systemClock, random: secureRandom, log: silentLog };
const sdp =
  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
const body = { contentType: "application/sdp", content: sdp };

/** A trunk on the real transaction layer that does what the test says; what it heard is kept. */
async function trunk(
  t: TestContext,
  onRequest: (call: ServerTransaction, layer: TransactionLayer) => void,
): Promise<{ port: number; heard: SipRequest[]; layer: TransactionLayer }> {
  const heard: SipRequest[] = [];
  const layer: TransactionLayer = await openTransactionLayer({
    listen: { address: "127.0.0.1", port: 0 },
    ...parts,
    abilities: {
      methods: [...methods, "PRACK"],
      extensions: ["timer", "100rel"],
      contentTypes: bodyTypes,
      answerType: "application/sdp",
    },
    onRequest: (call) => {
      heard.push(call.request);
      onRequest(call, layer);
    },
  });
  t.after(() => layer.close());
  return { port: layer.sentBy.port, heard, layer };
}

async function userAgent(t: TestContext): Promise<UserAgent> {
  const agent = await openUserAgent({ address: "127.0.0.1", port: 0, closeWithinMs: 200, ...parts });
  t.after(() => agent.close());
  return agent;
}

function answer(call: ServerTransaction, port: number): void {
  if (call.request.method !== "INVITE") return call.respond(makeResponse(call.request, 200));
  const contact = `sip:far@127.0.0.1:${port}`;
  call.respond(makeResponse(call.request, 200, { toTag: call.toTag, contact, body }));
}

let calls = 0;
const limit = { timeout: 10_000 };

function wishFor(agent: UserAgent, ports: readonly number[], wish: Partial<CallWish> = {}): CallWish {
  const uri = `sip:100@127.0.0.1:${ports[0]}`;
  return {
    callId: `call-${++calls}@127.0.0.1`,
    uri,
    from: { display: undefined, uri: "sip:us@127.0.0.1", params: [{ name: "tag", value: `ours${calls}` }] },
    to: { display: undefined, uri, params: [] },
    contact: `sip:tandem@127.0.0.1:${agent.address.port}`,
    headers: [],
    sdp,
    hosts: ["127.0.0.1"],
    targets: ports.map((port) => ({ transport: "udp", address: "127.0.0.1", port })),
    ...wish,
  };
}

/** Places the call; resolves at its answer or its end. */
function placed(agent: UserAgent, wish: CallWish) {
  const told: CallEvent[] = [];
  const { promise, resolve } = Promise.withResolvers<CallEvent>();
  const over = Promise.withResolvers<CallEvent>();
  const call = agent.place(wish, (event) => {
    told.push(event);
    if (event.type === "over") over.resolve(event);
    if (event.type === "answered" || event.type === "over") resolve(event);
  });
  return { call, told, settled: promise, over: over.promise };
}

test("a trunk that asks for SHA-256 gets it, and checks it itself (RFC 8760)", async (t) => {
  const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
  const { port, heard } = await trunk(t, (call) => {
    const [proof] = credentials(call.request, "Proxy-Authorization");
    if (call.request.method !== "INVITE" || proof !== undefined) return answer(call, port);
    const challenges = ["MD5", "SHA-256", "SHA-512-256"].map((algorithm) => ({
      name: "Proxy-Authenticate",
      value: `Digest realm="trunk", nonce="n-${algorithm}", algorithm=${algorithm}, qop="auth,auth-int"`,
    }));
    call.respond(makeResponse(call.request, 407, { toTag: call.toTag, headers: challenges }));
  });
  const agent = await userAgent(t);
  const wish = wishFor(agent, [port], { credentials: { username: "tandem", password: "secret" } });
  assert.equal((await placed(agent, wish).settled).type, "answered");
  const [proof] = credentials(heard[1] as SipRequest, "Proxy-Authorization");
  const said = (name: string): string => paramValue(proof?.params ?? [], name) ?? "";
  assert.equal(said("algorithm"), "SHA-256");
  const secret = sha("tandem:trunk:secret");
  const expected = sha(`${secret}:n-SHA-256:00000001:${said("cnonce")}:auth:${sha(`INVITE:${wish.uri}`)}`);
  assert.equal(said("response"), expected);
  assert.equal(heard.length, 2);
});

test("503 from the first address leads to the second, with the same Call-ID", async (t) => {
  const dead = await trunk(t, (call) => call.respond(makeResponse(call.request, 503, { toTag: call.toTag })));
  const alive = await trunk(t, (call) => answer(call, alive.port));
  const agent = await userAgent(t);
  const { settled } = placed(agent, wishFor(agent, [dead.port, alive.port]));
  assert.equal((await settled).type, "answered");
  assert.equal(dead.heard.length, 1);
  assert.equal(callId(dead.heard[0] as SipRequest), callId(alive.heard[0] as SipRequest));
});

test(
  "a silent address is left for the next after 4 s, and its late answer is acknowledged and ended",
  limit,
  async (t) => {
    const clock = new VirtualClock();
    const heard: SipRequest[] = [];
    const late = await openPlainUdp(t, (request) => void heard.push(request));
    const until = async (method: string): Promise<SipRequest> => {
      for (;;) {
        const found = heard.find((request) => request.method === method);
        if (found !== undefined) return found;
        await late.received();
      }
    };
    const alive = await trunk(t, (call) => answer(call, alive.port));
    const agent = await openUserAgent({ address: "127.0.0.1", port: 0, ...parts, clock });
    t.after(async () => {
      const closed = agent.close();
      await clock.advance(2_000);
      await closed;
    });
    const { settled, told } = placed(agent, wishFor(agent, [late.port, alive.port]));
    const invite = await until("INVITE");
    assert.equal(alive.heard.length, 0);
    await clock.advance(silentTargetMs);
    assert.equal((await settled).type, "answered");
    const contact = `sip:late@127.0.0.1:${late.port}`;
    late.say(makeResponse(invite, 200, { toTag: "late", contact, body }));
    assert.equal((await until("ACK")).uri, contact);
    assert.equal((await until("BYE")).uri, contact);
    assert.equal(told.length, 1);
  },
);

test("302 to another port of the trunk leads there", async (t) => {
  const second = await trunk(t, (call) => answer(call, second.port));
  const first = await trunk(t, (call) => {
    const contact = `sip:200@127.0.0.1:${second.port}`;
    call.respond(makeResponse(call.request, 302, { toTag: call.toTag, contact }));
  });
  const agent = await userAgent(t);
  assert.equal((await placed(agent, wishFor(agent, [first.port])).settled).type, "answered");
  assert.deepEqual([first.heard.length, second.heard[0]?.uri], [1, `sip:200@127.0.0.1:${second.port}`]);
});

/** A far end that says what the test says, when it says so. */
async function openPlainUdp(t: TestContext, hear: (request: SipRequest) => void, port = 0) {
  let flow: Flow | undefined;
  let wake = (): void => {};
  const udp = await openUdp({
    address: "127.0.0.1",
    port,
    log: silentLog,
    receive(from, octets) {
      const parsed = parse(octets, "datagram");
      assert.ok(parsed.type === "message" && parsed.message.type === "request");
      flow = from;
      hear(parsed.message);
      wake();
    },
  });
  t.after(() => udp.close());
  return {
    port: udp.port,
    received: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      }),
    say(response: SipResponse): void {
      assert.ok(flow !== undefined);
      void udp.send(flow, serialize(response));
    },
  };
}

/** A TCP port where connections are taken, and closed at the first word. */
async function closingPort(t: TestContext, port: number): Promise<number> {
  const server = createServer((socket) => socket.on("error", () => {}).once("data", () => socket.end()));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

test(
  "a trunk that closes its connection without a word leads to the next address at once",
  limit,
  async (t) => {
    const closing = await closingPort(t, 0);
    const alive = await trunk(t, (call) => answer(call, alive.port));
    const agent = await userAgent(t);
    const targets = [closing, alive.port].map(
      (port) => ({ transport: "tcp", address: "127.0.0.1", port }) as const,
    );
    const contact = `sip:tandem@127.0.0.1:${agent.address.port};transport=tcp`;
    const { settled } = placed(agent, wishFor(agent, [closing], { targets, contact }));
    assert.equal((await settled).type, "answered");
  },
);

test("a large INVITE comes by UDP where its TCP connection is taken and closed", limit, async (t) => {
  const port = await freePort();
  await closingPort(t, port);
  const busy = (request: SipRequest): void => {
    if (request.method === "INVITE") udp.say(makeResponse(request, 486, { toTag: "busy" }));
  };
  const udp = await openPlainUdp(t, busy, port);
  const agent = await userAgent(t);
  const headers = [{ name: "X-Tandem-Context", value: "x".repeat(1_200) }];
  const end = await placed(agent, wishFor(agent, [port], { headers })).settled;
  assert.deepEqual(end, { type: "over", end: { type: "rejected", status: 486 } });
});

test("strangers all hear the same, whatever they ask for; OPTIONS is answered", async (t) => {
  const agent = await userAgent(t);
  const stranger = await trunk(t, () => {});
  const flow = stranger.layer.flowTo({ transport: "udp", address: "127.0.0.1", port: agent.address.port });
  const ask = (method: string, user: string): Promise<SipResponse> =>
    new Promise((resolve, reject) => {
      const uri = `sip:${user}@127.0.0.1:${agent.address.port}`;
      const request = makeRequest({
        method,
        uri,
        from: { display: undefined, uri: "sip:x@127.0.0.1", params: [{ name: "tag", value: `t${++calls}` }] },
        to: { display: undefined, uri, params: [] },
        callId: `stranger-${calls}`,
        cseq: 1,
        contact: "sip:x@127.0.0.1",
        ...(method === "INVITE" ? { body } : {}),
      });
      stranger.layer.request(request, flow, {
        onResponse: (response) => {
          if (response.status >= 200) resolve(response);
        },
        onFailure: () => reject(new Error("no answer")),
      });
    });
  const some = await ask("INVITE", "tandem");
  const other = await ask("INVITE", "nobody");
  assert.deepEqual([some.status, some.reason], [403, other.reason]);
  assert.equal(headerValue(some, "Contact"), undefined);
  assert.equal((await ask("BYE", "tandem")).status, 481);
  // Whoever may register has not been told yet (registrar.test.ts).
  assert.equal((await ask("REGISTER", "tandem")).status, 503);
  assert.equal((await ask("REFER", "tandem")).status, 405);
  const able = await ask("OPTIONS", "tandem");
  assert.equal(able.status, 200);
  assert.match(headerValue(able, "Allow") ?? "", /INVITE.*UPDATE/);
  assert.match(headerValue(able, "Accept") ?? "", /application\/sdp/);
  assert.match(headerValue(able, "Supported") ?? "", /timer/);
});

test("a call that is over leaves nothing behind once its echoes are past", { timeout: 5_000 }, async (t) => {
  const { port } = await trunk(t, (call) =>
    call.respond(makeResponse(call.request, 486, { toTag: call.toTag })),
  );
  const agent = await userAgent(t);
  const { settled } = placed(agent, wishFor(agent, [port]));
  assert.deepEqual(await settled, { type: "over", end: { type: "rejected", status: 486 } });
  while (agent.stats().calls > 0) await new Promise((resolve) => setImmediate(resolve));
});

test("a Contact that leads nowhere costs that call its end, nothing more", async (t) => {
  const { port } = await trunk(t, (call) => {
    if (call.request.method !== "INVITE") return answer(call, port);
    const contact = "sip:far@no-such-host.invalid";
    call.respond(makeResponse(call.request, 200, { toTag: call.toTag, contact, body }));
  });
  const other = await trunk(t, (call) => answer(call, other.port));
  const agent = await userAgent(t);
  const lost = placed(agent, wishFor(agent, [port]));
  assert.equal((await lost.settled).type, "answered");
  lost.call.say({ type: "hang-up", headers: [] });
  assert.equal((await placed(agent, wishFor(agent, [other.port])).settled).type, "answered");
});

test("a gateway that carries ISUP beside its session description is answered to, and its BYE ends the call", async (t) => {
  const isup = { name: "Content-Disposition", value: "signal;handling=required" };
  const { port, layer } = await trunk(t, (call) => {
    if (call.request.method !== "INVITE") return answer(call, port);
    const contact = `sip:far@127.0.0.1:${port}`;
    const content = `--b\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n--b\r\nContent-Type: application/isup\r\n\r\nx\r\n--b--`;
    const both = { contentType: "multipart/mixed;boundary=b", content };
    call.respond(makeResponse(call.request, 200, { toTag: call.toTag, contact, body: both }));
    const bye = makeRequest({
      method: "BYE",
      uri: `sip:tandem@127.0.0.1:${agent.address.port}`,
      from: { ...to(call.request), params: [{ name: "tag", value: call.toTag }] },
      to: from(call.request),
      callId: callId(call.request),
      cseq: 1,
      headers: [isup],
      body: { contentType: "application/isup", content: "x" },
    });
    const flow = layer.flowTo({ transport: "udp", address: "127.0.0.1", port: agent.address.port });
    layer.request(bye, flow, { onResponse: () => {}, onFailure: () => {} });
  });
  const agent = await userAgent(t);
  const call = placed(agent, wishFor(agent, [port]));
  assert.equal((await call.settled).type, "answered");
  assert.deepEqual(await call.over, { type: "over", end: { type: "hung-up-by-far-end" } });
});

test("a value that may not go to the wire ends the call before it goes", async (t) => {
  const { port, heard } = await trunk(t, (call) => answer(call, port));
  const agent = await userAgent(t);
  const headers = [{ name: "X-Tandem-Context", value: "ref=1\r\nX-Injected: yes" }];
  const end = await placed(agent, wishFor(agent, [port], { headers })).settled;
  assert.equal(end.type, "over");
  assert.equal(heard.length, 0);
});
