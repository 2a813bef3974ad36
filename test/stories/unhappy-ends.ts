import type { PolicyShape } from "#network/config-schema.ts";
import {
  type Act,
  answers,
  challenges,
  hangsUp,
  holds,
  isCalled,
  isCancelled,
  isHungUp,
  isRefreshed,
  lingers,
  picksUp,
  picksUpAfterAll,
  picksUpAndMissesAck,
  picksUpAndWantsRefreshes,
  picksUpSpeakingOtherwise,
  picksUpTooLate,
  picksUpUnheard,
  picksUpWithoutDescription,
  playsEarlyMedia,
  playsEarlyMediaReliably,
  presses,
  redirectsTo,
  refreshes,
  refuses,
  refusesAfterAll,
  rings,
  ringsWhenProved,
  updates,
  waits,
  wakesUpLate,
} from "#rig/sipp/telephone-acts.ts";
import { says } from "#rig/sipp/far-end.ts";
import type { Scene, UnhappyStory } from "#rig/unhappy-story.ts";

const listensUntilHungUp: readonly Act[] = [answers, isHungUp];
const signsOn: readonly Act[] = [answers, presses("#")];
const login = { username: "tandem", password: "secret" };
const ringsProved = (status: 401 | 407): Act => (status === 401 ? ringsWhenProved(login) : rings);

/** So long that nobody hears the end of it. */
const long = { file: "long.wav" };
const longWhisper =
  "{subject}. The customer has read everything that there is to read about mortgages, and would like to hear it once more, from the beginning, by somebody who has the time for it, which is a good deal of time.";
const asks: PolicyShape = { confirmation: "always" };

/** The page's words for it; its headline stands on the list of what is to come, too. */
const connected = "Leave this page open: pages that the agent wants to show you";

/** Bob hangs up when the two have been connected. */
async function bobHangsUpInTheEnd({ browser, bob }: Scene): Promise<void> {
  await browser.shows(connected);
  await bob.cue();
}

async function annHangsUpInTheEnd({ browser, ann }: Scene): Promise<void> {
  await browser.shows(connected);
  await ann.cue();
}

const talksUntilBobHangsUp = {
  tell: bobHangsUpInTheEnd,
  outcome: "completed",
  page: "Goodbye",
  during: "converse",
} as const;

const talksUntilAnnHangsUp = { ...talksUntilBobHangsUp, tell: annHangsUpInTheEnd } as const;
const signsOnAndHangsUp: readonly Act[] = [...signsOn, waits, hangsUp];
const signsOnAndIsHungUp: readonly Act[] = [...signsOn, isHungUp];

/** These take a minute, so they begin first. */
export const slow: readonly UnhappyStory[] = [
  {
    title: "the center wants us to refresh the session: it comes after half the time",
    ann: listensUntilHungUp,
    bob: [rings, picksUpAndWantsRefreshes, presses("#"), isRefreshed, hangsUp],
    outcome: "completed",
    page: "Goodbye",
    during: "converse",
  },
  {
    title: "the call reaches its limit: both lines are ended",
    policy: { maxCallMinutes: 1 },
    talks: true,
    ann: listensUntilHungUp,
    bob: signsOnAndIsHungUp,
    outcome: "time-limit",
    page: "The call reached its time limit",
    during: "converse",
  },
  {
    title: "Ann's telephone says nothing at all",
    policy: { userRingSeconds: 5 },
    ann: "silent",
    outcome: "user-unreachable",
    page: "We could not reach your telephone",
  },
  {
    title: "Bob's telephone is gone without a word: our BYE is said until timer F ends it",
    ann: [answers, waits, hangsUp],
    bob: signsOn,
    vanishes: "bob",
    ...talksUntilAnnHangsUp,
  },
];

