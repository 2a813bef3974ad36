import type { NotReady } from "#contract/browser-phone.ts";

/** What is known of a telephone in a page at one moment. */
export interface PhoneCondition {
  readonly microphone: MicrophoneState;
  /** A page may make no sound, and hears nothing of its microphone, until a person has touched it. */
  readonly soundRuns: boolean;
  readonly registration: "none" | "registered" | "lost";
  /** When the platform last asked (OPTIONS), by the page's own clock. */
  readonly askedAtMs: number | undefined;
  /** Another tab of this browser has the telephone. */
  readonly isElsewhere: boolean;
}

export type MicrophoneState = "asked" | "live" | "refused" | "none" | "taken" | "insecure";

/** The person was asked, and there is none. */
export function isMissing(microphone: MicrophoneState): boolean {
  return microphone !== "live" && microphone !== "asked";
}

/** The platform asks every four seconds: this long without a question, and it does not know of us. */
export const longestSilenceMs = 10_000;

/**
 * Ready is measured, not declared: the microphone gives sound, the page may make some, the platform knows where we are, and has asked
 * lately. Gives what is missing, the nearest cause first.
 */
export function whyNotReady(condition: PhoneCondition, nowMs: number): NotReady | undefined {
  if (condition.isElsewhere) return "elsewhere";
  const why = whySoundless(condition);
  if (why !== undefined) return why;
  if (condition.registration === "none") return "connecting";
  if (condition.registration === "lost") return "connection-lost";
  const { askedAtMs } = condition;
  return askedAtMs === undefined || nowMs - askedAtMs > longestSilenceMs ? "not-asked" : undefined;
}

/** The part of it that the platform is told when it asks: whether a call here would be heard. */
export function whySoundless(
  condition: Pick<PhoneCondition, "microphone" | "soundRuns">,
): NotReady | undefined {
  if (condition.microphone !== "live") return ofMicrophone[condition.microphone];
  return condition.soundRuns ? undefined : "asleep";
}

const ofMicrophone = {
  asked: "microphone-asked",
  refused: "microphone-refused",
  none: "no-microphone",
  taken: "microphone-taken",
  insecure: "no-secure-page",
} as const satisfies Record<Exclude<MicrophoneState, "live">, NotReady>;

/** RFC 3326: for who reads the wire. */
export function reasonHeader(why: NotReady): string {
  return `Reason: SIP;cause=480;text="${why.replaceAll("-", " ")}"`;
}

/**
 * How long to wait before the nth try, 1 the first: twice as long each time, up to a bound, and spread so that a crowd that was thrown
 * off together does not come back together. `chance` is from 0 to 1.
 */
export function waitBeforeTryMs(tries: number, chance: number): number {
  const longest = Math.min(15_000, 250 * 2 ** Math.min(tries, 10));
  return Math.round(longest * (0.5 + chance / 2));
}
