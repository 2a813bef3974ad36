import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "../config-file.ts";

const means = { environment: {}, promptExists: () => false };

const good = `{
  "trunks": { "carrier": { "host": "sip.carrier.example" } },
  "subscribers": {
    "bank": {
      "name": "Example Bank", "country": "US", "trunk": "carrier",
      "centers": { "main": { "name": "Main", "timeZone": "UTC", "hours": "always" } },
      "subjects": {
        "mortgages": { "name": "Mortgages",
                       "routes": [{ "center": "main", "number": "+18005550100", "dnis": "4001" },
                                  { "center": "main", "number": "+18005550101", "order": 2 }] },
      },
    },
  },
}`;

/** Each complaint as `line:column path message`. */
function complaints(text: string): readonly string[] {
  const read = readConfig(text, means);
  if (!("complaints" in read)) return [];
  return read.complaints.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`);
}

test("a phone's password becomes its digests, and a route may name the phone", () => {
  const phones = `"phones": { "bob": { "password": "correct horse" }, "carol": { "digest": { "sha256": "${"ab".repeat(32)}" }, "media": "srtp" } },`;
  const text = good
    .replace('"centers":', `${phones} "centers":`)
    .replace('"number": "+18005550100", "dnis": "4001"', '"phone": "bob"');
  const read = readConfig(text, means);
  assert.ok(!("complaints" in read), JSON.stringify(read));
  // By `printf 'bob.bank:tandem:correct horse'` to md5sum, and to sha256sum.
  assert.deepEqual(read.phones, [
    {
      subscriber: "bank",
      name: "bob.bank",
      digest: {
        md5: "dbee943ee9ab9761fbe6284e1c3e7d4b",
        sha256: "6cad04a639f7325cb253f0f95a4c771a1de44039d3a0a0ad6e0fdd1d854e3a01",
      },
      media: "rtp",
    },
    { subscriber: "bank", name: "carol.bank", digest: { sha256: "ab".repeat(32) }, media: "srtp" },
  ]);
  const [toBob, toNumber] = read.routes;
  assert.deepEqual(
    [toBob?.phone, toBob?.trunk, toBob?.number, toBob?.dnis],
    ["bob.bank", undefined, "bob.bank", "bob"],
  );
  assert.deepEqual([toNumber?.phone, toNumber?.trunk], [undefined, "carrier"]);
});

test("what is wrong with phones is told where it stands", () => {
  const withPhones = (phones: string, route = '"number": "+18005550100"') =>
    complaints(
      good
        .replace('"centers":', `"phones": ${phones}, "centers":`)
        .replace('"number": "+18005550100", "dnis": "4001"', route),
    ).map((line) => line.replace(/^\S+ /, ""));
  const at = "subscribers.bank.";
  assert.deepEqual(withPhones('{ "bob": { "password": "short" } }'), [
    `${at}phones.bob.password must have at least 8 characters`,
  ]);
  assert.deepEqual(withPhones('{ "Bob": { "password": "correct horse" } }'), [
    `${at}phones.Bob must be a name of 1 to 40 lower-case letters, digits and hyphens`,
  ]);
  assert.match(
    withPhones('{ "bob": { "digest": {} } }').join(),
    /phones\.bob must be a "password", or a "digest"/,
  );
  const bob = '{ "bob": { "password": "correct horse" } }';
  assert.deepEqual(withPhones(bob, '"phone": "carol"'), [
    `${at}subjects.mortgages.routes[0].phone carol is none of this subscriber's phones`,
  ]);
  assert.deepEqual(withPhones(bob, '"phone": "bob", "number": "+18005550100"'), [
    `${at}subjects.mortgages.routes[0] has a phone, so it needs neither number nor trunk`,
  ]);
  assert.deepEqual(withPhones(bob, '"dnis": "4001"'), [
    `${at}subjects.mortgages.routes[0] lacks number, or phone`,
  ]);
});

test("calls from the browser are a subscriber's own word, and none where it says nothing or no", () => {
  for (const [told, allowed] of [
    ["", undefined],
    ['"browserCalls": false,', undefined],
    ['"browserCalls": true,', true],
  ] as const) {
    const read = readConfig(good.replace('"centers":', `${told} "centers":`), means);
    assert.ok(!("complaints" in read), JSON.stringify(read));
    assert.equal(read.subscribers[0]?.browserCalls, allowed);
  }
});

test("a trunk's audio is SRTP's only where its keys cannot be read on the way", () => {
  const withTrunk = (rest: string) => good.replace('"sip.carrier.example"', `"sip.carrier.example"${rest}`);
  for (const transport of ["", ', "transport": "udp"', ', "transport": "tcp"'])
    assert.match(
      complaints(withTrunk(`${transport}, "media": "srtp"`)).join(),
      /trunks\.carrier\.media srtp needs "transport": "tls"/,
    );
  const read = readConfig(withTrunk(', "transport": "tls", "media": "srtp"'), means);
  assert.ok(!("complaints" in read), JSON.stringify(read));
  assert.equal(read.trunks[0]?.media, "srtp");
});