export const refusals: readonly UnhappyStory[] = [
  {
    title: "Ann's line is busy",
    ann: [rings, refuses(486)],
    outcome: "user-busy",
    page: "Your telephone was busy",
  },
  {
    title: "Ann's telephone rings, and then nobody is there (480)",
    ann: [rings, refuses(480)],
    outcome: "user-no-answer",
    page: "You did not answer",
  },
  {
    title: "Ann's carrier is out of order (503)",
    ann: [isCalled, refuses(503)],
    outcome: "user-unreachable",
    page: "We could not reach your telephone",
  },
  {
    title: "Ann's number does not exist (404)",
    ann: [isCalled, refuses(404)],
    outcome: "user-unreachable",
    page: "We could not reach your telephone",
  },
  {
    title: "Ann declines (603)",
    ann: [rings, refuses(603)],
    outcome: "user-declined",
    page: "The call was declined",
  },
  {
    title: "the center is busy",
    ann: listensUntilHungUp,
    bob: [isCalled, refuses(486)],
    outcome: "center-busy",
    page: "All lines are busy",
  },
  {
    title: "the center rings, and then nobody is there (480)",
    ann: listensUntilHungUp,
    bob: [rings, refuses(480)],
    outcome: "center-no-answer",
    page: "Nobody answered",
  },
  {
    title: "the center's carrier is out of order (503)",
    ann: listensUntilHungUp,
    bob: [isCalled, refuses(503)],
    outcome: "center-unreachable",
    page: "The call center cannot be reached",
  },
  {
    title: "the center's number does not exist (404)",
    ann: listensUntilHungUp,
    bob: [isCalled, refuses(404)],
    outcome: "center-unreachable",
    page: "The call center cannot be reached",
  },
  {
    title: "the center declines (603)",
    ann: listensUntilHungUp,
    bob: [rings, refuses(603)],
    outcome: "center-declined",
    page: "The call was not taken",
  },
  {
    title: "center first: Bob signed on, and Ann's line is busy",
    policy: { legOrder: "center-first" },
    ann: [isCalled, refuses(486)],
    bob: signsOnAndIsHungUp,
    outcome: "user-busy",
    page: "Your telephone was busy",
  },
  {
    title: "both at once: the center is busy while Ann's telephone rings",
    policy: { legOrder: "both-at-once" },
    ann: [rings, isCancelled],
    bob: [isCalled, refuses(486)],
    outcome: "center-busy",
    page: "All lines are busy",
  },
];

export const unanswered: readonly UnhappyStory[] = [
  {
    title: "Ann does not pick up: her telephone stops ringing at the deadline",
    policy: { userRingSeconds: 5 },
    ann: [rings, isCancelled],
    outcome: "user-no-answer",
    page: "You did not answer",
  },
  {
    title: "Ann's telephone says nothing until we have given up; then it rings, and is cancelled",
    policy: { userRingSeconds: 5 },
    ann: [wakesUpLate, [says(180)], isCancelled],
    outcome: "user-unreachable",
    page: "We could not reach your telephone",
  },
  {
    title: "Ann's telephone says nothing until we have given up; then she has picked up, and is hung up",
    policy: { userRingSeconds: 5 },
    ann: [wakesUpLate, picksUp, isHungUp],
    outcome: "user-unreachable",
    page: "We could not reach your telephone",
  },
  {
    title: "the first center does not pick up in time, or just too late; the second one takes the call",
    policy: { centerRingSeconds: 5 },
    ann: listensUntilHungUp,
    bob: [rings, picksUpTooLate(200)],
    carol: signsOnAndHangsUp,
    async tell({ browser, carol }) {
      await browser.shows(connected);
      await carol.cue();
    },
    outcome: "completed",
    page: "Goodbye",
    during: "converse",
  },
  {
    title: "nobody signs on at the first center, and the second one takes the call",
    policy: { signOn: { seconds: 3, asks: 1, whenNobody: "next-route" } },
    ann: listensUntilHungUp,
    bob: listensUntilHungUp,
    carol: signsOnAndHangsUp,
    async tell({ browser, carol }) {
      await browser.shows(connected);
      await carol.cue();
    },
    outcome: "completed",
    page: "Goodbye",
  },
  {
    title: "the center's trunk says nothing until we have given up; then it rings, and is cancelled",
    policy: { centerRingSeconds: 5 },
    ann: listensUntilHungUp,
    bob: [wakesUpLate, [says(180)], isCancelled],
    outcome: "center-unreachable",
    page: "The call center cannot be reached",
  },
  {
    title: "nobody picks up at the center",
    policy: { centerRingSeconds: 5 },
    ann: listensUntilHungUp,
    bob: [rings, isCancelled],
    outcome: "center-no-answer",
    page: "Nobody answered",
  },
  {
    title: "Ann picks up when we have just given up (481 to the CANCEL)",
    policy: { userRingSeconds: 5 },
    ann: [rings, picksUpTooLate(481)],
    outcome: "user-no-answer",
    page: "You did not answer",
  },
  {
    title: "Bob picks up when we have just given up (200 to the CANCEL)",
    policy: { centerRingSeconds: 5 },
    ann: listensUntilHungUp,
    bob: [rings, picksUpTooLate(200)],
    outcome: "center-no-answer",
    page: "Nobody answered",
  },
  {
    title: "voicemail answers at the center, and nobody signs on",
    policy: { signOn: { seconds: 3, asks: 1 } },
    ann: listensUntilHungUp,
    bob: listensUntilHungUp,
    outcome: "nobody-signed-on",
    page: "No agent was available",
  },
  {
    title: "Ann answers and presses nothing: the center is not called",
    policy: { ...asks, confirmationSeconds: 3 },
    ann: listensUntilHungUp,
    outcome: "user-did-not-confirm",
    page: "We did not hear you press 1",
  },
  {
    title: "somebody else answers and presses 9: the center is not called",
    policy: asks,
    ann: [answers, presses("9"), isHungUp],
    outcome: "user-refused-calls",
    page: "You will not be called again",
  },
];

