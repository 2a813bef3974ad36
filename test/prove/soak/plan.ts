import { seededRandom } from "#base/random.ts";
import type { CallOutcome } from "#call-manager/pages.ts";

/** How people let a call go, and what its record says then where nothing else goes wrong. */
const ways = {
  "the center hangs up": "completed",
  "the visitor hangs up": "completed",
  "the visitor is busy": "user-busy",
  "the visitor declines": "user-declined",
  "the visitor does not answer": "user-no-answer",
  "the visitor hangs up while it is announced": "user-hung-up-early",
  "the visitor hangs up while the center rings": "user-hung-up-early",
  "the center is busy": "center-busy",
  "the center does not answer": "center-no-answer",
  "the center hangs up before it has signed on": "agent-hung-up-early",
  "nobody signs on": "nobody-signed-on",
} as const satisfies Readonly<Record<string, CallOutcome>>;
export type Way = keyof typeof ways;

/** Of a hundred calls; the rest are talked through, half of them ended by the center. */
const unhappy: readonly (readonly [Way, number])[] = [
  ["the visitor is busy", 3],
  ["the visitor declines", 2],
  ["the visitor does not answer", 2],
  ["the visitor hangs up while it is announced", 3],
  ["the visitor hangs up while the center rings", 3],
  ["the center is busy", 3],
  ["the center does not answer", 2],
  ["the center hangs up before it has signed on", 2],
  ["nobody signs on", 2],
];

/** What the people of one call are going to do. */
export interface Plan {
  readonly way: Way;
  readonly outcome: CallOutcome;
  readonly phone: string;
  /** The visitor types the number, and is asked to agree by key; else the bank's token says it. */
  readonly types: boolean;
  /** The visitor's page stays open to the end, with its live connection. */
  readonly watches: boolean;
  /** Both telephones send audio for as long as they are off the hook; else the line is silent but for keys. */
  readonly talks: boolean;
  readonly userRingsMs: number;
  readonly centerRingsMs: number;
  /** From the center's `#` on. */
  readonly keysPageAfterMs: number | undefined;
  readonly hangsUpAfterMs: number;
}

const firstNumber = 2_000_000;

export function phoneOf(call: number): string {
  return `+1415${firstNumber + call}`;
}

/** Of a telephone's number, as a call's INVITE tells it. */
export function callOf(phone: string): number {
  return Number(phone.replace(/^\+?1415/, "")) - firstNumber;
}

/** What people do: drawn by a seed, unhappy ends among it; or all the same, and as quickly as they can (`set-up`). */
export type Manner = { readonly type: "drawn"; readonly seed: string } | { readonly type: "set-up" };

/** The same for the same manner and number of the call, whoever asks. */
export function planOf(manner: Manner, call: number): Plan {
  return manner.type === "drawn" ? drawn(manner.seed, call) : quick(call);
}

function quick(call: number): Plan {
  return {
    way: "the center hangs up",
    outcome: "completed",
    phone: phoneOf(call),
    ...{ types: false, watches: false, talks: false },
    ...{ userRingsMs: 20, centerRingsMs: 20 },
    ...{ keysPageAfterMs: undefined, hangsUpAfterMs: 3_000 },
  };
}

function drawn(seed: string, call: number): Plan {
  const random = seededRandom(`${seed} ${call}`);
  const way = wayBy(random.integer(100), random.integer(2) === 0);
  return {
    way,
    outcome: ways[way],
    phone: phoneOf(call),
    types: random.integer(10) === 0,
    watches: random.integer(4) === 0,
    talks: random.integer(8) === 0,
    userRingsMs: 200 + random.integer(800),
    centerRingsMs: 200 + random.integer(800),
    keysPageAfterMs: 2_500 + random.integer(500),
    hangsUpAfterMs: 4_500 + random.integer(1_500),
  };
}

function wayBy(percent: number, byCenter: boolean): Way {
  let left = percent;
  for (const [way, share] of unhappy) {
    left -= share;
    if (left < 0) return way;
  }
  return byCenter ? "the center hangs up" : "the visitor hangs up";
}
