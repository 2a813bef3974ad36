import { existsSync, globSync } from "node:fs";
import { hearFile } from "#telecom/soundness.ts";
import { doubtful, type Finding, well, wrong } from "./finding.ts";
import type { Patient } from "./patient.ts";

const check = "prompts";
const longestSeconds = 120;

/** The operator's WAV files, each read as an announcement is. */
export async function checkPrompts({ settings }: Patient): Promise<readonly Finding[]> {
  const folder = settings.unit.promptFolder;
  if (folder === undefined)
    return [well(check, "TANDEM_PROMPTS names no folder: Tandem speaks in its own words.")];
  if (!existsSync(folder))
    return [wrong(check, `The folder ${folder} is not there.`, "Make it, or set TANDEM_PROMPTS to another.")];
  const files = globSync("**/*.{wav,WAV}", { cwd: folder }).toSorted();
  const found: Finding[] = [];
  for (const file of files) {
    const heard = await hearFile(folder, file);
    if ("why" in heard)
      found.push(
        wrong(
          check,
          `${file} cannot be heard: ${heard.why}.`,
          "Make it a WAV file of PCM (8 or 16 bits) or G.711, one or two channels.",
        ),
      );
    else if (heard.seconds >= longestSeconds)
      found.push(
        doubtful(
          check,
          `${file} is cut after ${longestSeconds} seconds.`,
          "Shorten it: nobody listens so long.",
        ),
      );
    else if (heard.seconds === 0) found.push(wrong(check, `${file} is empty.`, "Record it again."));
  }
  return found.length > 0
    ? found
    : [well(check, `Each of ${files.length} files in ${folder} can be heard.`, { files: files.length })];
}
