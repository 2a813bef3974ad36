import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import type { Settings } from "../settings.ts";
import { doubtful, type Finding, reasonOf, well, wrong } from "./finding.ts";
import { startOwnUnit } from "./own-unit.ts";
import { type CallFigures, type OpenTelephone, placeTestCall } from "./test-call.ts";
import { toneFile } from "./tone.ts";

/** What the unit brings every sound to. */
const tone = { hertz: 1000, seconds: 3, levelDbm0: -16 } as const;
const file = "tone.wav";
const check = "test call";

/**
 * A call over loopback by a unit of the doctor's own to a telephone of its own: SIP, the answer, RTP with a known tone one way
 * and a key the other, the end. No trunk is asked, and nobody is called.
 */
export async function checkTestCall(means: {
  readonly settings: Settings | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly openTelephone: OpenTelephone;
}): Promise<readonly Finding[]> {
  const { settings, clock, random, openTelephone } = means;
  const telephone = await openTelephone();
  try {
    await using own = await startOwnUnit({ sip: { address: "127.0.0.1", port: 0 }, settings, clock });
    writeFileSync(join(own.folder, file), toneFile(tone));
    return ofCall(await placeTestCall({ unit: own.unit, telephone, clock, random, file }));
  } catch (error) {
    const mend = "See what the checks before this one say; then start `tandem start` and read its log.";
    return [wrong(check, `It came to nothing: ${reasonOf(error)}.`, mend)];
  } finally {
    await telephone.close();
  }
}

export function ofCall({ heard, setUpMs, key }: CallFigures): readonly Finding[] {
  if (heard === undefined)
    return [
      wrong(
        check,
        "The call was answered, and nothing was heard.",
        "See that a firewall lets UDP through on loopback.",
      ),
    ];
  const { levelDbm0, frequencyHz, seconds, lostMs, gaps } = heard;
  const figures = { setUpMs, levelDbm0, frequencyHz, seconds, lostMs, gaps, keyCameBy: key ?? "not at all" };
  const says = `Answered after ${setUpMs} ms; a tone of ${tone.hertz} Hz came as ${frequencyHz} Hz at ${levelDbm0} dBm0, ${seconds} s long`;
  const asItShould =
    Math.abs(levelDbm0 - tone.levelDbm0) <= 1.5 &&
    Math.abs(frequencyHz - tone.hertz) <= 5 &&
    Math.abs(seconds - tone.seconds) <= 0.2;
  if (!asItShould)
    return [
      wrong(
        check,
        `${says}: that is not what was sent.`,
        "The machine may be too busy to send RTP in time: see its load.",
        figures,
      ),
    ];
  if (key === undefined)
    return [
      wrong(
        check,
        `${says}; a key pressed on the telephone did not come back.`,
        "See that a firewall lets UDP through both ways.",
        figures,
      ),
    ];
  if (lostMs > 0)
    return [
      doubtful(
        check,
        `${says}, with ${gaps} gaps of ${lostMs} ms together.`,
        "The machine is too busy to send RTP in time: see its load.",
        figures,
      ),
    ];
  return [well(check, `${says}, without a gap; a key came back.`, figures)];
}
