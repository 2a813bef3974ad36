import assert from "node:assert/strict";
import { test } from "node:test";
import { isAsked, newlyRegistered, type ReadinessInput, step } from "./readiness.ts";

/** A place that registered at second 0: what is said to it, second by second, and what it is then. */
function place() {
  let readiness = newlyRegistered(0);
  return {
    at(seconds: number, input: ReadinessInput): string {
      const [after, effects] = step(readiness, input, seconds * 1_000);
      readiness = after;
      const due = after.dueAtMs === undefined ? "never" : after.dueAtMs / 1_000;
      return [after.state, `due ${due}`, ...effects.map(({ type }) => type)].join(", ");
    },
  };
}

const due: ReadinessInput = { type: "due" };
const answered = (status: number): ReadinessInput => ({ type: "answered", status });

test("a place is asked at once, is ready from its first 200, and is asked every four seconds", () => {
  const page = place();
  assert.equal(page.at(0, due), "new, due 4, ask");
  assert.equal(page.at(1, answered(200)), "ready, due 4");
  assert.equal(page.at(3, due), "ready, due 4", "too early");
  assert.equal(page.at(4, due), "ready, due 8, ask");
  assert.equal(page.at(4, answered(200)), "ready, due 8");
});

test("a page that stands still is unready after eight seconds, has one question, and is ready when it answers that", () => {
  const page = place();
  page.at(0, due);
  page.at(0, answered(200));
  page.at(4, due);
  assert.equal(page.at(8, due), "unready, due never");
  assert.equal(page.at(20, due), "unready, due never", "no second OPTIONS");
  assert.equal(page.at(21, answered(200)), "ready, due 21");
  assert.equal(page.at(21, due), "ready, due 25, ask");
});

test("a place that never answers is never ready, and is asked anew when its OPTIONS has ended", () => {
  const page = place();
  page.at(0, due);
  assert.equal(page.at(4, due), "unready, due never");
  assert.equal(page.at(32, { type: "failed" }), "unready, due 36");
  assert.equal(page.at(36, due), "unready, due 40, ask");
});

test("a page that says 480 is unready at once, and ready at its next 200", () => {
  const page = place();
  page.at(0, due);
  page.at(0, answered(200));
  page.at(4, due);
  assert.equal(page.at(4, answered(480)), "unready, due 8");
  assert.equal(page.at(8, due), "unready, due 12, ask");
  assert.equal(page.at(8, answered(200)), "ready, due 12");
});

test("pages alone are asked", () => {
  assert.deepEqual((["udp", "tcp", "tls", "ws", "wss"] as const).filter(isAsked), ["ws", "wss"]);
});
