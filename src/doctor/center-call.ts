import type { Clock } from "#base/clock.ts";
import { type LegId, makeId, type PermitId, type PlayId } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import type { CallReadyContext } from "#contract/interaction-context.ts";
import type { KeyedDigit, Segment } from "#contract/telecom.ts";
import type { TelecomUnit } from "#telecom/client.ts";
import type { CenterTarget } from "./center-target.ts";
import { LegEvents, TookTooLong } from "./leg-events.ts";

/** What brings a call's context to a center. */
export type Carrier = "DNIS" | "ANI" | "User-to-User" | "X-Tandem-Context" | "whisper";
/** What the person at the center keyed: 1, 2, or nothing in time. */
export type Confirmation = "yes" | "no" | "unsaid";

export interface CenterAnswers {
  readonly answeredAfterMs: number;
  /** How the first key came; undefined when none did. */
  readonly keysVia: KeyedDigit["via"] | undefined;
  readonly carriers: Readonly<Partial<Record<Carrier, Confirmation>>>;
}

const ringMs = 45_000;
const longestCallMs = 300_000;
const answerWithinMs = 20_000;
/** Each is asked so often before silence counts. */
const asks = 2;

/**
 * Calls the center as a visitor's call would, with the same context, and asks who answers, by voice, what of it has arrived; 1
 * means yes, 2 no, at any time. Throws in words when the call is not answered, or ends before the first key.
 */
export async function callCenter(means: {
  readonly unit: TelecomUnit;
  readonly center: CenterTarget;
  readonly context: CallReadyContext;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<CenterAnswers> {
  const { unit, center, context, clock, random } = means;
  const leg = makeId<LegId>("leg", random);
  const dialedAtMs = clock.now();
  const events = new LegEvents({ unit, clock, leg });
  try {
    unit.send({
      type: "dial",
      leg,
      permit: makeId<PermitId>("permit", random),
      target: center.target,
      identity: {
        ...(context.ani === undefined ? {} : { callingNumber: context.ani }),
        userToUserHex: Buffer.from(context.userToUser).toString("hex"),
        xContext: context.xContext,
      },
      ringUntilMs: dialedAtMs + ringMs,
      endAtMs: dialedAtMs + longestCallMs,
    });
    await events.next(({ type }) => type === "leg-answered", dialedAtMs + ringMs + answerWithinMs);
    const answeredAfterMs = clock.now() - dialedAtMs;
    if (center.postDialDigits !== undefined)
      unit.send({ type: "send-digits", leg, id: "through", digits: center.postDialDigits });
    const line = new Line({ unit, leg, events, clock, random });
    const began = await line.asks(greeting, (digit) => digit === "1");
    if (began === undefined) {
      unit.send({ type: "hang-up", leg, reason: "normal" });
      return { answeredAfterMs, keysVia: undefined, carriers: {} };
    }
    const carriers = await line.interviews(questions(context));
    unit.send({ type: "hang-up", leg, reason: "normal" });
    return { answeredAfterMs, keysVia: began.via, carriers };
  } finally {
    events.end();
  }
}

const greeting = [
  text("Hello. This is a test call from Tandem. Please answer with the keys of this telephone."),
  text("Press 1 to begin."),
];

function questions({
  dnis,
  ani,
  reference,
}: CallReadyContext): readonly (readonly [Carrier, readonly Segment[]])[] {
  const yesOrNo = text("Press 1 for yes, 2 for no.");
  const seen = { type: "digits", digits: reference } as const;
  const number = (value: string): Segment =>
    /^[0-9*#+]{1,40}$/.test(value)
      ? { type: "digits", digits: value }
      : { type: "spell", text: value, alphabet: "plain" };
  return [
    ["whisper", [text("Do you hear this voice loud and clear, and without gaps?"), yesOrNo]],
    [
      "DNIS",
      [text("Does your screen, or your system, show that this number was dialled:"), number(dnis), yesOrNo],
    ],
    ...(ani === undefined
      ? []
      : ([["ANI", [text("Does it show this calling number:"), number(ani), yesOrNo]]] as const)),
    ["User-to-User", [text("Does it show this reference, as user to user information:"), seen, yesOrNo]],
    ["X-Tandem-Context", [text("Does it show the same reference in the header X Tandem Context?"), yesOrNo]],
  ];
}

function text(words: string): Segment {
  return { type: "text", text: words };
}

/** The voice and the keys of one leg. */
class Line {
  readonly #means: ConstructorParameters<typeof Line>[0];

  constructor(means: {
    readonly unit: TelecomUnit;
    readonly leg: LegId;
    readonly events: LegEvents;
    readonly clock: Clock;
    readonly random: Random;
  }) {
    this.#means = means;
  }

  /** Each question's answer, as far as it was given: who hangs up in the middle has still said the first ones. */
  async interviews(
    asked: readonly (readonly [Carrier, readonly Segment[]])[],
  ): Promise<CenterAnswers["carriers"]> {
    const said: Partial<Record<Carrier, Confirmation>> = {};
    for (const [carrier] of asked) said[carrier] = "unsaid";
    try {
      for (const [carrier, segments] of asked) {
        const key = await this.asks(segments, (digit) => digit === "1" || digit === "2");
        if (key !== undefined) said[carrier] = key.digit === "1" ? "yes" : "no";
      }
      this.#says([text("Thank you. Goodbye.")]);
      await this.#means.events.next(
        ({ type }) => type === "play-ended",
        this.#means.clock.now() + answerWithinMs,
      );
    } catch {
      // The line is gone, with all that was still to be asked; the rest stays unsaid.
    }
    return said;
  }

  /** The key, undefined when none of those came however often it was asked. Throws when the call ends. */
  async asks(
    segments: readonly Segment[],
    wanted: (digit: string) => boolean,
  ): Promise<KeyedDigit | undefined> {
    const { events, clock } = this.#means;
    for (let asked = 0; asked < asks; asked += 1) {
      this.#says(segments);
      try {
        const event = await events.next(
          (each) => each.type === "digit" && wanted(each.key.digit),
          clock.now() + answerWithinMs,
        );
        if (event.type === "digit") return event.key;
      } catch (error) {
        if (!(error instanceof TookTooLong)) throw error;
      }
    }
    return undefined;
  }

  #says(segments: readonly Segment[]): void {
    const { unit, leg, random } = this.#means;
    const play = makeId<PlayId>("play", random);
    const prompt = { language: "en" as const, private: true, segments: [...segments] };
    unit.send({ type: "play", leg, play, loop: false, barge: true, prompt });
  }
}
