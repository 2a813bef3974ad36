import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import type { CallEvent } from "#telecom/sip/dialog/call-state.ts";
import { makeResponse } from "#telecom/sip/message/build.ts";
import { headerValues } from "#telecom/sip/message/headers.ts";
import type { HeaderLine, SipRequest } from "#telecom/sip/message/message.ts";
import { serialize } from "#telecom/sip/message/serialize.ts";
import type { ServerTransaction } from "#telecom/sip/transaction/server-transaction.ts";
import { openTransactionLayer } from "#telecom/sip/transaction/transaction-layer.ts";
import { openUserAgent } from "#telecom/sip/user-agent.ts";

const parts = { clock: systemClock, random: secureRandom, log: silentLog };
const trunkAddress = "127.0.0.1";
const rogueAddress = "127.66.0.66";
const sdp =
  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
const body = { contentType: "application/sdp", content: sdp };
const variants = challenges();

test("a telephone behind the trunk that challenges our BYE, in every way there is, never gets an answer", async (t) => {
  const rogue = await openFarEnd(t, rogueAddress, (call, n) => {
    const { status, header } = variants[n % variants.length] ?? assert.fail();
    call.respond(makeResponse(call.request, status, { toTag: call.toTag, headers: [header] }));
  });
  let invites = 0;
  // Every second call the trunk asks for the password itself first, so that there is an answer to leak.
  const trunk = await openFarEnd(t, trunkAddress, (call) => {
    const asked = proofs(call.request).length > 0 || invites++ % 2 === 0;
    const challenge = { name: "Proxy-Authenticate", value: 'Digest realm="trunk", nonce="n", qop="auth"' };
    if (!asked)
      return call.respond(makeResponse(call.request, 407, { toTag: call.toTag, headers: [challenge] }));
    const contact = `sip:telephone@${rogueAddress}:${rogue.port}`;
    call.respond(makeResponse(call.request, 200, { toTag: call.toTag, contact, body }));
  });
  const agent = await openAgent(t);
  for (let count = 0; count < variants.length; count++) {
    const { call, answered } = place(agent, trunk.port);
    await answered;
    const bye = rogue.next("BYE");
    call.say({ type: "hang-up", headers: [] });
    await bye;
  }
  // A BYE with an answer would have come behind its challenge; the last call's comes before this one's.
  assert.equal(rogue.heard.filter(({ method }) => method === "BYE").length, variants.length);
  assert.deepEqual(rogue.heard.flatMap(proofs), []);
  assert.ok(trunk.heard.flatMap(proofs).length >= variants.length / 4, "the trunk itself was answered");
});

test("a challenge from an address that was not asked is answered to nobody, though it knows the branch", async (t) => {
  const rogue = createSocket("udp4");
  rogue.bind(0, rogueAddress);
  await once(rogue, "listening");
  t.after(() => rogue.close());
  let at = 0;
  const trunk = await openFarEnd(t, trunkAddress, (call) => {
    const { status, header } = variants[at++] ?? assert.fail();
    const forged = serialize(makeResponse(call.request, status, { toTag: "rogue", headers: [header] }));
    // The trunk's own refusal follows when the forged one is on its way: a second INVITE would come before the call's end.
    rogue.send(forged, agent.address.port, "127.0.0.1", () =>
      call.respond(makeResponse(call.request, 486, { toTag: call.toTag })),
    );
  });
  const agent = await openAgent(t);
  for (let count = 0; count < variants.length; count++) {
    const end = await place(agent, trunk.port).answered;
    assert.deepEqual(end, { type: "over", end: { type: "rejected", status: 486 } });
  }
  assert.equal(trunk.heard.length, variants.length);
  assert.deepEqual(trunk.heard.flatMap(proofs), []);
});

/** 500 challenges: both statuses, algorithms, realms, qops, stale or not, and spellings that a lenient reader takes. */
function challenges(): readonly { readonly status: 401 | 407; readonly header: HeaderLine }[] {
  const schemes = ["Digest", "digest"];
  const algorithms = [
    "",
    ", algorithm=MD5",
    ", algorithm=MD5-sess",
    ", algorithm=SHA-256",
    ", algorithm=sha-256-sess",
  ];
  const realms = ["trunk", "127.0.0.1", "", "rogue", 'q\\"x'];
  const qops = ["", ', qop="auth"', ", qop=auth", ', qop="auth,auth-int"', ', qop="auth-int", stale=true'];
  return ([401, 407] as const).flatMap((status) =>
    schemes.flatMap((scheme) =>
      algorithms.flatMap((algorithm) =>
        realms.flatMap((realm) =>
          qops.map((qop) => ({
            status,
            header: {
              name: status === 401 ? "WWW-Authenticate" : "Proxy-Authenticate",
              value: `${scheme} realm="${realm}", nonce="rogue"${algorithm}${qop}`,
            },
          })),
        ),
      ),
    ),
  );
}

function proofs(request: SipRequest): readonly string[] {
  return [...headerValues(request, "Authorization"), ...headerValues(request, "Proxy-Authorization")];
}

async function openAgent(t: TestContext) {
  const agent = await openUserAgent({ address: "127.0.0.1", port: 0, closeWithinMs: 200, ...parts });
  t.after(() => agent.close());
  return agent;
}

let calls = 0;

function place(agent: Awaited<ReturnType<typeof openAgent>>, port: number) {
  const uri = `sip:100@${trunkAddress}:${port}`;
  const { promise: answered, resolve } = Promise.withResolvers<CallEvent>();
  const call = agent.place(
    {
      callId: `leak-${++calls}@127.0.0.1`,
      uri,
      from: { display: undefined, uri: "sip:us@127.0.0.1", params: [{ name: "tag", value: `ours${calls}` }] },
      to: { display: undefined, uri, params: [] },
      contact: `sip:tandem@127.0.0.1:${agent.address.port}`,
      headers: [],
      sdp,
      credentials: { username: "tandem", password: "secret" },
      hosts: [trunkAddress],
      targets: [{ transport: "udp", address: trunkAddress, port }],
    },
    (event) => {
      if (event.type === "answered" || event.type === "over") resolve(event);
    },
  );
  return { call, answered };
}

/** A far end that keeps what it heard; `answer` is told how many requests came before. */
async function openFarEnd(
  t: TestContext,
  address: string,
  answer: (call: ServerTransaction, n: number) => void,
) {
  const heard: SipRequest[] = [];
  let told: (request: SipRequest) => void = () => {};
  const layer = await openTransactionLayer({
    listen: { address, port: 0 },
    ...parts,
    abilities: {
      methods: ["INVITE", "ACK", "BYE", "CANCEL"],
      extensions: ["timer", "100rel"],
      contentTypes: ["application/sdp"],
      answerType: "application/sdp",
    },
    onRequest(call) {
      heard.push(call.request);
      answer(call, heard.length - 1);
      told(call.request);
    },
  });
  t.after(() => layer.close());
  return {
    port: layer.sentBy.port,
    heard,
    next: (method: string) =>
      new Promise<void>((resolve) => {
        told = (request) => {
          if (request.method === method) resolve();
        };
      }),
  };
}
