import type { Browser, Visitor } from "./browser.ts";
import type { Chance } from "./chance.ts";
import type { FarCall, Holder } from "./far-call.ts";
import { pageCodes, ringSeconds } from "./subscribers.ts";
import type { Traits } from "./telephone.ts";
import type { WorldClock } from "./world-clock.ts";

/** What one visitor does, drawn before it happens. */
export interface Visit {
  readonly visitor: Visitor;
  readonly browser: Browser;
  readonly clickedAtMs: number;
  readonly traits: Traits;
  readonly holder: Holder;
}

interface People {
  readonly clock: WorldClock;
  readonly chance: Chance;
}

/** A telephone's ways, which may be odd. */
export function drawTraits(chance: Chance): Traits {
  const keys = chance.between(1, 10);
  const ringsAfterMs = chance.between(40, 900);
  return {
    ringsAfterMs,
    reaction: drawReaction(chance, ringsAfterMs),
    tellsKeysByInfo: keys <= 3,
    tellsKeysTwice: keys <= 2,
    sessionSeconds: chance.happens(0.35) ? 90 : undefined,
    takesUpdates: chance.happens(0.5),
    neverAcknowledges: chance.happens(0.02),
  };
}

function drawReaction(chance: Chance, ringsAfterMs: number): Traits["reaction"] {
  const drawn = chance.between(1, 100);
  if (drawn <= 82) return { type: "answers", afterMs: chance.between(300, 14_000) };
  if (drawn <= 86) return { type: "ignores" };
  // Just when the ring is over: the answer and the CANCEL may cross.
  if (drawn <= 90)
    return { type: "answers", afterMs: ringSeconds * 1_000 - ringsAfterMs + chance.between(-60, 10) };
  if (drawn <= 94) return { type: "declines", afterMs: chance.between(300, 9_000) };
  return { type: "rejects", status: chance.pick(486, 404, 480, 503, 600) };
}

/** At a telephone: the visitor. */
export function visitorOn({ clock, chance }: People): Holder {
  const key = chance.between(1, 100) <= 90 ? "1" : chance.pick("9", "", "5");
  const patienceMs = chance.happens(0.12) ? chance.between(200, 25_000) : 0;
  const talkMs = chance.happens(0.06) ? chance.between(120_000, 900_000) : chance.between(25_000, 110_000);
  const isLastToGo = chance.happens(0.5);
  return {
    answered(call) {
      habits(call, { clock, chance });
      if (patienceMs > 0) later(clock, patienceMs, () => call.hangsUp());
      else if (!isLastToGo) later(clock, talkMs, () => call.hangsUp());
      else later(clock, 1_500_000, () => call.hangsUp());
    },
    hears(call, words) {
      if (words.includes("press 1")) later(clock, chance.between(300, 4_000), () => call.presses(key));
    },
    over: () => {},
  };
}

/** At a telephone: an agent, who signs on, talks, and pushes pages. */
export function agentOn({ clock, chance }: People, pin: string | undefined): Holder {
  const willing = chance.between(1, 100);
  const talkMs = chance.happens(0.1) ? chance.between(120_000, 1_200_000) : chance.between(20_000, 100_000);
  let hasSignedOn = false;
  return {
    answered: (call) => habits(call, { clock, chance }),
    hears(call, words) {
      if (!words.includes("customer from the web is waiting") || hasSignedOn) return;
      if (willing > 96) return later(clock, chance.between(100, 3_000), () => call.hangsUp());
      if (willing > 92) return;
      if (willing > 88) return later(clock, chance.between(100, 6_000), () => call.presses("13#"));
      hasSignedOn = true;
      later(clock, chance.between(200, 7_000), () => call.presses(`${pin ?? ""}#`));
      for (let pushes = chance.between(0, 3); pushes > 0; pushes--) {
        const [code] = chance.happens(0.85) ? chance.pick(...twoCodes) : ["99"];
        later(clock, chance.between(12_000, 90_000), () => call.presses(`${code}#`));
      }
      later(clock, talkMs, () => call.hangsUp());
    },
    over: () => {},
  };
}

const [firstCode, ...otherCodes] = pageCodes;
const twoCodes = [firstCode ?? ["", ""], ...otherCodes] as const;

/** What telephones do by themselves while they talk. */
function habits(call: FarCall, { clock, chance }: People): void {
  if (chance.happens(0.2)) {
    const holdMs = chance.between(3_000, 60_000);
    later(clock, holdMs, () => call.reinvites("sendonly"));
    later(clock, holdMs + chance.between(500, 12_000), () => call.reinvites("sendrecv"));
  }
  // A phone whose session is refreshed after 45 s asks something of its own at that very moment.
  const { sessionSeconds } = call.facts.traits;
  if (sessionSeconds !== undefined && chance.happens(0.5))
    later(clock, sessionSeconds * 500 + chance.between(0, 50), () => call.reinvites("sendrecv"));
}

/** What happens to a browser during its visit. */
export function browses(browser: Browser, { clock, chance }: People): void {
  browser.clicks("anew");
  if (chance.happens(0.15)) later(clock, chance.between(50, 600), () => browser.clicks("again"));
  if (chance.happens(0.1)) later(clock, chance.between(1_000, 150_000), () => browser.clicks("again"));
  if (chance.happens(0.1)) later(clock, chance.between(50, 30_000), () => browser.clicks("anew"));
  if (chance.happens(0.15)) later(clock, chance.between(500, 60_000), () => browser.reloads());
  if (chance.happens(0.15)) {
    later(clock, chance.between(100, 20_000), () => {
      browser.opensTab();
      browser.looks();
    });
  }
  if (chance.happens(0.15)) {
    const sleepMs = chance.between(1_000, 60_000);
    later(clock, sleepMs, () => browser.sleeps());
    later(clock, sleepMs + chance.between(1_000, 90_000), () => browser.wakes());
  }
  if (chance.happens(0.1)) later(clock, chance.between(200, 90_000), () => browser.cancels());
  if (chance.happens(0.2)) later(clock, chance.between(20_000, 90_000), () => browser.closesPage());
}

function later(clock: WorldClock, ms: number, then: () => void): void {
  clock.at(clock.now() + ms, then);
}
