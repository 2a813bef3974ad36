import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#base/random.ts";
import { changed, changesBetween } from "./row-changes.ts";

const dialog = { callId: "a1", remote: { tag: "x", uri: "sip:bob@bank" } };
const before = { state: "ringing", dialog, keys: [1, 2], pin: undefined };

for (const [what, after, expected] of [
  ["nothing", { ...before }, []],
  ["a field", { ...before, state: "answered" }, [[["state"], "answered"]]],
  [
    "a field far inside",
    { ...before, dialog: { ...dialog, remote: { ...dialog.remote, tag: "y" } } },
    [[["dialog", "remote", "tag"], "y"]],
  ],
  ["a list, whole", { ...before, keys: [1, 2, 3] }, [[["keys"], [1, 2, 3]]]],
  ["a field that is new", { ...before, pin: "1" }, [[["pin"], "1"]]],
  ["a field that went", { ...before, state: undefined }, [[["state"]]]],
  ["a field that is not there any more", { dialog, keys: before.keys }, [[["state"]]]],
  ["something else altogether", "over", [[[], "over"]]],
] as const) {
  test(`of a value is written what changed: ${what}`, () => {
    assert.deepEqual(changesBetween(before, after), expected);
  });
}

test("a name like __proto__ is a name", () => {
  const after: unknown = JSON.parse('{"a": {"__proto__": {"isAdmin": true}}}');
  const again = changed({ a: {} }, changesBetween({ a: {} }, after));
  assert.equal(JSON.stringify(again), JSON.stringify(after));
  assert.ok(!("isAdmin" in {}));
});

test("whatever becomes of a value, its changes give it again", () => {
  const random = seededRandom("row changes");
  const anything = (depth: number): unknown => {
    const kind = random.integer(depth === 0 ? 4 : 7);
    if (kind < 4) return [undefined, null, "word", random.integer(3)][kind];
    if (kind === 4) return [random.integer(2), null];
    return Object.fromEntries(
      Array.from({ length: random.integer(4) }, () => [`f${random.integer(4)}`, anything(depth - 1)]),
    );
  };
  let kept: unknown;
  let inMemory: unknown;
  for (let step = 0; step < 5_000; step += 1) {
    const after = anything(3);
    // As it comes back from a file.
    const changes = JSON.parse(JSON.stringify(changesBetween(inMemory, after))) as typeof noChanges;
    kept = changed(kept, changes);
    inMemory = after;
    assert.equal(sorted(kept), sorted(after), `step ${step}`);
  }
});

const noChanges: ReturnType<typeof changesBetween> = [];

function sorted(value: unknown): string | undefined {
  return JSON.stringify(value, (_name, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
