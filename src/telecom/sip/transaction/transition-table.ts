import assert from "node:assert/strict";
import { TandemError } from "#base/errors.ts";
import { makeRequest, makeResponse, withTopHeader } from "../message/build.ts";
import { parseNameAddress } from "../message/headers.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import type { Effect, Step, TimerName } from "./machine.ts";
import { type Pace, usualTiming } from "./timing.ts";

/** For the tests of the machines: a table of every state and every input, written as the RFC's drawings are. */
export type TransitionTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

export const udp: Pace = { timing: usualTiming, reliable: false };
export const tcp: Pace = { timing: usualTiming, reliable: true };

/** Compares the whole table: each state with each input, so that nothing is left to chance. `illegal` is a thrown BUG. */
export function assertTransitions<State, Input>(machine: {
  readonly states: Readonly<Record<string, State>>;
  readonly inputs: Readonly<Record<string, Input>>;
  step(state: State, input: Input): Step<State & { readonly name: string }, TimerName>;
  readonly table: TransitionTable;
}): void {
  const actual = Object.fromEntries(
    Object.entries(machine.states).map(([name, state]) => [
      name,
      Object.fromEntries(
        Object.entries(machine.inputs)
          .map(([label, input]) => [label, outcome(() => machine.step(state, input))] as const)
          .filter(([, text]) => text !== "illegal"),
      ),
    ]),
  );
  assert.deepEqual(actual, machine.table);
}

function outcome(step: () => Step<{ readonly name: string }, TimerName>): string {
  try {
    return describe(step());
  } catch (error) {
    if (error instanceof TandemError && error.code === "BUG") return "illegal";
    throw error;
  }
}

/** `completed: send ACK, response 486, set D +32000` */
export function describe({ state, effects }: Step<{ readonly name: string }, TimerName>): string {
  return effects.length === 0 ? state.name : `${state.name}: ${effects.map(describeEffect).join(", ")}`;
}

// The tables are read at moment 0, so a timer's moment is its wait.
function describeEffect(effect: Effect<TimerName>): string {
  switch (effect.type) {
    case "send":
      return `send ${effect.message.type === "request" ? effect.message.method : effect.message.status}`;
    case "set-timer":
      return `set ${effect.timer} +${effect.atMs}`;
    case "cancel-timer":
      return `cancel ${effect.timer}`;
    case "response":
      return `response ${effect.response.status}`;
    case "ack":
      return "ack";
    case "failure":
      return effect.failure;
  }
}

/** A sound request with a Via. */
export function sampleRequest(method: string): SipRequest {
  const [from, to] = [parseNameAddress("<sip:ann@a.test>;tag=a"), parseNameAddress("<sip:bob@b.test>")];
  assert.ok(from !== undefined && to !== undefined);
  const request = makeRequest({ method, uri: "sip:bob@b.test", from, to, callId: "c", cseq: 1 });
  return withTopHeader(request, "Via", "SIP/2.0/UDP a.test;branch=z9hG4bKsample");
}

export function sampleResponse(method: string, status: number): SipResponse {
  return makeResponse(sampleRequest(method), status, { toTag: "b" });
}
