import { checkRecordAgainstCall } from "#rig/stored-call.ts";
import { type Evidence, gather } from "./evidence.ts";
import { unexplained } from "./explained.ts";
import { pageCodes, ringSeconds, subscribers } from "./subscribers.ts";
import type { FarFacts } from "./telephone.ts";
import type { Visit } from "./visit.ts";
import type { World } from "./world.ts";

/** Both sides of a moment may be seen so differently. */
const tolerance = 1_000;
/** Five seconds in the life of one web process; one that dies gives the next one's time to the page. */
const settledWithinMs = 60_000;
const farEnds = ({ user, centers }: Evidence): readonly FarFacts[] => [...user, ...centers];

type Found = readonly { readonly about: readonly string[]; readonly what: string }[];

/**
 * The design's invariants, over the histories of all parties. I3, I9 and a part of I13 are looked at as it happens
 * (`permit-watch.ts`, `far-call.ts`, `wire-watch.ts`). I5 (chat) and I8 (an agent's queue) are not here: what they are about is not built yet.
 */
const invariants: Readonly<Record<string, (of: readonly Evidence[], world: World) => Found>> = {
  "I1 no leg without an owner and a timer": (of, world) => [
    ...leftLegs(world),
    ...each(of, ({ call }) => (call.state === "ended" ? [] : ["it never ended"])),
    ...each(
      of.filter(({ isFair }) => isFair),
      (one) =>
        farEnds(one)
          .filter(({ over }) => over?.by !== "never proven")
          .flatMap((facts) => [...endedWithItsCall(facts, one), ...rangNoLonger(facts, one)]),
    ),
  ],
  "I2 a bridged call ends by a BYE, a limit or an operator": (of, world) =>
    each(
      of.filter(({ isFair, call }) => isFair && call.bridgedAtMs !== undefined),
      (one) => {
        const why = unexplained(one, world);
        return why === undefined ? [] : [why];
      },
    ),
  "I4 one record an attempt, with the telephones' own seconds": (of, world) => [
    ...world.visits.flatMap((visit) => answeredOnce(visit, of)),
    ...each(
      of.filter(({ isFair }) => isFair),
      secondsDiffer,
    ),
  ],
  "I6 a push is shown once, or the agent hears that it is not": (of, world) => [
    ...each(of, (one) => [...pagesDiffer(one, world), ...(one.isFair ? pushesDiffer(one) : [])]),
    ...world.visits.flatMap((visit) => shownOtherwise(visit, world)),
  ],
  "I7 nothing crosses subscribers": (of, world) => [
    ...world.trunks.flatMap((trunk) => trunk.facts.flatMap(hearsOthers)),
    ...each(of, crossed),
    ...world.visits.flatMap(showsOthers),
  ],
  "I11 timers, transactions and ports are back at the baseline": (_, world) => leftovers(world),
  "I12 how a call ended is what its people did": (of, world) =>
    each(
      of.filter(({ isFair, call }) => isFair && call.bridgedAtMs === undefined),
      (one) => {
        const why = unexplained(one, world);
        return why === undefined ? [] : [why];
      },
    ),
  "I14 no telephone rings while calls are stopped": (_, world) => rangWhileStopped(world),
  "I15 no center without the visitor's consent": (of) => each(of, calledWithoutConsent),
  "I13 what is said is acknowledged and answered": (of) =>
    each(
      of.filter(({ isFair }) => isFair),
      (one) => farEnds(one).flatMap(unheard),
    ),
};

export async function check(world: World): Promise<void> {
  const { history } = world;
  const evidence = gather(world);
  for (const [name, look] of Object.entries(invariants))
    for (const { about, what } of look(evidence, world)) history.broken(name, about, what);
  for (const one of evidence) await checkRecord(one, world);
}

/** I10: the record is told from the journal alone, and must say what the stored call says. */
async function checkRecord({ call, about }: Evidence, world: World): Promise<void> {
  const asked = await world.web.ask((manager) => manager.call(call.id));
  const latest = await world.web.ask((manager) => manager.latestCall(call.session));
  try {
    if (asked === undefined) throw new Error("the web process is away");
    if (latest?.answer?.call === call.id)
      await checkRecordAgainstCall(asked.answer, call.session, world.database);
  } catch (error) {
    world.history.broken("I10 what the journal tells is what the call holds", about, String(error));
  }
}

function each(of: readonly Evidence[], look: (one: Evidence) => readonly string[]): Found {
  return of.flatMap((one) => look(one).map((what) => ({ about: one.about, what })));
}

