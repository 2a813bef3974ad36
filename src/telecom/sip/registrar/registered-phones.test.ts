import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#base/random.ts";
import { leastAfter, registeredAt } from "./registered-phones.ts";

test("names come in order, page by page, each once, whatever the order in which they registered", () => {
  const random = seededRandom("pages of phones");
  const sorted = Array.from({ length: 1_000 }, (_, n) => `p${String(n).padStart(4, "0")}.bank`);
  const shuffled = sorted
    .map((name) => ({ name, at: random.bytes(6).join(" ") }))
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ name }) => name);
  for (const limit of [1, 7, 200, 1_000, 1_001]) {
    const seen: string[] = [];
    for (let more = true; more; ) {
      const page = leastAfter(shuffled, seen.at(-1), limit);
      assert.ok(page.names.length <= limit);
      seen.push(...page.names);
      more = page.more;
    }
    assert.deepEqual(seen, sorted, `${limit} a page`);
  }
  assert.deepEqual(leastAfter([], undefined, 5), { names: [], more: false });
  assert.deepEqual(leastAfter(["a"], "a", 5), { names: [], more: false });
});

test("of a place the operator is told no Contact and no Call-ID", () => {
  const binding = {
    ...{
      uri: "sip:secret@10.0.0.1",
      instance: "<urn:uuid:1>",
      regId: 1,
      callId: "call-id",
      cseq: 1,
      path: [],
    },
    ...{ userAgent: undefined, sinceMs: 5, untilMs: 9 },
    flow: {
      ...{ transport: "wss" as const, localAddress: "::1", localPort: 1 },
      ...{ remoteAddress: "2001:db8::7", remotePort: 40_000 },
    },
  };
  const place = { transport: "wss", address: "[2001:db8::7]:40000", sinceMs: 5, untilMs: 9 };
  assert.deepEqual(registeredAt(binding, undefined), place);
  for (const [state, readiness] of [
    ["new", "asked"],
    ["ready", "ready"],
    ["unready", "not-ready"],
  ] as const)
    assert.deepEqual(registeredAt({ ...binding, userAgent: "JsSIP 3.13.8" }, state), {
      ...place,
      userAgent: "JsSIP 3.13.8",
      readiness,
    });
});
