import type { CallOutcome } from "#call-manager/pages.ts";
import type { Evidence } from "./evidence.ts";
import { ringSeconds } from "./subscribers.ts";
import type { FarFacts } from "./telephone.ts";
import type { World } from "./world.ts";

/** Both sides of a moment may be seen so differently. */
const tolerance = 1_000;

/** How a call ended is what its people did: undefined, or what nobody did. Asked of calls alone that lost no packet. */
export function unexplained(of: Evidence, world: World): string | undefined {
  const { call, user, centers, visit } = of;
  const { outcome } = call;
  if (outcome === undefined) return "no outcome";
  // Who does not acknowledge our answer to a re-INVITE cannot be talked with any more (RFC 3261 14.2).
  const isMute = [...user, ...centers].some(
    ({ traits, answers }) => traits.neverAcknowledges && answers.some(({ method }) => method === "INVITE"),
  );
  if (isMute) return undefined;
  const stopped = world.stops.some(
    ({ fromMs, untilMs }) => fromMs <= (call.endedAtMs ?? 0) && untilMs >= call.beganAtMs,
  );
  return explains[outcome](of, { stopped, cancelled: visit.browser.hasCancelled })
    ? undefined
    : `nobody did what would end it as ${outcome}`;
}

type Explains = (of: Evidence, world: { readonly stopped: boolean; readonly cancelled: boolean }) => boolean;

const explains: Readonly<Record<CallOutcome, Explains>> = {
  completed: ({ call, user, centers }, { cancelled }) =>
    call.bridgedAtMs !== undefined && (cancelled || hungUp(user) || hungUp(centers)),
  "visitor-cancelled": (_, { cancelled }) => cancelled,
  "user-busy": ({ user }) => rejected(user, 486, 600),
  "user-no-answer": (of) => rejected(of.user, 404, 480) || rangOut(of.user, of),
  "user-declined": ({ user }) => declined(user),
  "user-unreachable": ({ user }) => rejected(user, 404, 503),
  "user-did-not-confirm": ({ user }) => !pressed(user, "1") || user.some(({ heard }) => heard.length === 0),
  "user-refused-calls": ({ user }) => pressed(user, "9"),
  "user-hung-up-early": ({ user }) => hungUp(user),
  "center-busy": ({ centers }) => rejected(centers, 486, 600),
  "center-no-answer": (of) => rejected(of.centers, 480) || rangOut(of.centers, of),
  "center-declined": ({ centers }) => declined(centers),
  "center-unreachable": ({ centers }) => rejected(centers, 404, 503),
  "center-closed": () => false,
  // An agent signs on by the key, with the PIN where there is one; keys that came too late did not.
  "nobody-signed-on": ({ centers }) =>
    centers.some(({ answeredAtMs }) => answeredAtMs !== undefined) && !signedOnInTime(centers),
  "agent-hung-up-early": ({ centers }) => hungUp(centers),
  "not-permitted": (_, { stopped }) => stopped,
  // Whatever a call waits for before it is bridged has a time of its own: nobody talks, so nobody talks too long.
  "time-limit": ({ call, subscriber }) =>
    call.bridgedAtMs !== undefined &&
    (call.overAtMs ?? 0) - call.bridgedAtMs >= subscriber.talksAtMostMs - tolerance,
  "platform-failed": () => false,
};

function hungUp(facts: readonly FarFacts[]): boolean {
  return facts.some(({ over }) => over?.by === "hung up");
}

function rejected(facts: readonly FarFacts[], ...statuses: readonly number[]): boolean {
  return facts.some(
    ({ over, traits: { reaction } }) =>
      over?.by === "rejected" && reaction.type === "rejects" && statuses.includes(reaction.status),
  );
}

function declined(facts: readonly FarFacts[]): boolean {
  return facts.some(({ over, traits }) => over?.by === "rejected" && traits.reaction.type === "declines");
}

/** The time to ring is counted from the dial's command, which a unit that was away took later. */
function rangOut(facts: readonly FarFacts[], { unitAwayMs }: Evidence): boolean {
  return facts.some(
    ({ over, cancelledAtMs, invitedAtMs }) =>
      (over?.by === "cancelled" || over?.by === "BYE came") &&
      (cancelledAtMs ?? over.atMs) - invitedAtMs >= ringSeconds * 1_000 - tolerance - unitAwayMs,
  );
}

function pressed(facts: readonly FarFacts[], key: string): boolean {
  return facts.some((of) => of.pressed.some(({ digit }) => digit === key));
}

/** Asked twice, ten seconds each. */
const signOnMs = 20_000;

function signedOnInTime(facts: readonly FarFacts[]): boolean {
  return facts.some(({ pressed: keys, answeredAtMs = Infinity }) => {
    const inTime = keys.filter(({ atMs }) => atMs < answeredAtMs + signOnMs - tolerance);
    const text = inTime.map(({ digit }) => digit).join("");
    return text.includes("#") && !text.startsWith("13#");
  });
}
