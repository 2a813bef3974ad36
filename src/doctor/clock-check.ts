import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { steadyClock } from "#base/clock.ts";
import { doubtful, type Finding, well, wrong } from "./finding.ts";
import { getPage } from "./get-page.ts";
import type { Patient } from "./patient.ts";

const check = "clock";
/** A Date header has whole seconds, and takes its time to come. */
const nearMs = 3_000;
const farMs = 60_000;
/** The two clocks began together when this process did. */
const steppedMs = 500;

/** The wall clock against the one that nobody sets, the files that lie here, and the web server at the public URL. */
export async function checkClock({ settings, clock }: Patient): Promise<readonly Finding[]> {
  const { publicUrl } = settings.http;
  const answer = publicUrl === undefined ? undefined : await getPage(publicUrl, clock);
  const theirs = answer?.type === "none" ? undefined : answer?.dateMs;
  return ofClock({
    aheadMs: theirs === undefined ? undefined : clock.now() - theirs,
    steppedByMs: clock.now() - steadyClock.now(),
    fromTheFuture: filesAfter(settings.dataFolder, clock.now() + nearMs),
  });
}

export function ofClock(seen: {
  /** Of the web server's; undefined when none has said. */
  readonly aheadMs: number | undefined;
  readonly steppedByMs: number;
  readonly fromTheFuture: readonly string[];
}): readonly Finding[] {
  const { aheadMs, steppedByMs, fromTheFuture } = seen;
  const found: Finding[] = [];
  const mend = "Let a time service (chrony, systemd-timesyncd) keep it.";
  if (aheadMs !== undefined && Math.abs(aheadMs) > nearMs) {
    const seconds = Math.round(aheadMs / 1000);
    const says = `It is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} the clock of the web server at the public URL.`;
    const figures = { aheadSeconds: seconds };
    // A subscriber's tokens say until when they are good.
    if (Math.abs(aheadMs) > farMs)
      found.push(wrong(check, says, `${mend} Signed clicks are refused when clocks differ.`, figures));
    else found.push(doubtful(check, says, mend, figures));
  }
  if (Math.abs(steppedByMs) > steppedMs)
    found.push(doubtful(check, `It was set by ${Math.round(steppedByMs)} ms while the doctor looked.`, mend));
  if (fromTheFuture.length > 0)
    found.push(
      doubtful(
        check,
        `Files of the data folder are from the future: ${fromTheFuture.join(", ")}.`,
        `The clock was set back, or is wrong now. ${mend}`,
      ),
    );
  if (found.length > 0) return found;
  const beside =
    aheadMs === undefined ? "nothing to compare it with but itself" : "as the web server's at the public URL";
  return [well(check, `It runs steadily, ${beside}.`)];
}

function filesAfter(folder: string, moment: number): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => {
    const facts = statSync(join(folder, name), { throwIfNoEntry: false });
    return facts !== undefined && facts.mtimeMs > moment;
  });
}
