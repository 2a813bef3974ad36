import assert from "node:assert/strict";
import test from "node:test";
import { VirtualClock } from "#base/clock.ts";
import type { SessionId, SubjectId, SubscriberId } from "#base/ids.ts";
import { seededRandom } from "#base/random.ts";
import fc from "fast-check";
import { TicketOffice } from "./ticket.ts";

const ann = "session_ann" as SessionId;
const eve = "session_eve" as SessionId;
const random = seededRandom("tickets");
const [oldKey, newKey] = [random.bytes(32), random.bytes(32)];
const context = {
  version: 1 as const,
  subscriber: "bank" as SubscriberId,
  subject: "mortgages" as SubjectId,
  verified: { whisperCode: "A47", extra: { cart: "3" } },
  unverified: { pageTitle: "¿Tipos? 住宅" },
};

function office(keys: readonly Uint8Array[], clock = new VirtualClock()): TicketOffice {
  return new TicketOffice(keys, clock, random);
}

test("what was sealed for a session opens for it, whole", async () => {
  const tickets = office([newKey]);
  const ticket = tickets.make({ context, tokenId: "t1", signedPhone: "+14155550100", clickedAtMs: 5 });
  assert.deepEqual(tickets.open(tickets.seal(ticket, ann), ann), { type: "open", ticket });
});

test("another session's ticket is stale, and so is an old one", async () => {
  const clock = new VirtualClock();
  const tickets = office([newKey], clock);
  const sealed = tickets.seal(tickets.make({ context, clickedAtMs: clock.now() }), ann);
  assert.equal(tickets.open(sealed, eve).type, "stale");
  assert.equal(tickets.open(sealed, undefined).type, "stale");
  await clock.advance(30 * 60_000 - 1);
  assert.equal(tickets.open(sealed, ann).type, "open");
  await clock.advance(1);
  assert.equal(tickets.open(sealed, ann).type, "stale");
});

test("a rotated key still opens; a retired one does not", async () => {
  const before = office([oldKey]);
  const sealed = before.seal(before.make({ context, clickedAtMs: 0 }), ann);
  assert.equal(office([newKey, oldKey]).open(sealed, ann).type, "open");
  assert.equal(office([newKey]).open(sealed, ann).type, "foreign");
});

test("the visitor can read nothing in it", async () => {
  const tickets = office([newKey]);
  const sealed = tickets.seal(tickets.make({ context, signedPhone: "+14155550100", clickedAtMs: 0 }), ann);
  const readable = sealed
    .split(".")
    .map((part) => Buffer.from(part, "base64url").toString("latin1"))
    .join();
  for (const secret of ["A47", "4155550100", "bank"]) assert.ok(!readable.includes(secret));
});

test("no changed ticket opens", async () => {
  const tickets = office([newKey]);
  const sealed = tickets.seal(tickets.make({ context, clickedAtMs: 0 }), ann);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(sealed.length - 1),
      fc.constantFrom("A", "_", ".", "%", "9"),
      async (at, letter) => {
        const changed = sealed.slice(0, at) + letter + sealed.slice(at + 1);
        // The last letter of a part may hold unused bits, so a change there can be none.
        const same = changed
          .split(".")
          .map((part) => Buffer.from(part, "base64url").toString("hex"))
          .join();
        const original = sealed
          .split(".")
          .map((part) => Buffer.from(part, "base64url").toString("hex"))
          .join();
        fc.pre(same !== original);
        assert.equal(tickets.open(changed, ann).type, "foreign");
      },
    ),
    { numRuns: 200 },
  );
});

test("a token of another make is foreign, not an error", async () => {
  const tickets = office([newKey]);
  const header = (fields: object) => Buffer.from(JSON.stringify(fields)).toString("base64url");
  for (const sealed of [
    "",
    "....",
    "x",
    `${header({ alg: "none" })}..`,
    `${header({ alg: "dir", enc: "A256GCM", kid: "__proto__" })}..AAAA.AAAA.AAAA`,
    `${header({ alg: "PBES2-HS256+A128KW", enc: "A128GCM", p2c: 2 ** 31, p2s: "AAAA" })}.A.A.A.A`,
  ]) {
    assert.deepEqual(tickets.open(sealed, ann), { type: "foreign" });
  }
});