export const annEndsIt: readonly UnhappyStory[] = [
  {
    title: "Ann cancels on the page while her telephone rings",
    ann: [rings, isCancelled],
    async tell({ browser }) {
      await browser.shows("Your telephone is ringing");
      await browser.endsTheCall();
    },
    outcome: "visitor-cancelled",
    page: "The call was cancelled",
    during: "call-user",
  },
  {
    title: "Ann cancels on the page, and picks up at the same moment",
    ann: [rings, picksUpTooLate(481)],
    async tell({ browser }) {
      await browser.shows("Your telephone is ringing");
      await browser.endsTheCall();
    },
    outcome: "visitor-cancelled",
    page: "The call was cancelled",
  },
  {
    title: "Ann hangs up while she is asked to press 1",
    policy: { ...asks, announcements: { userConfirm: long } },
    ann: [answers, waits, hangsUp],
    async tell({ browser, ann }) {
      await browser.shows("Press 1 on your telephone");
      await ann.cue();
    },
    outcome: "user-hung-up-early",
    page: "The call ended early",
    during: "user-confirms",
  },
  {
    title: "Ann hangs up during the announcement",
    policy: { announcements: { callingCenter: long } },
    ann: [answers, waits, hangsUp],
    async tell({ browser, ann }) {
      await browser.shows("We are calling the right person");
      await ann.cue();
    },
    outcome: "user-hung-up-early",
    page: "The call ended early",
    during: "announce",
  },
  {
    title: "Ann hangs up while the center's telephone rings",
    ann: [answers, waits, hangsUp],
    bob: [rings, isCancelled],
    async tell({ ann, bob }) {
      await bob.isReached("INVITE");
      await ann.cue();
    },
    outcome: "user-hung-up-early",
    page: "The call ended early",
    during: "call-center",
  },
  {
    title: "Ann hangs up while the center's telephone rings, and Bob picks up at the same moment",
    ann: [answers, waits, hangsUp],
    bob: [rings, picksUpTooLate(200)],
    async tell({ ann, bob }) {
      await bob.isReached("INVITE");
      await ann.cue();
    },
    outcome: "user-hung-up-early",
    page: "The call ended early",
  },
  {
    title: "Ann hangs up on the page while the center's telephone rings",
    ann: listensUntilHungUp,
    bob: [rings, isCancelled],
    async tell({ browser, bob }) {
      await bob.isReached("INVITE");
      await browser.endsTheCall();
    },
    outcome: "visitor-cancelled",
    page: "The call was cancelled",
    during: "call-center",
  },
  {
    title: "Ann hangs up while Bob is asked to press pound",
    ann: [answers, waits, hangsUp],
    bob: listensUntilHungUp,
    async tell({ ann, reaches }) {
      await reaches("agent-signs-on");
      await ann.cue();
    },
    outcome: "user-hung-up-early",
    page: "The call ended early",
    during: "agent-signs-on",
  },
  {
    title: "Ann hangs up while Bob is told what it is about",
    whisper: longWhisper,
    ann: [answers, waits, hangsUp],
    bob: signsOnAndIsHungUp,
    async tell({ browser, ann }) {
      await browser.shows("Somebody has answered");
      await ann.cue();
    },
    outcome: "user-hung-up-early",
    page: "The call ended early",
    during: "whisper",
  },
  {
    title: "Ann hangs up on the page while Bob is asked to press pound",
    ann: listensUntilHungUp,
    bob: listensUntilHungUp,
    async tell({ browser, reaches }) {
      await reaches("agent-signs-on");
      await browser.endsTheCall();
    },
    outcome: "visitor-cancelled",
    page: "The call was cancelled",
    during: "agent-signs-on",
  },
  {
    title: "Ann hangs up on the page while Bob is told what it is about",
    whisper: longWhisper,
    ann: listensUntilHungUp,
    bob: signsOnAndIsHungUp,
    async tell({ browser }) {
      await browser.shows("Somebody has answered");
      await browser.endsTheCall();
    },
    outcome: "visitor-cancelled",
    page: "The call was cancelled",
    during: "whisper",
  },
  {
    title: "center first: Ann hangs up while she is greeted",
    policy: { legOrder: "center-first", announcements: { userGreeting: long } },
    ann: [answers, waits, hangsUp],
    bob: signsOnAndIsHungUp,
    async tell({ ann, reaches }) {
      await reaches("announce");
      await ann.cue();
    },
    outcome: "user-hung-up-early",
    page: "The call ended early",
  },
  {
    title: "both at once: Ann hangs up while the center's telephone rings",
    policy: { legOrder: "both-at-once" },
    ann: [answers, waits, hangsUp],
    bob: [rings, isCancelled],
    async tell({ ann, bob, reaches }) {
      await bob.isReached("INVITE");
      await reaches("announce");
      await ann.cue();
    },
    outcome: "user-hung-up-early",
    page: "The call ended early",
  },
  {
    title: "Ann hangs up when they have talked",
    ann: [answers, waits, hangsUp],
    bob: signsOnAndIsHungUp,
    ...talksUntilAnnHangsUp,
  },
  {
    title: "Ann hangs up on the page when they have talked",
    ann: listensUntilHungUp,
    bob: signsOnAndIsHungUp,
    async tell({ browser }) {
      await browser.shows(connected);
      await browser.endsTheCall();
    },
    outcome: "completed",
    page: "Goodbye",
    during: "converse",
  },
];

