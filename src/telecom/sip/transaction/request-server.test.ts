import assert from "node:assert/strict";
import { test } from "node:test";
import { type RequestServerInput, type RequestServerState, stepRequestServer } from "./request-server.ts";
import { assertTransitions, describe, sampleResponse, tcp, udp } from "./transition-table.ts";

const states: Record<string, RequestServerState> = {
  trying: { name: "trying" },
  proceeding: { name: "proceeding", last: sampleResponse("OPTIONS", 100) },
  completed: { name: "completed", final: sampleResponse("OPTIONS", 200) },
  terminated: { name: "terminated" },
};
const respond = (status: number): RequestServerInput => ({
  type: "respond",
  response: sampleResponse("OPTIONS", status),
});
const inputs: Record<string, RequestServerInput> = {
  request: { type: "retransmission" },
  "1xx from user": respond(100),
  "200-699 from user": respond(200),
  "timer J": { type: "timer", timer: "J" },
  "transport error": { type: "transport-error" },
};

test("over UDP every state takes the inputs of RFC 3261 figure 8, and no other", () => {
  const answering = {
    "1xx from user": "proceeding: send 100",
    "200-699 from user": "completed: send 200, set J +32000",
    "transport error": "terminated: transport-error",
  };
  assertTransitions({
    states,
    inputs,
    step: (state, input) => stepRequestServer(state, input, udp, 0),
    table: {
      trying: { request: "trying", ...answering },
      proceeding: { request: "proceeding: send 100", ...answering },
      completed: {
        request: "completed: send 200",
        "timer J": "terminated",
        "transport error": "terminated: transport-error",
      },
      terminated: {},
    },
  });
});

test("over TCP timer J is zero", () => {
  assert.equal(describe(stepRequestServer({ name: "trying" }, respond(200), tcp, 0)), "terminated: send 200");
});
