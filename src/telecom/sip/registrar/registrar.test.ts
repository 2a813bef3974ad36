import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type TestContext, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { PhoneName } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { parsedChallenge } from "../auth/challenge.ts";
import { digestAnswer } from "../auth/digest.ts";
import { bodyTypes, type CallEvent, methods } from "../dialog/call-state.ts";
import { makeRequest, makeResponse } from "../message/build.ts";
import { contacts, headerValue, headerValues, routes, to } from "../message/headers.ts";
import type { HeaderLine, SipRequest, SipResponse } from "../message/message.ts";
import { openTransactionLayer } from "../transaction/transaction-layer.ts";
import { targetOver } from "../locate.ts";
import { openUserAgent, type UserAgent } from "../user-agent.ts";

const parts = { clock: systemClock, random: secureRandom, log: silentLog };
const bob = "bob.bank" as PhoneName;
const password = "correct horse";
const limit = { timeout: 10_000 };
const sdp =
  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";

function hash(algorithm: string, name: string): string {
  return createHash(algorithm).update(`${name}:tandem:${password}`).digest("hex");
}

function admit(agent: UserAgent, edition: string, ...names: readonly string[]): void {
  const phones = names.map((name) => ({
    phone: name as PhoneName,
    digest: { md5: hash("md5", name), sha256: hash("sha256", name) },
  }));
  agent.phones.admit({ type: "admit-phones", edition, part: 1, parts: 1, phones });
}

async function registrar(t: TestContext): Promise<UserAgent> {
  const agent = await openUserAgent({ address: "127.0.0.1", port: 0, closeWithinMs: 200, ...parts });
  t.after(() => agent.close());
  admit(agent, "one", bob, "carol.bank");
  return agent;
}

interface Register {
  readonly as?: string;
  readonly password?: string;
  readonly to?: string;
  readonly contact?: string;
  readonly headers?: readonly HeaderLine[];
  readonly proof?: HeaderLine;
}

/** A telephone: a transaction layer that registers and keeps what it is asked. */
async function phone(t: TestContext, agent: UserAgent, transport: "udp" | "tcp" = "udp") {
  const heard: SipRequest[] = [];
  const layer = await openTransactionLayer({
    listen: { address: "127.0.0.1", port: 0 },
    ...parts,
    abilities: { methods, extensions: ["timer"], contentTypes: bodyTypes, answerType: "application/sdp" },
    onRequest(asked) {
      heard.push(asked.request);
      const contact = "sip:bob@10.0.0.1:9";
      const body = { contentType: "application/sdp", content: sdp };
      asked.respond(makeResponse(asked.request, 200, { toTag: asked.toTag, contact, body }));
    },
  });
  t.after(() => layer.close());
  const flow = layer.flowTo({ transport, address: "127.0.0.1", port: agent.address.port });
  let cseq = 0;
  const asks = ({ as = bob, to: of = as, contact, headers = [], proof }: Register): Promise<SipResponse> => {
    const address = { display: undefined, uri: `sip:${of}@127.0.0.1`, params: [] };
    const request = makeRequest({
      method: "REGISTER",
      uri: "sip:127.0.0.1",
      from: { ...address, params: [{ name: "tag", value: "1" }] },
      to: address,
      callId: `register-${layer.sentBy.port}`,
      cseq: ++cseq,
      headers: [
        ...(contact === undefined ? [] : [{ name: "Contact", value: contact }]),
        ...headers,
        ...(proof === undefined ? [] : [proof]),
      ],
    });
    return new Promise((resolve, reject) => {
      layer.request(request, flow, {
        onResponse: resolve,
        onFailure: (status) => reject(new Error(`${status}`)),
      });
    });
  };
  const proofFor = (challenged: SipResponse, wish: Register, nonceCount = 1, at = 0): HeaderLine => {
    const challenge = parsedChallenge(headerValues(challenged, "WWW-Authenticate")[at] ?? "");
    assert.ok(challenge !== undefined);
    const value = digestAnswer({
      challenge,
      credentials: { username: wish.as ?? bob, password: wish.password ?? password },
      request: { method: "REGISTER", uri: "sip:127.0.0.1", body: new Uint8Array() },
      nonceCount,
      cnonce: "abc",
    });
    return { name: "Authorization", value };
  };
  return {
    asks,
    proofFor,
    heard,
    port: layer.sentBy.port,
    close: () => layer.close(),
    /** Asks, is challenged, and proves. */
    async registers(wish: Register = {}, at = 0): Promise<SipResponse> {
      const contact = wish.contact ?? `<sip:bob@10.0.0.1:9>;expires=600`;
      const challenged = await asks({ ...wish, contact });
      assert.equal(challenged.status, 401);
      return asks({ ...wish, contact, proof: proofFor(challenged, wish, 1, at) });
    },
  };
}