export const bobEndsIt: readonly UnhappyStory[] = [
  {
    title: "Bob hangs up while he is asked to press pound",
    ann: listensUntilHungUp,
    bob: [answers, waits, hangsUp],
    async tell({ bob, reaches }) {
      await reaches("agent-signs-on");
      await bob.cue();
    },
    outcome: "agent-hung-up-early",
    page: "The call ended early",
    during: "agent-signs-on",
  },
  {
    title: "Bob hangs up while he is told what it is about",
    whisper: longWhisper,
    ann: listensUntilHungUp,
    bob: signsOnAndHangsUp,
    async tell({ browser, bob }) {
      await browser.shows("Somebody has answered");
      await bob.cue();
    },
    outcome: "agent-hung-up-early",
    page: "The call ended early",
    during: "whisper",
  },
  {
    title: "Bob hangs up when they have talked",
    ann: listensUntilHungUp,
    bob: signsOnAndHangsUp,
    ...talksUntilBobHangsUp,
  },
  {
    title: "center first: Bob hangs up while Ann's telephone rings",
    policy: { legOrder: "center-first" },
    ann: [rings, isCancelled],
    bob: signsOnAndHangsUp,
    async tell({ ann, bob }) {
      await ann.isReached("INVITE");
      await bob.cue();
    },
    outcome: "agent-hung-up-early",
    page: "The call ended early",
    during: "call-user",
  },
];

