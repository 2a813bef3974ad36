import { unreachable } from "#base/errors.ts";
import type { ForkStanding, Told } from "./call-standing.ts";
import type { CallEnd, CallEvent } from "./dialog/call-state.ts";
import type { CallParts } from "./placed-call.ts";
import type { CallListener, PlacedCall, WordToCall } from "./user-agent.ts";

/**
 * One call at several telephones at once (RFC 3261 16.7, done as the calls of a user agent), as plain data:
 *
 *   ringing ── the first answers: the others are hung up ──> chosen ── it is over ──> over
 *      └───── all have refused, one for all (6xx), or hung up by us ─────────────────> over
 */
export interface Fork {
  readonly phase: "ringing" | "chosen" | "over";
  readonly chosen: number | undefined;
  /** How each branch ended; undefined for one that has not. */
  readonly ends: readonly (CallEnd | undefined)[];
}

type ForkInput =
  | { readonly type: "heard"; readonly branch: number; readonly event: CallEvent }
  | { readonly type: "said"; readonly word: WordToCall };

type ForkEffect =
  | { readonly type: "tell"; readonly branch: number; readonly event: CallEvent }
  | { readonly type: "say"; readonly branch: number; readonly word: WordToCall };

export type ForkStep = readonly [Fork, readonly ForkEffect[]];

export function forked(branches: number): Fork {
  return { phase: "ringing", chosen: undefined, ends: Array.from({ length: branches }, () => undefined) };
}

export function step(fork: Fork, input: ForkInput): ForkStep {
  switch (input.type) {
    case "said":
      return said(fork, input.word);
    case "heard":
      return heard(fork, input.branch, input.event);
    default:
      return unreachable(input);
  }
}

function said(fork: Fork, word: WordToCall): ForkStep {
  if (fork.chosen !== undefined) return [fork, [{ type: "say", branch: fork.chosen, word }]];
  // Before the answer there is one thing to say, and each telephone is to hear it.
  return word.type === "hang-up" ? [{ ...fork, phase: "over" }, others(fork, word)] : [fork, []];
}

function heard(before: Fork, branch: number, event: CallEvent): ForkStep {
  const fork = event.type === "over" ? { ...before, ends: before.ends.with(branch, event.end) } : before;
  if (fork.chosen === branch) {
    return [event.type === "over" ? { ...fork, phase: "over" } : fork, [{ type: "tell", branch, event }]];
  }
  if (event.type === "answered") {
    // The CANCEL crossed the 200: the second to answer is told at once that somebody else has the call.
    if (fork.phase !== "ringing") return [fork, [{ type: "say", branch, word: elsewhere }]];
    const chosen: Fork = { ...fork, phase: "chosen", chosen: branch };
    return [chosen, [{ type: "tell", branch, event }, ...others(chosen, elsewhere)]];
  }
  if (fork.phase !== "ringing") return [fork, []];
  switch (event.type) {
    case "progress":
      // What was offered to one was offered to others too, and one answer to it can be heard: that of the telephone that is picked up.
      return [fork, [{ type: "tell", branch, event: { ...event, sdp: undefined } }]];
    case "over":
      return refused(fork, branch, event.end);
    case "offer":
      return [fork, [{ type: "say", branch, word: { type: "offer-refused", key: event.key } }]];
    case "offer-wanted":
    case "answer":
    case "digit":
      // Of a telephone that nobody has picked up.
      return [fork, []];
    default:
      return unreachable(event);
  }
}

function refused(fork: Fork, branch: number, end: CallEnd): ForkStep {
  const ends = fork.ends.filter((known) => known !== undefined);
  // RFC 3261 16.7, 5: a 6xx speaks for every telephone of this person.
  const forAll = end.type === "rejected" && end.status >= 600;
  if (!forAll && ends.length < fork.ends.length) return [fork, []];
  const over: Fork = { ...fork, phase: "over" };
  const best = ends.toSorted((one, other) => rank(one) - rank(other))[0] ?? end;
  return [over, [{ type: "tell", branch, event: { type: "over", end: best } }, ...others(over, elsewhere)]];
}

/** RFC 3261 16.7, 6: of several refusals the one that says most of the person is told. */
function rank(end: CallEnd): number {
  if (end.type !== "rejected") return 4;
  if (end.status >= 600) return 0;
  if (end.status === 486) return 1;
  return end.status >= 400 && end.status < 500 ? 2 : 3;
}

/** To each that is neither chosen nor over. */
function others(fork: Fork, word: WordToCall): readonly ForkEffect[] {
  return fork.ends.flatMap((end, branch) =>
    end === undefined && branch !== fork.chosen ? [{ type: "say" as const, branch, word }] : [],
  );
}

/** RFC 3326 2: the telephone shows no missed call. */
const elsewhere: WordToCall = {
  type: "hang-up",
  headers: [{ name: "Reason", value: 'SIP;cause=200;text="Call completed elsewhere"' }],
};

interface ForkParts {
  readonly heard: CallListener;
  /** How it stands, whenever that has changed; also while it is made. */
  readonly noted: (standing: ForkStanding) => void;
  /** The names of its branches' own rows. */
  readonly branches: readonly string[];
}

/** Carries the machine out: each branch is a call of its own, with a Call-ID of its own. */
export class ForkedCall implements PlacedCall {
  readonly #parts: ForkParts;
  readonly #branches: PlacedCall[] = [];
  #fork: Fork;
  #told: Told | undefined;

  constructor(parts: ForkParts, from?: ForkStanding) {
    this.#parts = parts;
    this.#fork = from === undefined ? forked(parts.branches.length) : asFork(from);
    this.#told = from?.told;
    parts.noted(this.standing);
  }

  /** The branches, in the order of their names. */
  add(place: (heard: CallParts["tell"]) => PlacedCall): void {
    const branch = this.#branches.length;
    this.#branches.push(place((event, from) => this.#take({ type: "heard", branch, event }, from)));
  }

  /** What a branch told when the first process died, and this did not get to hear. */
  catchUp(branch: number, { event, from }: Told): void {
    const isNews =
      event.type === "over" ? this.#fork.ends[branch] === undefined : this.#fork.chosen === undefined;
    if (isNews) this.#take({ type: "heard", branch, event }, from);
  }

  get standing(): ForkStanding {
    const { phase, chosen, ends } = this.#fork;
    const { branches } = this.#parts;
    return { phase, chosen, ends: ends.map((end) => end ?? null), branches, told: this.#told };
  }

  get told(): Told | undefined {
    return this.#told;
  }

  say(word: WordToCall): void {
    this.#take({ type: "said", word }, undefined);
  }

  #take(input: ForkInput, from: string | undefined): void {
    const [fork, effects] = step(this.#fork, input);
    this.#fork = fork;
    for (const effect of effects) {
      if (effect.type !== "tell") continue;
      const { event } = effect;
      if (event.type === "answered" || event.type === "over")
        this.#told = { event, from, branch: effect.branch };
    }
    this.#parts.noted(this.standing);
    for (const effect of effects) {
      if (effect.type === "tell") this.#parts.heard(effect.event, from, effect.branch);
      else this.#branches[effect.branch]?.say(effect.word);
    }
  }
}

function asFork({ phase, chosen, ends }: ForkStanding): Fork {
  return { phase, chosen, ends: ends.map((end) => end ?? undefined) };
}