test("both hashes are offered, the strongest first, and each lets the phone in", limit, async (t) => {
  const agent = await registrar(t);
  const telephone = await phone(t, agent);
  const challenged = await telephone.asks({ contact: "<sip:bob@10.0.0.1>" });
  assert.equal(challenged.status, 401);
  assert.deepEqual(
    headerValues(challenged, "WWW-Authenticate").map((value) => parsedChallenge(value)?.algorithm),
    ["SHA-256", "MD5"],
  );
  for (const at of [0, 1]) assert.equal((await telephone.registers({}, at)).status, 200);
  const [only, ...others] = agent.phones.places(bob);
  assert.equal(only?.uri, "sip:bob@10.0.0.1:9");
  assert.equal(others.length, 0);
});

test("a nonce lets in once for each count; what was heard on the wire lets nobody in", limit, async (t) => {
  const agent = await registrar(t);
  const telephone = await phone(t, agent);
  const challenged = await telephone.asks({});
  const proof = telephone.proofFor(challenged, {});
  assert.equal((await telephone.asks({ proof })).status, 200);
  const replayed = await telephone.asks({ proof });
  assert.equal(replayed.status, 401);
  assert.ok(headerValues(replayed, "WWW-Authenticate").every((value) => value.endsWith("stale=true")));
  assert.equal((await telephone.asks({ proof: telephone.proofFor(challenged, {}, 2) })).status, 200);
});

test(
  "an unknown name is answered as a wrong password is, and so is guessing it on and on",
  limit,
  async (t) => {
    const answers = [];
    for (const as of [bob, "nobody.bank"]) {
      const agent = await registrar(t);
      const telephone = await phone(t, agent);
      const heard: string[] = [];
      for (let n = 0; n < 12; n++) {
        const answer = await telephone.registers({ as, password: `guess ${n}` });
        heard.push(`${answer.status} ${answer.reason} ${headerValue(answer, "Retry-After") ?? ""}`);
      }
      assert.deepEqual(agent.phones.places(as as PhoneName), []);
      answers.push(heard);
    }
    const [wrong, unknown] = answers;
    assert.deepEqual(wrong, unknown);
    assert.deepEqual(wrong?.slice(9), [
      "403 Forbidden ",
      "403 Too Many Wrong Passwords 6",
      "403 Too Many Wrong Passwords 6",
    ]);
  },
);

test("an account under attack lets its own phone in where that is registered", limit, async (t) => {
  const agent = await registrar(t);
  const telephone = await phone(t, agent);
  await telephone.registers();
  const thief = await phone(t, agent);
  for (let n = 0; n < 5; n++) await thief.registers({ password: "guess" });
  assert.equal((await telephone.registers()).status, 200);
});

test("a phone speaks for itself alone, and proves what it asks", limit, async (t) => {
  const agent = await registrar(t);
  const telephone = await phone(t, agent);
  assert.equal((await telephone.registers({ to: "carol.bank" })).status, 403);
  assert.deepEqual(agent.phones.places("carol.bank" as PhoneName), []);
  const challenged = await telephone.asks({});
  const { name, value } = telephone.proofFor(challenged, {});
  const without = { name, value: value.replace(/, qop=auth, nc=\w+/, "") };
  assert.equal((await telephone.asks({ proof: without })).status, 403);
  const elsewhere = { name, value: value.replace('uri="sip:127.0.0.1"', 'uri="sip:192.0.2.1"') };
  assert.equal((await telephone.asks({ proof: elsewhere })).status, 403);
});

test("what a REGISTER may not ask for is refused by name", limit, async (t) => {
  const telephone = await phone(t, await registrar(t));
  const asks = async (contact: string, ...headers: HeaderLine[]) => telephone.registers({ contact, headers });
  const brief = await asks("<sip:b@h>;expires=30");
  assert.deepEqual([brief.status, headerValue(brief, "Min-Expires")], [423, "60"]);
  assert.equal((await asks("*")).status, 400);
  assert.equal((await asks("<mailto:bob@bank.example>")).status, 400);
  const eleven = Array.from({ length: 11 }, (_, n) => `<sip:b${n}@h>`).join(", ");
  assert.equal((await asks(eleven)).status, 403);
  assert.equal((await asks("<sip:b@h>", { name: "Path", value: "<http://edge.example>" })).status, 400);
  const long = await asks("<sip:b@h>;expires=99999999");
  assert.match(headerValues(long, "Contact").join(), /;expires=3600/);
  assert.equal((await asks("*", { name: "Expires", value: "0" })).status, 200);
});

test("before anybody has said who may register nobody's password is wrong", limit, async (t) => {
  const agent = await openUserAgent({ address: "127.0.0.1", port: 0, ...parts });
  t.after(() => agent.close());
  const telephone = await phone(t, agent);
  const answer = await telephone.asks({ contact: "<sip:bob@10.0.0.1>" });
  assert.deepEqual([answer.status, headerValue(answer, "Retry-After")], [503, "5"]);
});

