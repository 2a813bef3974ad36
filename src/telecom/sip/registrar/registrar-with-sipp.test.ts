/** Registrations by sipp, which nobody here wrote. Its digest knows MD5 alone, so that is what is offered. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { PhoneName } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { installed } from "#rig/processes.ts";
import { startSipp } from "#rig/sipp.ts";
import { openUserAgent, type UserAgent } from "../user-agent.ts";

const password = "correct-horse-battery";
let agent: UserAgent;
let names = 0;

before(async () => {
  const parts = { clock: systemClock, random: secureRandom, log: silentLog };
  agent = await openUserAgent({ address: "127.0.0.1", port: 0, phoneHashes: ["MD5"], ...parts });
});

after(() => agent.close());

/** A phone of its own for each test. */
function admitted(): PhoneName {
  const phone = `bob${++names}.bank` as PhoneName;
  const md5 = createHash("md5").update(`${phone}:tandem:${password}`).digest("hex");
  const phones = [{ phone, digest: { md5 } }];
  agent.phones.admit({ type: "admit-phones", edition: phone, part: 1, parts: 1, phones });
  return phone;
}

interface Register {
  readonly cseq: number;
  readonly headers?: readonly string[];
  /** sipp computes it from the last challenge. */
  readonly password?: string;
}

function sends(phone: string, { cseq, headers = [], password: said }: Register): string {
  const proof = said === undefined ? [] : [`[authentication username=${phone} password=${said}]`];
  return `<send><![CDATA[

REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:${phone}@[remote_ip]>;tag=[pid]
To: <sip:${phone}@[remote_ip]>
Call-ID: [call_id]
${[`CSeq: ${cseq} REGISTER`, ...headers, ...proof].join("\n")}
Content-Length: 0

]]></send>`;
}

const contact = "Contact: <sip:bob@[local_ip]:[local_port];transport=[transport]>;expires=600";
const challenged = '<recv response="401" auth="true"></recv>';
const answers = (status: number): string => `<recv response="${status}"></recv>`;

/** Runs the acts, once; gives all that was sent and received. */
async function plays(transport: "udp" | "tcp", ...acts: readonly string[]): Promise<string> {
  const xml = `<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="phone">\n${acts.join("\n")}\n</scenario>\n`;
  const target = `127.0.0.1:${agent.address.port}`;
  await using sipp = await startSipp({ scenario: { xml }, target, calls: 1, transport });
  const result = await sipp.result();
  assert.equal(result.successful, 1, `${result.unexpected}\n${sipp.trace()}`);
  return sipp.trace();
}

const limit = { timeout: 60_000, skip: installed("sipp") ? false : "no sipp" };

for (const transport of ["udp", "tcp"] as const) {
  test(`over ${transport} sipp registers by digest, and is told its place`, limit, async () => {
    const phone = admitted();
    const wire = await plays(
      transport,
      sends(phone, { cseq: 1, headers: [contact] }),
      challenged,
      sends(phone, { cseq: 2, headers: [contact], password }),
      answers(200),
    );
    assert.match(wire, /^Contact: <sip:bob@127\.0\.0\.1:\d+;transport=\w+>;expires=(600|540)\r?$/im);
  });
}

test("a wrong password is refused, and a second one too", limit, async () => {
  const phone = admitted();
  await plays(
    "udp",
    sends(phone, { cseq: 1, headers: [contact] }),
    challenged,
    sends(phone, { cseq: 2, headers: [contact], password: "wrong-horse" }),
    answers(403),
    sends(phone, { cseq: 3, headers: [contact] }),
    challenged,
    sends(phone, { cseq: 4, headers: [contact], password: "wrong-again" }),
    answers(403),
  );
  assert.deepEqual(agent.phones.places(phone), []);
});

test(
  "a nonce is good for its next count, and what was said on the wire is good for nothing",
  limit,
  async () => {
    const phone = admitted();
    const wire = await plays(
      "udp",
      sends(phone, { cseq: 1, headers: [contact] }),
      challenged,
      sends(phone, { cseq: 2, headers: [contact], password }),
      answers(200),
      // sipp counts on, by the nonce that it has.
      sends(phone, { cseq: 3, headers: [contact], password }),
      answers(200),
    );
    const [first = "", second = ""] = [...wire.matchAll(/^Authorization: .*$/gm)].map(([line]) =>
      line.trim(),
    );
    assert.match(first, /nc=00000001/);
    assert.match(second, /nc=00000002/);
    const thief = await plays(
      "udp",
      sends(phone, { cseq: 4, headers: [contact, first] }),
      challenged,
      sends(phone, { cseq: 5, headers: [contact, second] }),
      challenged,
    );
    assert.equal([...thief.matchAll(/^WWW-Authenticate: Digest .*stale=true\r?$/gim)].length, 2);
  },
);

test("many contacts by one REGISTER, and none by another", limit, async () => {
  const phone = admitted();
  const many = Array.from({ length: 10 }, (_, n) => `<sip:bob${n}@10.0.0.${n}>`).join(", ");
  await plays(
    "udp",
    sends(phone, { cseq: 1 }),
    challenged,
    sends(phone, { cseq: 2, headers: [`Contact: ${many}`], password }),
    answers(200),
  );
  assert.equal(agent.phones.places(phone).length, 10);
  await plays(
    "udp",
    sends(phone, { cseq: 1 }),
    challenged,
    sends(phone, { cseq: 2, headers: ["Contact: *", "Expires: 0"], password }),
    answers(200),
  );
  assert.deepEqual(agent.phones.places(phone), []);
});

test("a Path is kept and told", limit, async () => {
  const phone = admitted();
  const wire = await plays(
    "udp",
    sends(phone, { cseq: 1 }),
    challenged,
    sends(phone, {
      cseq: 2,
      headers: [contact, "Path: <sip:edge.example;lr>", "Supported: path"],
      password,
    }),
    answers(200),
  );
  assert.deepEqual(agent.phones.places(phone)[0]?.routes, ["<sip:edge.example;lr>"]);
  assert.ok(wire.split(/^Path: <sip:edge\.example;lr>\r?$/m).length >= 3, "said by sipp, and by us");
});
