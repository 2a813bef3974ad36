import type { Clock } from "#base/clock.ts";
import { type LegId, makeId, type PermitId, type PlayId } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import type { TelecomUnit } from "#telecom/client.ts";
import { LegEvents } from "./leg-events.ts";
import { type HeardTone, heardTone } from "./tone.ts";

/** A telephone that answers by itself, hears, and can press keys. */
export interface Telephone {
  readonly sipPort: number;
  press(digits: string): void;
  /** All of the last call, linear, 8 kHz. */
  recording(): Int16Array;
  close(): Promise<void>;
}

export type OpenTelephone = () => Promise<Telephone>;

export interface CallFigures {
  /** From the INVITE to the answer. */
  readonly setUpMs: number;
  readonly heard: HeardTone | undefined;
  /** How the telephone's key came back; undefined when it did not. */
  readonly key: "rfc4733" | "info" | "inband" | undefined;
}

const callWithinMs = 15_000;
const keyWithinMs = 3_000;

/** Dials, plays the file to its end, waits for a key, hangs up. Throws when the call is not answered, or takes too long. */
export async function placeTestCall(means: {
  readonly unit: TelecomUnit;
  readonly telephone: Telephone;
  readonly clock: Clock;
  readonly random: Random;
  /** Of the unit's prompt folder. */
  readonly file: string;
}): Promise<CallFigures> {
  const { unit, telephone, clock, random, file } = means;
  const leg = makeId<LegId>("leg", random);
  const play = makeId<PlayId>("play", random);
  const dialedAtMs = clock.now();
  const endAtMs = dialedAtMs + callWithinMs;
  const events = new LegEvents({ unit, clock, leg });
  try {
    unit.send({
      type: "dial",
      leg,
      permit: makeId<PermitId>("permit", random),
      target: {
        type: "trunk",
        host: "127.0.0.1",
        port: telephone.sipPort,
        transport: "udp",
        user: "doctor",
        codecs: ["PCMU"],
      },
      identity: {},
      ringUntilMs: endAtMs,
      endAtMs,
    });
    await events.next(({ type }) => type === "leg-answered", endAtMs);
    const setUpMs = clock.now() - dialedAtMs;
    const segments = [{ type: "file" as const, path: file }];
    unit.send({
      type: "play",
      leg,
      play,
      loop: false,
      barge: false,
      prompt: { language: "en", private: false, segments },
    });
    await events.next(({ type }) => type === "play-ended", endAtMs);
    telephone.press("5");
    const keyed = await events
      .next(({ type }) => type === "digit", clock.now() + keyWithinMs)
      .catch(() => undefined); // A key that does not come is a finding.
    const heard = heardTone(telephone.recording());
    unit.send({ type: "hang-up", leg, reason: "normal" });
    await events.next(({ type }) => type === "leg-ended", endAtMs);
    return { setUpMs, heard, key: keyed?.type === "digit" ? keyed.key.via : undefined };
  } finally {
    events.end();
  }
}
