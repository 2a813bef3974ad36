import type { CallId, LegId, PermitId, SessionId, SubjectId, SubscriberId } from "#base/ids.ts";
import type { InteractionContext } from "#contract/interaction-context.ts";
import type { Language, Policy, Route } from "#network/records.ts";
import type { PagePushed } from "./call-record.ts";
import type { GuestPhone } from "./guest-phone.ts";
import type { CallOutcome } from "./pages.ts";
import type { StepName, StepOrder } from "./web-call.ts";

/**
 * One call, as it is stored between two steps: all that a step may know of the past. Plain and readonly; it survives JSON.
 * What the unit knows (is it ringing, which digits were keyed) is not here: the unit is asked.
 */
export interface Call extends CallFacts {
  readonly id: CallId;
  /** Six digits, unique among live calls: names the call to an agent. */
  readonly reference: string;
  readonly session: SessionId;
  readonly subscriber: SubscriberId;
  readonly subject: SubjectId;
  readonly context: InteractionContext;
  readonly language: Language;
  /** E.164, a number of the subscriber's private numbering plan, or `browser`. */
  readonly visitorNumber: string;
  /** The visitor talks from the browser: what its telephone is admitted as. */
  readonly guest?: GuestPhone;
  readonly ipAddress: string;
  readonly userPermit: PermitId;
  /** As they were at the click: a subscriber's change does not touch live calls. */
  readonly policy: Policy;
  readonly legOrder: Policy["legOrder"];
  readonly order: StepOrder;
  readonly beganAtMs: number;
  /** The life of the unit in which the call's lines are. */
  readonly unitBoot: string;
}

/** What becomes true of a call on its way. */
export interface CallFacts {
  readonly state: "live" | "ended";
  /** The steps behind us; with `order` it says which come next. */
  readonly done: readonly StepName[];
  /** When each running step began: deadlines count from here, so that a crash stretches none. */
  readonly began: Readonly<Partial<Record<StepName, number>>>;
  /** How often in a row a step failed for a reason that nobody foresaw. */
  readonly bugs: number;
  /** 205. Where the call may go, in this order. */
  readonly routes: readonly Route[];
  /** One for each center leg; the last is the one in hand. */
  readonly attempts: readonly CenterAttempt[];
  /** When the visitor's telephone answered, as the unit saw it: a unit that is lost cannot be asked any more. */
  readonly userAnsweredAtMs?: number;
  /** Answered and not let go: if one of these ends, the call is over wherever it is. */
  readonly userHeld: boolean;
  readonly agentHeld: boolean;
  /** 209. When the question had been heard: the time to answer counts from there. */
  readonly askedAtMs?: number;
  /** 213. False when the subscriber bridges a center that nobody signed on at: then nothing private is whispered. */
  readonly signedOn: boolean;
  readonly wrongPins: number;
  readonly bridgedAtMs?: number;
  /** Digits of each leg up to this number are dealt with. */
  readonly digitsTaken: Readonly<Record<LegId, number>>;
  /** The first is push 1. */
  readonly pushed: readonly PagePushed[];
  /** The tone that the agent heard last: of a code, or of a page. */
  readonly answer?: { readonly play: string; readonly tone: "confirm" | "refuse" };
  readonly outcome?: CallOutcome;
  readonly overAtMs?: number;
  readonly endedAtMs?: number;
  readonly userLegSeconds: number;
  readonly centerLegSeconds: number;
  readonly bridgedSeconds: number;
}

export interface CenterAttempt {
  readonly leg: LegId;
  readonly permit: PermitId;
  readonly route: Route;
  /** `dialing`, `answered`, `signed-on`, or how it ended: `busy`, `given-up` when the call was over before somebody answered. */
  readonly result: string;
  /** When it answered, as the unit saw it, and when it was let go for the next route. */
  readonly answeredAtMs?: number;
  readonly letGoAtMs?: number;
}

/** From the click to the bridge, whatever the policy's own times add up to. */
const longestSetUpMs = 10 * 60_000;
/** The unit's own limit comes a little after ours, so that a goodbye can be said. */
const lastWordsMs = 60_000;

/** Whatever happens, the call is over then: the policy's minutes are for talking, and count from the bridge. */
export function endsAtMs(call: Pick<Call, "beganAtMs" | "bridgedAtMs" | "policy">): number {
  if (call.bridgedAtMs === undefined) return call.beganAtMs + longestSetUpMs;
  return call.bridgedAtMs + call.policy.maxCallMinutes * 60_000;
}

/** When the unit ends every line of the call, should nobody be there to tell it. */
export function linesEndAtMs(call: Pick<Call, "beganAtMs" | "policy">): number {
  return call.beganAtMs + longestSetUpMs + call.policy.maxCallMinutes * 60_000 + lastWordsMs;
}

/** The same leg in every life of the process: this is what keeps a telephone from being rung twice. */
export function userLegOf(call: Pick<Call, "id">): LegId {
  return `${call.id}.user` as LegId;
}

export function centerLegOf(call: Pick<Call, "id">, attempt: number): LegId {
  return `${call.id}.center.${attempt}` as LegId;
}

/** The center leg in hand. */
export function currentCenterLeg(call: Call): LegId | undefined {
  return call.attempts.at(-1)?.leg;
}

/** Whose leg (or bridge) this is: every name that the unit is told begins with its call's id. */
export function callOfLeg(name: string): CallId {
  return name.slice(0, name.indexOf(".")) as CallId;
}
