import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom, seededRandom } from "#base/random.ts";
import { installed } from "#rig/processes.ts";
import { startSipp } from "#rig/sipp.ts";
import { makeRequest, makeResponse, taggedAddress } from "#telecom/sip/message/build.ts";
import { parseNameAddress, to } from "#telecom/sip/message/headers.ts";
import type { SipResponse } from "#telecom/sip/message/message.ts";
import type { ServerTransaction } from "#telecom/sip/transaction/server-transaction.ts";
import type { Timing } from "#telecom/sip/transaction/timing.ts";
import { openTransactionLayer, type TransactionLayer } from "#telecom/sip/transaction/transaction-layer.ts";
import { openTransport } from "#telecom/sip/transport/transport.ts";

/** Our layers on a free port, with a user of a few lines. */
async function openUser(
  t: TestContext,
  onRequest: (transaction: ServerTransaction) => void = () => {},
  {
    open = openTransport,
    timing,
  }: { readonly open?: typeof openTransport; readonly timing?: Timing | undefined } = {},
) {
  const layer = await openTransactionLayer({
    listen: { address: "127.0.0.1", port: 0 },
    clock: systemClock,
    random: secureRandom,
    log: silentLog,
    ...(timing === undefined ? {} : { timing }),
    abilities: {
      methods: ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"],
      extensions: [],
      contentTypes: ["application/sdp"],
      answerType: "application/sdp",
    },
    openTransport: open,
    onRequest,
  });
  t.after(() => layer.close());
  return layer;
}

/** Rings, answers, and says goodbye to who says it. */
function answerEverything({ sentBy }: { readonly sentBy: { readonly host: string; readonly port: number } }) {
  return (transaction: ServerTransaction): void => {
    const { request, toTag } = transaction;
    const contact = `sip:${sentBy.host}:${sentBy.port}`;
    if (request.method === "INVITE") transaction.respond(makeResponse(request, 180, { toTag, contact }));
    transaction.respond(makeResponse(request, 200, { toTag, contact }));
  };
}

/** One call from INVITE to the answer of its BYE; resolves with the final statuses of both. */
async function call(
  layer: TransactionLayer,
  target: { transport: "udp" | "tcp"; port: number },
  number: number,
) {
  const flow = layer.flowTo({ transport: target.transport, address: "127.0.0.1", port: target.port });
  const uri = `sip:service@127.0.0.1:${target.port}`;
  const [caller, callee] = [parseNameAddress("<sip:tandem@127.0.0.1>"), parseNameAddress(`<${uri}>`)];
  assert.ok(caller !== undefined && callee !== undefined);
  const wish = { uri, from: taggedAddress(caller, `t${number}`), callId: `${number}@tandem` };
  const contact = `sip:${layer.sentBy.host}:${layer.sentBy.port}`;

  const answer = await new Promise<SipResponse | number>((resolve) => {
    const invite = makeRequest({ ...wish, method: "INVITE", to: callee, cseq: 1, contact });
    layer.request(invite, flow, {
      onResponse(response) {
        if (response.status >= 200) resolve(response);
        // Each 2xx again means that the ACK was lost.
        if (response.status >= 200 && response.status < 300) {
          layer.acknowledge(makeRequest({ ...wish, method: "ACK", to: to(response), cseq: 1 }), flow);
        }
      },
      onFailure: resolve,
    });
  });
  if (typeof answer === "number") return `INVITE ${answer}`;
  const ended = await new Promise<number>((resolve) => {
    const bye = makeRequest({ ...wish, method: "BYE", to: to(answer), cseq: 2 });
    layer.request(bye, flow, { onResponse: ({ status }) => resolve(status), onFailure: resolve });
  });
  return `INVITE ${answer.status}, BYE ${ended}`;
}

for (const transport of ["udp", "tcp"] as const) {
  test(`sipp calls us over ${transport}, and every call is answered and ended`, async (t) => {
    if (!installed("sipp")) return t.skip("no sipp");
    let answer: (transaction: ServerTransaction) => void = () => {};
    const layer = await openUser(t, (transaction) => answer(transaction));
    answer = answerEverything(layer);
    await using sipp = await startSipp({
      scenario: { builtIn: "uac" },
      target: `127.0.0.1:${layer.sentBy.port}`,
      calls: 50,
      callsPerSecond: 50,
      transport,
    });
    const { successful, failed, unexpected } = await sipp.result();
    assert.deepEqual({ successful, failed, unexpected }, { successful: 50, failed: 0, unexpected: "" });
    assert.equal(layer.stats().strays, 0);
  });

  test(`we call sipp over ${transport}, and every call is answered and ended`, async (t) => {
    if (!installed("sipp")) return t.skip("no sipp");
    const layer = await openUser(t);
    await using sipp = await startSipp({ scenario: { builtIn: "uas" }, transport });
    const calls = Array.from({ length: 50 }, (_, number) =>
      call(layer, { transport, port: sipp.port }, number),
    );
    assert.deepEqual(new Set(await Promise.all(calls)), new Set(["INVITE 200, BYE 200"]));
    assert.equal(layer.stats().strays, 0);
  });
}

// A tenth of the RFC's times, so that what is lost costs little. Not with sipp, whose stock scenarios take a repeated INVITE for an error and give the call up.
test("a fifth of the packets between two of us are lost, and every call still stands and ends", async (t) => {
  let lost = 0;
  const random = seededRandom("a fifth is lost");
  // Real sockets, behind a network that loses.
  const openLossy: typeof openTransport = async (options) => {
    const transport = await openTransport(options);
    return {
      ...transport,
      send(flow, message) {
        if (random.integer(5) !== 0) return transport.send(flow, message);
        lost++;
        return Promise.resolve({ type: "sent" });
      },
    };
  };
  let answer: (transaction: ServerTransaction) => void = () => {};
  const lossy = { open: openLossy, timing: { t1Ms: 50, t2Ms: 400, t4Ms: 500 } };
  const callee = await openUser(t, (transaction) => answer(transaction), lossy);
  answer = answerEverything(callee);
  const caller = await openUser(t, () => {}, lossy);
  const target = { transport: "udp", port: callee.sentBy.port } as const;
  const calls = Array.from({ length: 100 }, (_, number) => call(caller, target, number));
  assert.deepEqual(new Set(await Promise.all(calls)), new Set(["INVITE 200, BYE 200"]));
  assert.ok(lost > 50, `${lost} were lost`);
});

test("nobody listens: TCP fails as 503 at once", async (t) => {
  const layer = await openUser(t);
  const other = await openUser(t);
  const { port } = other.sentBy;
  await other.close();
  assert.equal(await call(layer, { transport: "tcp", port }, 1), "INVITE 503");
});