export const midCall: readonly UnhappyStory[] = [
  {
    title: "Ann holds the line and takes it back",
    ann: [answers, waits, holds(true), holds(false), hangsUp],
    bob: signsOnAndIsHungUp,
    ...talksUntilAnnHangsUp,
  },
  {
    title: "Bob holds the line and takes it back",
    ann: listensUntilHungUp,
    bob: [...signsOn, waits, holds(true), holds(false), hangsUp],
    ...talksUntilBobHangsUp,
  },
  {
    title: "Ann holds the line while the center rings, and is connected with it held",
    ann: [answers, holds(true), waits, holds(false), hangsUp],
    bob: signsOnAndIsHungUp,
    ...talksUntilAnnHangsUp,
  },
  {
    title: "Ann's telephone refreshes the session, by UPDATE and by re-INVITE",
    ann: [answers, waits, refreshes("UPDATE"), refreshes("INVITE"), hangsUp],
    bob: signsOnAndIsHungUp,
    ...talksUntilAnnHangsUp,
  },
  {
    title: "the center refreshes the session, by UPDATE and by re-INVITE",
    ann: listensUntilHungUp,
    bob: [...signsOn, waits, refreshes("UPDATE"), refreshes("INVITE"), hangsUp],
    ...talksUntilBobHangsUp,
  },
  {
    title: "Ann's telephone and the center describe themselves anew by UPDATE",
    ann: [answers, updates, waits, updates, hangsUp],
    bob: [...signsOn, updates, isHungUp],
    ...talksUntilAnnHangsUp,
  },
  {
    title: "something is heard before Ann picks up (183)",
    ann: [playsEarlyMedia, picksUp, isHungUp],
    bob: signsOnAndHangsUp,
    ...talksUntilBobHangsUp,
  },
  {
    title: "something is heard before the center picks up (183)",
    ann: listensUntilHungUp,
    bob: [playsEarlyMedia, picksUp, presses("#"), waits, hangsUp],
    ...talksUntilBobHangsUp,
  },
  {
    title: "something is heard before the center picks up, by a 183 that wants a PRACK",
    ann: listensUntilHungUp,
    bob: [playsEarlyMediaReliably, picksUpAfterAll, presses("#"), waits, hangsUp],
    ...talksUntilBobHangsUp,
  },
  {
    title: "Ann's telephone picks up in a codec that nobody offered",
    ann: [rings, picksUpSpeakingOtherwise, isHungUp],
    outcome: "user-unreachable",
    page: "We could not reach your telephone",
  },
  {
    title: "the center picks up and does not say where it hears",
    ann: listensUntilHungUp,
    bob: [rings, picksUpWithoutDescription, isHungUp],
    outcome: "center-unreachable",
    page: "The call center cannot be reached",
  },
  {
    title: "something is heard before the center is busy (183, 486)",
    ann: listensUntilHungUp,
    bob: [playsEarlyMedia, refuses(486)],
    outcome: "center-busy",
    page: "All lines are busy",
  },
];

export const trunks: readonly UnhappyStory[] = [
  {
    title: "Ann's trunk redirects to another number of its own (302)",
    ann: [isCalled, redirectsTo("sip:12025550199@[local_ip]:[local_port]"), answers, isHungUp],
    invites: { ann: 2 },
    bob: signsOnAndHangsUp,
    ...talksUntilBobHangsUp,
  },
  {
    title: "Ann's trunk redirects to somewhere else (302): nobody is called there",
    ann: [isCalled, redirectsTo("sip:900@192.0.2.66")],
    outcome: "user-unreachable",
    page: "We could not reach your telephone",
  },
  {
    title: "the center's trunk redirects to another number of its own (302)",
    ann: listensUntilHungUp,
    bob: [isCalled, redirectsTo("sip:7009@[local_ip]:[local_port]"), ...signsOnAndHangsUp],
    invites: { bob: 2 },
    ...talksUntilBobHangsUp,
  },
  {
    title: "the center's trunk redirects to somewhere else (302): nobody is called there",
    ann: listensUntilHungUp,
    bob: [isCalled, redirectsTo("sip:900@192.0.2.66")],
    outcome: "center-unreachable",
    page: "The call center cannot be reached",
  },
  ...([401, 407] as const).flatMap((status): UnhappyStory[] => [
    {
      title: `both trunks want to know who calls (${status}), and are told`,
      trunk: { credentials: login },
      proves: login,
      ann: [isCalled, challenges(status), ringsProved(status), picksUp, isHungUp],
      bob: [isCalled, challenges(status), ringsProved(status), picksUp, presses("#"), waits, hangsUp],
      invites: { ann: 2, bob: 2 },
      ...talksUntilBobHangsUp,
    },
    {
      title: `Ann's trunk does not believe who calls (${status}): it is not asked a third time`,
      trunk: { credentials: login },
      ann: [isCalled, challenges(status), isCalled, challenges(status)],
      invites: { ann: 2 },
      outcome: "user-unreachable",
      page: "We could not reach your telephone",
    },
    {
      title: `the center's trunk wants to know who calls (${status}), and we have nothing to say`,
      ann: listensUntilHungUp,
      bob: [isCalled, challenges(status)],
      outcome: "center-unreachable",
      page: "The call center cannot be reached",
    },
  ]),
];

