import assert from "node:assert/strict";
import test from "node:test";
import type { PhoneName } from "#base/ids.ts";
import type { RegisteredPhone } from "#contract/registered-phones.ts";
import { presentationWithoutSocket, testOperatorToken } from "#rig/open-test-presentation.ts";
import type { PhoneBook } from "./registered-phones-route.ts";

const headers = { authorization: `Bearer ${testOperatorToken}` };
const bob: RegisteredPhone = {
  phone: "bob.bank" as PhoneName,
  guest: false,
  places: [
    { transport: "udp", address: "192.0.2.7:5060", userAgent: "Desk 1.0", sinceMs: 5, untilMs: 9 },
    { transport: "wss", address: "192.0.2.8:41000", sinceMs: 6, untilMs: 9, readiness: "not-ready" },
  ],
};

async function scene(phones: PhoneBook["phones"]) {
  return await presentationWithoutSocket({}, undefined, undefined, { phones });
}

test("registered phones, a page at a time", async () => {
  const wishes: unknown[] = [];
  await using opened = await scene(async (wish) => {
    wishes.push(wish);
    return { phones: [bob], next: bob.phone };
  });
  const answer = await opened.app.inject({ url: "/api/phones", headers });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.deepEqual(answer.json(), { phones: [bob], next: "bob.bank" });
  await opened.app.inject({ url: "/api/phones?limit=200&after=bob.bank", headers });
  assert.deepEqual(wishes, [{ limit: 50 }, { limit: 200, after: "bob.bank" }]);
  for (const query of ["limit=201", "limit=0", "after=%3Cb%3E", `after=${"b".repeat(90)}`]) {
    const wrong = await opened.app.inject({ url: `/api/phones?${query}`, headers });
    assert.equal(wrong.statusCode, 400, query);
    assert.match(String(wrong.headers["content-type"]), /^application\/problem\+json/);
  }
  assert.equal(wishes.length, 2);
});

test("where the unit does not answer it is said, and when to ask again", async () => {
  await using opened = await scene(async () => undefined);
  const answer = await opened.app.inject({ url: "/api/phones", headers });
  assert.deepEqual([answer.statusCode, answer.headers["retry-after"]], [503, "5"]);
  assert.match(answer.json().detail, /does not answer/);
});
