import type { CallEnd } from "../sip/dialog/call-state.ts";
import type { HeaderLine } from "../sip/message/message.ts";
import type { PhonePlace } from "../sip/registrar/registrar.ts";
import { isBrowser } from "./invite.ts";

/** What is known of a leg that lost its browser. */
export interface LostAt {
  /** Where it talked. */
  readonly place: PhonePlace;
  /** Contacts of the same name that were registered beside it when it was lost. */
  readonly others: ReadonlySet<string>;
}

/**
 * Where the leg is taken up again without a person: the page that it talked to (its audio alone was lost, or it has another connection
 * now), or one that has registered since. A browser that stood beside it all the time has a person before it, who is to be rung.
 */
export function comesBackAt(places: readonly PhonePlace[], lost: LostAt): PhonePlace | undefined {
  const browsers = places.filter(isBrowser);
  return (
    browsers.find(({ uri }) => uri === lost.place.uri) ?? browsers.find(({ uri }) => !lost.others.has(uri))
  );
}

/** Where else a person can be rung, beside the places that ring already. */
export function elsewhere(
  places: readonly PhonePlace[],
  ringing: readonly PhonePlace[],
): readonly PhonePlace[] {
  return places.filter(({ uri }) => !ringing.some((other) => other.uri === uri));
}

/** RFC 3326 2: the telephone shows no missed call. */
export const pickedUpElsewhere: readonly HeaderLine[] = [
  { name: "Reason", value: 'SIP;cause=200;text="Call completed elsewhere"' },
];
/** Q.850: the media could not be had. */
export const notTakenUp: readonly HeaderLine[] = [{ name: "Reason", value: "Q.850;cause=41" }];

/** RFC 3261 21: of a telephone that is not there now. */
const goneStatuses: readonly number[] = [408, 480, 503];

export function isGone(end: CallEnd): boolean {
  return end.type === "no-response" || (end.type === "rejected" && goneStatuses.includes(end.status));
}