function leftLegs({ unit, trunks }: World): Found {
  return [
    ...unit.legs.map(({ leg }) => ({ about: [leg], what: `${leg} is left in the unit` })),
    ...trunks.flatMap(({ facts }) =>
      facts
        .filter(({ over }) => over === undefined)
        .map(({ callId, user }) => ({ about: [callId], what: `${user}'s call never ended` })),
    ),
  ];
}

function endedWithItsCall({ user, over }: FarFacts, { call, unitAwayMs }: Evidence): readonly string[] {
  if (over === undefined || over.atMs <= (call.endedAtMs ?? 0) + tolerance + unitAwayMs) return [];
  return [`${user}'s line went on for ${over.atMs - (call.endedAtMs ?? 0)} ms after its call`];
}

function rangNoLonger(
  { user, invitedAtMs, answeredAtMs, over }: FarFacts,
  { unitAwayMs }: Evidence,
): readonly string[] {
  const rangMs = (answeredAtMs ?? over?.atMs ?? 0) - invitedAtMs;
  return rangMs > ringSeconds * 1_000 + tolerance + unitAwayMs ? [`${user} rang for ${rangMs} ms`] : [];
}

/** Who was told that a call began finds that call, and a form makes one at the most. */
function answeredOnce({ browser, visitor: { number } }: Visit, of: readonly Evidence[]): Found {
  const calls = of.filter(({ call }) => call.session === browser.session);
  const isLost = browser.call !== undefined && calls.every(({ call }) => call.id !== browser.call);
  return [
    ...(isLost ? [{ about: [number], what: "a call that was said to have begun is not there" }] : []),
    ...(calls.length > browser.forms
      ? [{ about: [number], what: `${browser.forms} forms made ${calls.length} calls` }]
      : []),
    ...(browser.begun === undefined ? [{ about: [number], what: "a click was never answered" }] : []),
  ];
}

function secondsDiffer(one: Evidence): readonly string[] {
  const { call, user, centers, unitAwayMs } = one;
  const lines = centers.map((each) => talkedMs([each]));
  return [
    ...differ("the visitor's line", call.userLegSeconds, { seenMs: [talkedMs(user)], unitAwayMs }),
    ...differ("the center's lines", call.centerLegSeconds, { seenMs: lines, unitAwayMs }),
  ];
}

function differ(
  which: string,
  recorded: number,
  { seenMs, unitAwayMs }: { readonly seenMs: readonly number[]; readonly unitAwayMs: number },
): readonly string[] {
  // Each line's seconds are whole, rounded up.
  const seen = seenMs.reduce((sum, ms) => sum + ms / 1000, 0);
  const most = Math.max(1, seenMs.length) * 1.2 + unitAwayMs / 1000;
  return Math.abs(recorded - seen) > most
    ? [`${which}: ${recorded} s are recorded, ${seen} s were seen`]
    : [];
}

function talkedMs(facts: readonly FarFacts[]): number {
  return facts.reduce(
    (sum, { answeredAtMs, over }) =>
      sum + (answeredAtMs === undefined ? 0 : (over?.atMs ?? 0) - answeredAtMs),
    0,
  );
}

/** The call, its pages and what the agent heard say the same. */
function pagesDiffer({ call, visit, centers, unitDeaths }: Evidence, world: World): readonly string[] {
  const pages = world.stored.pages(visit.browser.session).filter((row) => row.call === call.id);
  const pushed = pages.flatMap(({ page, result }) =>
    page.type === "pushed" ? [`${page.page} ${result}`] : [],
  );
  const held = call.pushed.map(({ page, result }) => `${page} ${result}`);
  const shown = call.pushed.filter(({ result }) => result === "shown").length;
  const late = call.pushed.filter(
    ({ atMs, resultAtMs = Infinity, result }) => result === "awaited" || resultAtMs - atMs > settledWithinMs,
  ).length;
  const confirmed = centers.flatMap(({ heard }) => heard).filter((words) => words === "[confirm]").length;
  const ends = pages.filter(({ page }) => page.type === "disconnect").length;
  return [
    ...(pushed.join() === held.join() ? [] : [`pages ${pushed.join()} for pushes ${held.join()}`]),
    // What the unit played when it died is said again.
    ...(confirmed > shown + unitDeaths ? [`${confirmed} pushes were confirmed, ${shown} were shown`] : []),
    ...(late > 0 ? [`of ${late} pushes it was not known in time whether they are shown`] : []),
    ...(ends === 1 ? [] : [`${ends} disconnect pages`]),
  ];
}