test("a phone that may not register any more is rung no longer", limit, async (t) => {
  const agent = await registrar(t);
  await (await phone(t, agent)).registers();
  admit(agent, "two", "carol.bank");
  assert.deepEqual(agent.phones.places(bob), []);
});

test("a guest registers while a leg wants it, is told of, and is nobody afterwards", limit, async (t) => {
  const agent = await registrar(t);
  const visitor = "visitor.bank" as PhoneName;
  const digest = { md5: hash("md5", visitor) };
  const telephone = await phone(t, agent);
  const registers = async () => (await telephone.registers({ as: visitor }, 1)).status;
  assert.equal(await registers(), 403);
  let came = 0;
  const unwatch = agent.phones.watch(visitor, () => (came += 1));
  assert.ok(agent.phones.admitGuest(visitor, digest));
  assert.ok(agent.phones.admitGuest(visitor, digest), "a second leg of the same");
  assert.ok(!agent.phones.admitGuest(visitor, { md5: hash("md5", bob) }), "another password");
  assert.ok(!agent.phones.admitGuest(bob, digest), "somebody's own name");
  assert.deepEqual([await registers(), came], [200, 1]);
  assert.deepEqual([await registers(), came], [200, 1], "no news");
  agent.phones.dismissGuest(visitor);
  assert.equal(agent.phones.places(visitor).length, 1);
  agent.phones.dismissGuest(visitor);
  assert.equal(agent.phones.places(visitor).length, 0);
  assert.equal(await registers(), 403);
  unwatch();
});

for (const transport of ["udp", "tcp"] as const) {
  test(
    `over ${transport} a call goes where the REGISTER came from, by its Path, to the end`,
    limit,
    async (t) => {
      const agent = await registrar(t);
      const telephone = await phone(t, agent, transport);
      // An address behind a NAT, where nobody is.
      const path = [{ name: "Path", value: "<sip:edge.example;lr>, <sip:inner.example;lr>" }];
      const answer = await telephone.registers({ contact: "<sip:bob@10.0.0.1:9;x=y?a=b>", headers: path });
      assert.equal(answer.status, 200);
      assert.match(
        headerValues(answer, "Contact").join(),
        transport === "tcp" ? /expires=540/ : /expires=3600/,
      );
      const [place] = agent.phones.places(bob);
      assert.ok(place !== undefined);
      const told = Promise.withResolvers<CallEvent>();
      const over = Promise.withResolvers<void>();
      const call = agent.placeForked(
        [
          {
            callId: "call@127.0.0.1",
            uri: place.uri,
            from: { display: undefined, uri: "sip:us@127.0.0.1", params: [{ name: "tag", value: "us" }] },
            to: { display: undefined, uri: "sip:7001@127.0.0.1", params: [] },
            contact: `sip:tandem@127.0.0.1:${agent.address.port}`,
            headers: [{ name: "X-Long", value: "x".repeat(1_400) }],
            routes: place.routes,
            sdp,
            hosts: [],
            targets: [targetOver(place.flow)],
          },
        ],
        (event) => (event.type === "answered" ? told.resolve(event) : over.resolve()),
      );
      assert.equal((await told.promise).type, "answered");
      const [invite] = telephone.heard;
      assert.ok(invite !== undefined);
      assert.equal(invite.uri, "sip:bob@10.0.0.1:9;x=y");
      assert.equal(to(invite).uri, "sip:7001@127.0.0.1");
      assert.deepEqual(
        routes(invite)?.map(({ uri }) => uri),
        ["sip:edge.example;lr", "sip:inner.example;lr"],
      );
      assert.match(
        headerValue(invite, "Via") ?? "",
        transport === "tcp" ? /TCP/ : /UDP/,
        "also when it is long",
      );
      call.say({ type: "hang-up", headers: [] });
      // The phone's Contact names an address where nobody is; the BYE finds it all the same.
      while (telephone.heard.at(-1)?.method !== "BYE") await new Promise(setImmediate);
    },
  );
}

test("outbound over a connection: the flow's end is the registration's end", limit, async (t) => {
  const agent = await registrar(t);
  const telephone = await phone(t, agent, "tcp");
  const contact = '<sip:bob@10.0.0.1;ob>;reg-id=1;+sip.instance="<urn:uuid:1>"';
  const headers = [{ name: "Supported", value: "path, outbound" }];
  const answer = await telephone.registers({ contact, headers });
  assert.equal(headerValue(answer, "Require"), "outbound");
  assert.equal(contacts(answer)?.length, 1);
  assert.equal(agent.phones.places(bob).length, 1);
  await telephone.close();
  while (agent.phones.places(bob).length > 0) await new Promise(setImmediate);
});
