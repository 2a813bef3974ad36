import assert from "node:assert/strict";
import { test } from "node:test";
import { storyBank } from "#rig/story-bank.ts";
import { asksToAgree, fromStepOn, planCall, stageOf, type StepName, stepsToRun } from "./web-call.ts";

const policyOf = (
  legOrder: "user-first" | "center-first" | "both-at-once",
  confirmation: "always" | "unless-signed" | "never",
) => storyBank({ policy: { legOrder, confirmation } }).subscriber.policy;

test("a browser's call asks for no key, and rings the browser first whatever the policy says", () => {
  for (const legOrder of ["user-first", "center-first", "both-at-once"] as const)
    for (const confirmation of ["always", "unless-signed", "never"] as const) {
      const { order, legOrder: planned } = planCall(policyOf(legOrder, confirmation), "browser");
      const steps = order.flat(2);
      assert.equal(planned, "user-first");
      assert.ok(!steps.includes("user-confirms"));
      assert.ok(steps.indexOf("call-user") < steps.indexOf("call-center"));
    }
});

test("no center is called before a consent that is asked for", () => {
  for (const legOrder of ["user-first", "center-first", "both-at-once"] as const) {
    for (const [confirmation, signed] of [
      ["always", "signed-number"],
      ["always", "typed-number"],
      ["unless-signed", "typed-number"],
    ] as const) {
      const { order } = planCall(policyOf(legOrder, confirmation), signed);
      const steps = order.flat(2);
      assert.ok(steps.indexOf("user-confirms") > -1);
      assert.ok(steps.indexOf("user-confirms") < steps.indexOf("call-center"));
    }
  }
});

test("where none is asked for, the subscriber's order holds", () => {
  assert.equal(planCall(policyOf("center-first", "unless-signed"), "signed-number").legOrder, "center-first");
  assert.equal(planCall(policyOf("both-at-once", "never"), "typed-number").legOrder, "both-at-once");
  assert.ok(
    !planCall(policyOf("user-first", "never"), "typed-number").order.flat(2).includes("user-confirms"),
  );
});

test("lanes run side by side, and what follows waits for both", () => {
  const { order } = planCall(policyOf("both-at-once", "never"), "signed-number");
  const done: StepName[] = ["choose-center"];
  assert.deepEqual(stepsToRun(order, done), ["call-center", "call-user"]);
  done.push("call-user", "announce", "call-center");
  assert.deepEqual(stepsToRun(order, done), ["agent-signs-on"]);
  assert.deepEqual(fromStepOn(order, "call-center"), ["call-center", "agent-signs-on"]);
  done.push("agent-signs-on");
  assert.deepEqual(stepsToRun(order, done), ["whisper"]);
});

test("the connect page shows each stage once, and never goes back to calling a center that has answered", () => {
  for (const legOrder of ["user-first", "center-first", "both-at-once"] as const) {
    const { order } = planCall(policyOf(legOrder, "never"), "signed-number");
    const done: StepName[] = [];
    const shown: (string | undefined)[] = [];
    for (let [step] = stepsToRun(order, done); step !== undefined; [step] = stepsToRun(order, done)) {
      shown.push(stageOf(step, { order, done }));
      done.push(step);
    }
    const stages = shown.filter((stage) => stage !== undefined);
    const inOrder = {
      "user-first": ["placing", "calling-you", "calling-center", "agent-briefed", "connected", "ending"],
      "center-first": ["placing", "calling-center", "agent-briefed", "calling-you", "connected", "ending"],
      // The center signs on before the visitor answers; `a visitor whose telephone rings` has the other way round.
      "both-at-once": ["placing", "calling-you", "agent-briefed", "connected", "ending"],
    }[legOrder];
    assert.deepEqual(stages, inOrder);
  }
});

test("a visitor whose telephone rings is told of that one, whatever the center's does", () => {
  const { order } = planCall(policyOf("both-at-once", "never"), "signed-number");
  // A route that was busy takes the lane back to its first step.
  const ringing: StepName[] = ["choose-center"];
  assert.equal(stageOf("call-center", { order, done: ringing }), undefined);
  assert.equal(stageOf("call-user", { order, done: ringing }), "calling-you");
  const answered: StepName[] = [...ringing, "call-user"];
  assert.equal(stageOf("announce", { order, done: answered }), "calling-center");
  assert.equal(stageOf("call-center", { order, done: answered }), "calling-center");
  assert.equal(stageOf("call-center", { order, done: [...answered, "announce"] }), undefined);
});

test("a record can tell whether the visitor is asked to agree", () => {
  assert.ok(asksToAgree(planCall(policyOf("center-first", "unless-signed"), "typed-number").order));
  assert.ok(!asksToAgree(planCall(policyOf("user-first", "unless-signed"), "signed-number").order));
});