/** No page is pushed that was not keyed, nor more often. */
function pushesDiffer({ call, centers }: Evidence): readonly string[] {
  const keyed = centers.flatMap(({ pressed }) =>
    pressed
      .map(({ digit }) => digit)
      .join("")
      .split("#"),
  );
  return pageCodes.flatMap(([code, page]) => {
    const wanted = keyed.filter((keys) => keys === code || keys.endsWith(code)).length;
    const made = call.pushed.filter((push) => push.page === page).length;
    return made > wanted ? [`${page} was pushed ${made} times, keyed ${wanted} times`] : [];
  });
}

/** Within a second of the operator's word; or of the unit's return, when what it was told to dial before waited for that. */
function rangWhileStopped({ stops, trunks, wire, unit: { absences } }: World): Found {
  const heardAtMs = (atMs: number): number =>
    absences.find(({ fromMs, untilMs }) => fromMs <= atMs && atMs <= untilMs)?.untilMs ?? atMs;
  const isStopped = (atMs: number): boolean =>
    stops.some(({ fromMs, untilMs }) => atMs > heardAtMs(fromMs) + tolerance && atMs < untilMs);
  return trunks.flatMap(({ facts }) =>
    facts
      .filter(({ callId }) => isStopped(wire.beganAtMs(callId)))
      .map(({ callId, user }) => ({ about: [callId], what: `${user} was called while calls were stopped` })),
  );
}

function calledWithoutConsent({ subscriber, user, centers }: Evidence): readonly string[] {
  if (subscriber.policy["confirmation"] !== "always") return [];
  const agreed = user.flatMap(({ pressed }) => pressed).find(({ digit }) => digit === "1");
  return centers
    .filter(({ invitedAtMs }) => agreed === undefined || invitedAtMs < agreed.atMs)
    .map((center) => `${center.user} was called without the visitor's consent`);
}

/** Every tab shows each row of its session's log that was not taken back, once, in order. */
function shownOtherwise({ browser, visitor: { number } }: Visit, world: World): Found {
  const log = world.stored
    .pages(browser.session)
    .filter(({ result }) => result !== "not-shown")
    .map(({ seq }) => seq);
  return browser.tabs
    .map(({ shown }) => shown.map(({ seq }) => seq))
    .filter((shown) => shown.join() !== log.join())
    .map((shown) => ({ about: [number], what: `a tab showed ${shown.join()} of ${log.join()}` }));
}

function showsOthers({ browser, visitor: { number, subscriber } }: Visit): Found {
  const shown = JSON.stringify(browser.tabs.map((tab) => tab.shown));
  return subscribers
    .filter(({ id, canary }) => id !== subscriber.id && shown.includes(canary))
    .map(({ canary }) => ({ about: [number], what: `a tab shows something of ${canary}` }));
}

/** The trunk says whose telephone it was; every word of another subscriber is a word too many. */
function hearsOthers({ callId, trunk, says, heard, user }: FarFacts): Found {
  const words = [says, ...heard].join("\n");
  return subscribers
    .filter((each) => each.trunk.address !== trunk && words.includes(each.canary))
    .map(({ canary }) => ({ about: [callId], what: `${user} heard of ${canary}` }));
}

/** A customer's code is for the agent of that call alone, and the agent's keys are nobody's to hear. */
function crossed({ user, centers, visit }: Evidence): readonly string[] {
  const { code } = visit.visitor;
  const codesHeard = (facts: readonly FarFacts[]): readonly string[] =>
    facts.flatMap(({ heard }) => heard.flatMap((words) => words.match(/\bK[0-9]+\b/g) ?? []));
  return [
    ...codesHeard(user).map((heard) => `the visitor heard ${heard}`),
    ...codesHeard(centers)
      .filter((heard) => heard !== code)
      .map((heard) => `an agent heard ${heard}, another customer's`),
    ...user.flatMap(({ heardDigits }) =>
      heardDigits.length > 0 ? [`the visitor heard ${heardDigits.join("")}`] : [],
    ),
  ];
}

function leftovers({ unit, ether, timers, timersAtRest }: World): Found {
  const { timers: _, ...left } = unit.leftovers;
  const found = Object.entries({ ...left, ports: ether.openPorts }).filter(([, count]) => count > 0);
  if (timers > timersAtRest) found.push(["timers beyond those at the start", timers - timersAtRest]);
  return found.map(([what, count]) => ({ about: [], what: `${count} ${what} are left` }));
}

function unheard({ user, unacknowledged, unanswered, over }: FarFacts): readonly string[] {
  return [
    ...(unacknowledged > 0 ? [`${user}'s answer was never acknowledged`] : []),
    ...(unanswered > 0 ? [`${user} asked and was never answered`] : []),
    ...(over?.by === "gone" ? [`${user} was told that its call does not exist`] : []),
  ];
}
