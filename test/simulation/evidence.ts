import type { Call } from "#call-manager/call.ts";
import { type SimulatedSubscriber, subscribers } from "./subscribers.ts";
import type { FarFacts } from "./telephone.ts";
import type { Visit } from "./visit.ts";
import type { World } from "./world.ts";

/** One call of the product's, and what everybody else saw of it. */
export interface Evidence {
  readonly call: Call;
  readonly visit: Visit;
  readonly subscriber: SimulatedSubscriber;
  /** The visitor's telephone: once, unless it could not be called. */
  readonly user: readonly FarFacts[];
  readonly centers: readonly FarFacts[];
  /** How often the unit died under it, and how long it was away in all: what was due meanwhile came so much later. */
  readonly unitDeaths: number;
  readonly unitAwayMs: number;
  /** No packet of its trunk's was lost or late: what its ends saw must agree. */
  readonly isFair: boolean;
  /** What its history is found by. */
  readonly about: readonly string[];
}

/** Repetitions go on for so long after a call. */
const afterwardsMs = 40_000;

export function gather(world: World): readonly Evidence[] {
  const bySession = new Map(world.visits.map((visit) => [visit.browser.session as string, visit]));
  const facts = world.trunks.flatMap((trunk) => trunk.facts);
  const byUser = groupedBy(facts, ({ user }) => user);
  const byReference = groupedBy(facts, ({ reference }) => reference ?? "");
  const calls = world.stored.calls();
  const ofSession = groupedBy(calls, ({ session }) => session);
  return calls.flatMap((call) => {
    const visit = bySession.get(call.session);
    const subscriber = subscribers.find(({ id }) => id === call.subscriber);
    if (visit === undefined || subscriber === undefined) {
      world.history.broken("I4", [call.id], "a call that nobody asked for");
      return [];
    }
    const endMs = call.endedAtMs ?? Infinity;
    const isOfCall = ({ invitedAtMs }: FarFacts): boolean =>
      invitedAtMs >= call.beganAtMs && invitedAtMs <= endMs + afterwardsMs;
    // A visitor who clicks again has the same telephone.
    const next = ofSession.get(call.session)?.find(({ beganAtMs }) => beganAtMs > call.beganAtMs);
    const user = (byUser.get(visit.visitor.number) ?? [])
      .filter(isOfCall)
      .filter(({ invitedAtMs }) => invitedAtMs < (next?.beganAtMs ?? Infinity));
    const centers = (byReference.get(call.reference) ?? []).filter(isOfCall);
    const absences = world.unit.absences.filter(
      ({ fromMs, untilMs }) => untilMs >= call.beganAtMs && fromMs <= endMs + afterwardsMs,
    );
    const unitAwayMs = absences.reduce((sum, { fromMs, untilMs }) => sum + untilMs - fromMs, 0);
    const { address } = subscriber.trunk;
    const harmed = world.network.harms.some(
      ({ atMs, addresses }) =>
        atMs >= call.beganAtMs - 1_000 && atMs <= endMs + afterwardsMs && addresses.includes(address),
    );
    const about = [visit.visitor.number, call.id, ...[...user, ...centers].map(({ callId }) => callId)];
    return [
      {
        call,
        visit,
        subscriber,
        user,
        centers,
        unitDeaths: absences.length,
        unitAwayMs,
        isFair: !harmed,
        about,
      },
    ];
  });
}

function groupedBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}
