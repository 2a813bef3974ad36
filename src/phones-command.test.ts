import assert from "node:assert/strict";
import { test } from "node:test";
import type { PhoneName } from "#base/ids.ts";
import type { RegisteredPhone } from "#contract/registered-phones.ts";
import type { PhoneBook } from "#presentation/registered-phones-route.ts";
import { presentationOnLoopback, testOperatorToken } from "#rig/open-test-presentation.ts";
import { phonesCommand } from "./phones-command.ts";

const startMs = Date.UTC(2026, 10, 26, 4, 30);

function phone(name: string, more: Partial<RegisteredPhone> = {}): RegisteredPhone {
  const place = {
    transport: "udp",
    address: "192.0.2.7:5060",
    sinceMs: startMs,
    untilMs: startMs + 3_600_000,
  };
  return { phone: name as PhoneName, guest: false, places: [place], ...more };
}

async function platform(phones: PhoneBook["phones"]) {
  const opened = await presentationOnLoopback({}, undefined, { phones });
  const environment = {
    TANDEM_HTTP_PORT: String(opened.presentation.port),
    TANDEM_OPERATOR_TOKEN: testOperatorToken,
  };
  return {
    environment,
    asks: (limit: number, more: { json?: boolean; after?: string } = {}) =>
      phonesCommand({ limit, after: more.after, json: more.json ?? false, environment }),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

test("a line for each place, in columns", async () => {
  const page = {
    ...{ transport: "wss", address: "[2001:db8::7]:41000", userAgent: "JsSIP 3.13.8" },
    ...{ sinceMs: startMs, untilMs: startMs + 540_000 },
  };
  await using opened = await platform(async () => ({
    phones: [
      phone("bob.bank", {
        places: [{ ...page, readiness: "ready" }, ...phone("bob.bank").places],
      }),
      phone("visitor.x7", { guest: true, places: [{ ...page, readiness: "not-ready" }] }),
    ],
  }));
  const { code, text } = await opened.asks(200);
  assert.equal(code, 0);
  assert.deepEqual(text.split("\n"), [
    "phone               transport  address              ready  since (UTC)          expires (UTC)        User-Agent",
    "bob.bank            wss        [2001:db8::7]:41000  yes    2026-11-26 04:30:00  2026-11-26 04:39:00  JsSIP 3.13.8",
    "bob.bank            udp        192.0.2.7:5060       -      2026-11-26 04:30:00  2026-11-26 05:30:00  -",
    "visitor.x7 (guest)  wss        [2001:db8::7]:41000  no     2026-11-26 04:30:00  2026-11-26 04:39:00  JsSIP 3.13.8",
    "",
  ]);
});

test("as many as are wished for, page after page, and how to see the rest", async () => {
  const names = Array.from({ length: 450 }, (_, n) => `p${String(n).padStart(3, "0")}.bank`);
  await using opened = await platform(async ({ limit, after = "" }) => {
    const rest = names.filter((name) => name > after);
    const shown = rest.slice(0, limit).map((name) => phone(name));
    const last = shown.at(-1);
    return { phones: shown, ...(rest.length > limit && last !== undefined ? { next: last.phone } : {}) };
  });
  const lines = (text: string): number => text.trim().split("\n").length;
  const some = await opened.asks(420);
  assert.equal(lines(some.text), 1 + 420 + 1);
  assert.match(some.text, /There are more: tandem phones --after p419\.bank\n$/);
  const rest = await opened.asks(420, { after: "p419.bank" });
  assert.equal(lines(rest.text), 1 + 30);
  const { phones, next } = JSON.parse((await opened.asks(2, { json: true })).text);
  assert.deepEqual([phones.length, next], [2, "p001.bank"]);
});

test("nobody, no token, another's token, no unit, no platform: each is said in words", async () => {
  await using empty = await platform(async () => ({ phones: [] }));
  assert.deepEqual(await empty.asks(5), { code: 0, text: "No phone is registered.\n" });
  await using unreached = await platform(async () => undefined);
  const environments = [
    [{ TANDEM_OPERATOR_TOKEN: undefined }, /TANDEM_OPERATOR_TOKEN is not set/],
    [{ TANDEM_OPERATOR_TOKEN: "another-operator's-token" }, /another TANDEM_OPERATOR_TOKEN/],
    [{}, /says: The telecommunications unit, which knows them, does not answer/],
    [{ TANDEM_HTTP_PORT: "9" }, /No web process answers at http:\/\/127\.0\.0\.1:9/],
  ] as const;
  for (const [change, said] of environments) {
    const environment = { ...unreached.environment, ...change };
    const { code, text } = await phonesCommand({ limit: 5, after: undefined, json: false, environment });
    assert.equal(code, 1);
    assert.match(text, said);
    assert.ok(!text.includes(testOperatorToken));
  }
});
