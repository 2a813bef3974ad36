import assert from "node:assert/strict";
import { test } from "node:test";
import { headerValue, to } from "../message/headers.ts";
import {
  type InviteClientInput,
  type InviteClientState,
  startInviteClient,
  stepInviteClient,
} from "./invite-client.ts";
import { assertTransitions, describe, sampleRequest, sampleResponse, tcp, udp } from "./transition-table.ts";

const invite = sampleRequest("INVITE");
const states: Record<string, InviteClientState> = {
  calling: { name: "calling", invite, retransmitMs: 500 },
  proceeding: { name: "proceeding", invite },
  completed: { name: "completed", invite },
  accepted: { name: "accepted", invite },
  terminated: { name: "terminated" },
};
const response = (status: number): InviteClientInput => ({
  type: "response",
  response: sampleResponse("INVITE", status),
});
const inputs: Record<string, InviteClientInput> = {
  "1xx": response(180),
  "2xx": response(200),
  "300-699": response(486),
  "timer A": { type: "timer", timer: "A" },
  "timer B": { type: "timer", timer: "B" },
  "timer D": { type: "timer", timer: "D" },
  "timer M": { type: "timer", timer: "M" },
  "transport error": { type: "transport-error" },
  "connection lost": { type: "connection-lost", isOnlyWay: false },
  "only way lost": { type: "connection-lost", isOnlyWay: true },
  abandon: { type: "abandon" },
};

test("over UDP every state takes the inputs of RFC 3261 figure 5 and RFC 6026 figure 1, and no other", () => {
  assertTransitions({
    states,
    inputs,
    step: (state, input) => stepInviteClient(state, input, udp, 0),
    table: {
      calling: {
        "1xx": "proceeding: cancel A, cancel B, response 180",
        "2xx": "accepted: cancel A, cancel B, response 200, set M +32000",
        "300-699": "completed: cancel A, cancel B, send ACK, response 486, set D +32000",
        "timer A": "calling: send INVITE, set A +1000",
        "timer B": "terminated: timeout",
        "transport error": "terminated: transport-error",
        "connection lost": "terminated: transport-error",
        "only way lost": "terminated: transport-error",
      },
      proceeding: {
        "1xx": "proceeding: response 180",
        "2xx": "accepted: response 200, set M +32000",
        "300-699": "completed: send ACK, response 486, set D +32000",
        "transport error": "proceeding",
        "connection lost": "proceeding",
        "only way lost": "terminated: transport-error",
        abandon: "terminated: timeout",
      },
      completed: {
        "1xx": "completed",
        "2xx": "completed",
        "300-699": "completed: send ACK",
        "timer D": "terminated",
        "transport error": "terminated: transport-error",
      },
      accepted: {
        "1xx": "accepted",
        "2xx": "accepted: response 200",
        "300-699": "accepted",
        "timer M": "terminated",
        "transport error": "accepted",
        "connection lost": "accepted",
        "only way lost": "accepted",
      },
      terminated: {},
    },
  });
});

test("over TCP nothing is repeated and timer D is zero, but more 2xx are waited for", () => {
  assert.equal(describe(startInviteClient(invite, udp, 0)), "calling: send INVITE, set A +500, set B +32000");
  assert.equal(describe(startInviteClient(invite, tcp, 0)), "calling: send INVITE, set B +32000");
  const proceeding: InviteClientState = { name: "proceeding", invite };
  assert.equal(
    describe(stepInviteClient(proceeding, response(486), tcp, 0)),
    "terminated: send ACK, response 486",
  );
  assert.equal(
    describe(stepInviteClient(proceeding, response(200), tcp, 0)),
    "accepted: response 200, set M +32000",
  );
});

test("the ACK of a refusal has the INVITE's Via, number and target, and the To of the refusal (17.1.1.3)", () => {
  const { effects } = stepInviteClient({ name: "proceeding", invite }, response(486), udp, 0);
  const ack = effects.flatMap((effect) => (effect.type === "send" ? [effect.message] : []))[0];
  assert.ok(ack?.type === "request");
  assert.equal(ack.uri, invite.uri);
  assert.equal(headerValue(ack, "Via"), headerValue(invite, "Via"));
  assert.equal(headerValue(ack, "CSeq"), "1 ACK");
  assert.deepEqual(to(ack).params, [{ name: "tag", value: "b" }]);
});
