import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type InviteServerInput,
  type InviteServerState,
  startInviteServer,
  stepInviteServer,
} from "./invite-server.ts";
import { assertTransitions, describe, sampleRequest, sampleResponse, tcp, udp } from "./transition-table.ts";

const invite = sampleRequest("INVITE");
const states: Record<string, InviteServerState> = {
  "proceeding, silent": { name: "proceeding", invite, last: undefined },
  proceeding: { name: "proceeding", invite, last: sampleResponse("INVITE", 180) },
  completed: { name: "completed", refusal: sampleResponse("INVITE", 486), retransmitMs: 500 },
  confirmed: { name: "confirmed" },
  accepted: { name: "accepted" },
  terminated: { name: "terminated" },
};
const respond = (status: number): InviteServerInput => ({
  type: "respond",
  response: sampleResponse("INVITE", status),
});
const inputs: Record<string, InviteServerInput> = {
  INVITE: { type: "retransmission" },
  ACK: { type: "ack", ack: sampleRequest("ACK") },
  "1xx from user": respond(183),
  "2xx from user": respond(200),
  "300-699 from user": respond(486),
  "timer trying": { type: "timer", timer: "trying" },
  "timer G": { type: "timer", timer: "G" },
  "timer H": { type: "timer", timer: "H" },
  "timer I": { type: "timer", timer: "I" },
  "timer L": { type: "timer", timer: "L" },
  "transport error": { type: "transport-error" },
};

test("over UDP every state takes the inputs of RFC 3261 figure 7 and RFC 6026 figure 2, and no other", () => {
  const answering = {
    ACK: "proceeding",
    "1xx from user": "proceeding: cancel trying, send 183",
    "2xx from user": "accepted: cancel trying, send 200, set L +32000",
    "300-699 from user": "completed: cancel trying, send 486, set G +500, set H +32000",
    "timer trying": "proceeding: send 100",
    "transport error": "proceeding: transport-error",
  };
  assertTransitions({
    states,
    inputs,
    step: (state, input) => stepInviteServer(state, input, udp, 0),
    table: {
      "proceeding, silent": { INVITE: "proceeding", ...answering },
      proceeding: { INVITE: "proceeding: send 180", ...answering },
      completed: {
        INVITE: "completed: send 486",
        ACK: "confirmed: cancel G, cancel H, set I +5000",
        "timer G": "completed: send 486, set G +1000",
        "timer H": "terminated: timeout",
        "transport error": "completed: transport-error",
      },
      confirmed: {
        INVITE: "confirmed",
        ACK: "confirmed",
        "timer I": "terminated",
        "transport error": "confirmed: transport-error",
      },
      accepted: {
        INVITE: "accepted",
        ACK: "accepted: ack",
        "2xx from user": "accepted: send 200",
        "timer L": "terminated",
        "transport error": "accepted: transport-error",
      },
      terminated: {},
    },
  });
});

test("the user has 200 ms before 100 is sent for it (17.2.1)", () => {
  assert.equal(describe(startInviteServer(invite, 0)), "proceeding: set trying +200");
});

test("over TCP a refusal is sent once and timer I is zero", () => {
  const proceeding: InviteServerState = { name: "proceeding", invite, last: undefined };
  const refused = stepInviteServer(proceeding, respond(486), tcp, 0);
  assert.equal(describe(refused), "completed: cancel trying, send 486, set H +32000");
  assert.equal(
    describe(stepInviteServer(refused.state, { type: "ack", ack: sampleRequest("ACK") }, tcp, 0)),
    "terminated",
  );
});
