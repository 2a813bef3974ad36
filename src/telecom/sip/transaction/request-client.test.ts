import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type RequestClientInput,
  type RequestClientState,
  startRequestClient,
  stepRequestClient,
} from "./request-client.ts";
import { assertTransitions, describe, sampleRequest, sampleResponse, tcp, udp } from "./transition-table.ts";

const request = sampleRequest("BYE");
const states: Record<string, RequestClientState> = {
  trying: { name: "trying", request, retransmitMs: 500 },
  proceeding: { name: "proceeding", request },
  completed: { name: "completed" },
  terminated: { name: "terminated" },
};
const response = (status: number): RequestClientInput => ({
  type: "response",
  response: sampleResponse("BYE", status),
});
const inputs: Record<string, RequestClientInput> = {
  "1xx": response(100),
  "200-699": response(481),
  "timer E": { type: "timer", timer: "E" },
  "timer F": { type: "timer", timer: "F" },
  "timer K": { type: "timer", timer: "K" },
  "transport error": { type: "transport-error" },
  "connection lost": { type: "connection-lost", isOnlyWay: false },
  "only way lost": { type: "connection-lost", isOnlyWay: true },
};

test("over UDP every state takes the inputs of RFC 3261 figure 6, and no other", () => {
  assertTransitions({
    states,
    inputs,
    step: (state, input) => stepRequestClient(state, input, udp, 0),
    table: {
      trying: {
        "1xx": "proceeding: response 100",
        "200-699": "completed: cancel E, cancel F, response 481, set K +5000",
        "timer E": "trying: send BYE, set E +1000",
        "timer F": "terminated: timeout",
        "transport error": "terminated: transport-error",
        "connection lost": "terminated: transport-error",
        "only way lost": "terminated: transport-error",
      },
      proceeding: {
        "1xx": "proceeding: response 100",
        "200-699": "completed: cancel E, cancel F, response 481, set K +5000",
        "timer E": "proceeding: send BYE, set E +4000",
        "timer F": "terminated: timeout",
        "transport error": "terminated: transport-error",
        "connection lost": "proceeding",
        "only way lost": "terminated: transport-error",
      },
      completed: {
        "1xx": "completed",
        "200-699": "completed",
        "timer K": "terminated",
        "transport error": "completed",
        "connection lost": "completed",
        "only way lost": "completed",
      },
      terminated: {},
    },
  });
});

test("timer E doubles up to T2", () => {
  const waits: string[] = [];
  let state: RequestClientState = { name: "trying", request, retransmitMs: 500 };
  for (let round = 0; round < 5; round++) {
    const next = stepRequestClient(state, { type: "timer", timer: "E" }, udp, 0);
    waits.push(describe(next).replace(/.*\+/, ""));
    state = next.state;
  }
  assert.deepEqual(waits, ["1000", "2000", "4000", "4000", "4000"]);
});

test("over TCP nothing is repeated and timer K is zero", () => {
  assert.equal(describe(startRequestClient(request, udp, 0)), "trying: send BYE, set E +500, set F +32000");
  assert.equal(describe(startRequestClient(request, tcp, 0)), "trying: send BYE, set F +32000");
  const trying: RequestClientState = { name: "trying", request, retransmitMs: 500 };
  assert.equal(describe(stepRequestClient(trying, response(200), tcp, 0)), "terminated: response 200");
});
