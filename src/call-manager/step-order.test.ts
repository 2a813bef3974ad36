import assert from "node:assert/strict";
import { test } from "node:test";
import { storyBank } from "#rig/story-bank.ts";
import { fromStepOn, planCall, type StepName, stepsToRun } from "./web-call.ts";

const policyOf = (
  legOrder: "user-first" | "center-first" | "both-at-once",
  confirmation: "always" | "unless-signed" | "never",
) => storyBank({ policy: { legOrder, confirmation } }).subscriber.policy;

test("no center is called before a consent that is asked for", () => {
  for (const legOrder of ["user-first", "center-first", "both-at-once"] as const) {
    for (const [confirmation, signed] of [
      ["always", true],
      ["always", false],
      ["unless-signed", false],
    ] as const) {
      const { order } = planCall(policyOf(legOrder, confirmation), signed);
      const steps = order.flat(2);
      assert.ok(steps.indexOf("user-confirms") > -1);
      assert.ok(steps.indexOf("user-confirms") < steps.indexOf("call-center"));
    }
  }
});

test("where none is asked for, the subscriber's order holds", () => {
  assert.equal(planCall(policyOf("center-first", "unless-signed"), true).legOrder, "center-first");
  assert.equal(planCall(policyOf("both-at-once", "never"), false).legOrder, "both-at-once");
  assert.ok(!planCall(policyOf("user-first", "never"), false).order.flat(2).includes("user-confirms"));
});

test("lanes run side by side, and what follows waits for both", () => {
  const { order } = planCall(policyOf("both-at-once", "never"), true);
  const done: StepName[] = ["choose-center"];
  assert.deepEqual(stepsToRun(order, done), ["call-center", "call-user"]);
  done.push("call-user", "announce", "call-center");
  assert.deepEqual(stepsToRun(order, done), ["agent-signs-on"]);
  assert.deepEqual(fromStepOn(order, "call-center"), ["call-center", "agent-signs-on"]);
  done.push("agent-signs-on");
  assert.deepEqual(stepsToRun(order, done), ["whisper"]);
});