/**
 * By these seeds each message that makes a call or ends it is lost at least once on either leg, where Bob hangs up; and the CANCEL
 * and the refusal, where those are said. The test asserts it.
 */
const lossSeeds = ["8", "14", "61", "65", "80", "86"];

export const losses: readonly UnhappyStory[] = [
  {
    title: "the word that Ann picked up is lost (200), and said again",
    ann: [rings, picksUpUnheard, isHungUp],
    bob: signsOnAndHangsUp,
    ...talksUntilBobHangsUp,
  },
  {
    title: "the word that Bob picked up is lost (200), and said again",
    ann: listensUntilHungUp,
    bob: [rings, picksUpUnheard, presses("#"), waits, hangsUp],
    ...talksUntilBobHangsUp,
  },
  {
    title: "our ACK to Ann is lost, and said again",
    ann: [rings, picksUpAndMissesAck, isHungUp],
    bob: signsOnAndHangsUp,
    ...talksUntilBobHangsUp,
  },
  {
    title: "our ACK to the center is lost, and said again",
    ann: listensUntilHungUp,
    bob: [rings, picksUpAndMissesAck, presses("#"), waits, hangsUp],
    ...talksUntilBobHangsUp,
  },
  ...lossSeeds.flatMap((seed): UnhappyStory[] => [
    {
      title: `every tenth datagram is lost (seed ${seed}), and Bob hangs up`,
      lossSeed: seed,
      ann: [...listensUntilHungUp, lingers],
      bob: signsOnAndHangsUp,
      ...talksUntilBobHangsUp,
    },
    {
      title: `every tenth datagram is lost (seed ${seed}), and the center is busy`,
      lossSeed: seed,
      ann: [...listensUntilHungUp, lingers],
      bob: [rings, refuses(486)],
      outcome: "center-busy",
      page: "All lines are busy",
    },
    {
      title: `every tenth datagram is lost (seed ${seed}), and Ann hangs up while the center's telephone rings`,
      lossSeed: seed,
      ann: [answers, waits, hangsUp],
      bob: [rings, isCancelled, lingers],
      async tell({ ann, bob }) {
        await bob.isReached("INVITE");
        await ann.cue();
      },
      outcome: "user-hung-up-early",
      page: "The call ended early",
    },
  ]),
];

/** Each with a kill -9 of the web process in its middle: the people go on while nobody is there to look after them. */
export const webDies: readonly UnhappyStory[] = [
  {
    title: "the web process dies while Ann's telephone rings; meanwhile her line is refused (486)",
    ann: [rings, waits, refusesAfterAll(486)],
    async tell({ browser, ann, webDies }) {
      await browser.shows("Your telephone is ringing");
      await webDies(() => ann.cue());
    },
    outcome: "user-busy",
    page: "Your telephone was busy",
    during: "call-user",
  },
  {
    title: "the web process dies while the center rings; meanwhile Ann hangs up",
    ann: [answers, waits, hangsUp],
    bob: [rings, isCancelled],
    async tell({ ann, bob, webDies }) {
      await bob.isReached("INVITE");
      await webDies(() => ann.cue());
    },
    outcome: "user-hung-up-early",
    page: "The call ended early",
  },
  {
    title: "the web process dies while Bob is told what it is about; meanwhile he hangs up",
    whisper: longWhisper,
    ann: listensUntilHungUp,
    bob: signsOnAndHangsUp,
    async tell({ browser, bob, webDies }) {
      await browser.shows("Somebody has answered");
      await webDies(() => bob.cue());
    },
    outcome: "agent-hung-up-early",
    page: "The call ended early",
    during: "whisper",
  },
  {
    title: "the web process dies while they talk; they talk on, and meanwhile Bob hangs up",
    ann: listensUntilHungUp,
    bob: signsOnAndHangsUp,
    async tell({ browser, bob, webDies }) {
      await browser.shows(connected);
      await webDies(() => bob.cue());
    },
    outcome: "completed",
    page: "Goodbye",
    during: "converse",
  },
  {
    title: "the web process dies while the center rings; the deadline passes before the next one is there",
    policy: { centerRingSeconds: 5 },
    ann: listensUntilHungUp,
    bob: [rings, isCancelled],
    async tell({ bob, webDies }) {
      await bob.isReached("INVITE");
      await webDies(() => bob.isReached("CANCEL"));
    },
    outcome: "center-no-answer",
    page: "Nobody answered",
  },
];
