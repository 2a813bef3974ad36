import assert from "node:assert/strict";
import type { CallId, SessionId } from "#base/ids.ts";
import type { CallRecord } from "#call-manager/call-record.ts";
import { newestCallOfSession } from "#call-manager/call-table.ts";
import { asksToAgree } from "#call-manager/web-call.ts";
import { permitOfLeg } from "#network/dial-permit-table.ts";
import type { Database } from "#store/database.ts";
import type { VirtualUnit } from "./virtual-unit.ts";

/**
 * No call without a permit: each telephone was dialled by one that was in the database before. A process that died between the two
 * has left a permit without a call, never a call without a permit.
 */
export async function checkPermits(
  dialed: VirtualUnit["dialed"],
  of: { readonly call: CallId; readonly visitor: string },
  database: Database,
): Promise<void> {
  for (const { atMs, leg, permit: used, user } of dialed) {
    const permit = await database.transaction((tx) => permitOfLeg(tx, { call: of.call, leg }));
    assert.ok(permit !== undefined, `${user} was dialled without a permit`);
    assert.equal(permit.id, used);
    assert.ok(permit.grantedAtMs <= atMs, `${user} was dialled before it was permitted`);
    assert.equal(permit.kind, user === of.visitor ? "user" : "center");
  }
  assert.equal(
    new Set(dialed.map(({ permit }) => permit)).size,
    dialed.length,
    "a permit is good for one call",
  );
}

/** The record is told from the journal alone: it must say what the stored call says. */
export async function checkRecordAgainstCall(
  record: CallRecord | undefined,
  session: SessionId,
  database: Database,
): Promise<void> {
  const call = await newestCallOfSession(database, session);
  assert.ok(record !== undefined && call !== undefined);
  const { steps, ...told } = record;
  assert.deepEqual(told, {
    call: call.id,
    reference: call.reference,
    subscriber: call.subscriber,
    subject: call.subject,
    state: call.state,
    step: call.state === "ended" ? "say-goodbye" : told.step,
    ...(call.outcome === undefined ? {} : { outcome: call.outcome }),
    beganAtMs: call.beganAtMs,
    ...(call.endedAtMs === undefined ? {} : { endedAtMs: call.endedAtMs }),
    visitorNumber: call.visitorNumber,
    legOrder: call.legOrder,
    confirms: asksToAgree(call.order),
    routesTried: call.attempts.map(({ route, result }) => ({
      route: route.id,
      number: route.number,
      dnis: route.dnis,
      result,
    })),
    userLegSeconds: call.userLegSeconds,
    centerLegSeconds: call.centerLegSeconds,
    bridgedSeconds: call.bridgedSeconds,
    pagesPushed: call.pushed,
  });

  // What ran to its end is what the call holds for done, and no step ran before it began.
  const ended = steps.filter(({ endedAtMs }) => endedAtMs !== undefined);
  const names = ended.filter(({ result }) => result !== "stopped").map(({ step }) => step);
  for (const step of call.done) assert.ok(names.includes(step), `${step} is missing in the record`);
  for (const { beganAtMs, endedAtMs = beganAtMs } of steps)
    assert.ok(call.beganAtMs <= beganAtMs && beganAtMs <= endedAtMs);
  assert.equal(ended.length === steps.length, call.state === "ended");
}
