import type { Clock } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import { checkCenter } from "./center-check.ts";
import { checkClock } from "./clock-check.ts";
import { checkDatabase } from "./database-check.ts";
import { type Finding, reasonOf, wrong } from "./finding.ts";
import { checkMicrophone } from "./microphone-check.ts";
import { checkNat } from "./nat-check.ts";
import { checkNode } from "./node-check.ts";
import { checkPages } from "./pages-check.ts";
import type { Patient } from "./patient.ts";
import { checkPorts } from "./ports-check.ts";
import { checkPrompts } from "./prompts-check.ts";
import { checkSettings } from "./settings-check.ts";
import { checkSpeech } from "./speech-check.ts";
import type { OpenTelephone } from "./test-call.ts";
import { checkTestCall } from "./test-call-check.ts";
import { checkTrunks } from "./trunks-check.ts";
import { whoRuns } from "./who-runs.ts";

export interface Examination {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  /** `host:port` of a STUN server (RFC 8489) that says how the world sees us. */
  readonly stunServer: string | undefined;
  /** The far end of the test call. */
  readonly openTelephone: OpenTelephone;
}

/**
 * Looks at everything that a call needs, one check after the other, and tells each finding as it is made. Nothing of a platform
 * that runs is touched: no telephone but the doctor's own rings, and the database stays as it is. Gives all findings.
 */
export async function examine(
  examination: Examination,
  tell: (finding: Finding) => void,
): Promise<readonly Finding[]> {
  const { environment, ...means } = examination;
  const all: Finding[] = [];
  const run = async (name: string, check: () => Promise<readonly Finding[]>): Promise<void> => {
    for (const finding of await check().catch((error: unknown) => [gaveUp(name, error)])) {
      all.push(finding);
      tell(finding);
    }
  };

  const settings = await settingsOf(environment);
  await run("settings", async () => settings.findings);
  await run("node", checkNode);
  if (settings.read !== undefined) {
    const runs = await whoRuns(settings.read.settings, means.clock);
    const patient: Patient = { ...means, ...settings.read, runs };
    for (const [name, check] of checks) await run(name, () => check(patient));
  }
  const unitParts = { ...means, settings: settings.read?.settings };
  await run("speech", () => checkSpeech(unitParts));
  await run("test call", () => checkTestCall(unitParts));
  return all;
}

/** The test call to a center alone, once the settings can be read. */
export async function examineCenter(
  wish: Pick<Examination, "environment" | "clock" | "random"> & { readonly center: string },
  tell: (finding: Finding) => void,
): Promise<readonly Finding[]> {
  const { findings, read } = await settingsOf(wish.environment);
  const found =
    read === undefined
      ? findings
      : await checkCenter({ ...wish, settings: read.settings }).catch((error: unknown) => [
          gaveUp("center", error),
        ]);
  for (const finding of found) tell(finding);
  return found;
}

/** A browser's microphone alone; whoever sits before it does the rest. */
export async function examineMicrophone(
  wish: Pick<Examination, "clock" | "random"> & { readonly invite: (url: string) => void },
  tell: (finding: Finding) => void,
): Promise<readonly Finding[]> {
  const found = await checkMicrophone(wish).catch((error: unknown) => [gaveUp("microphone", error)]);
  for (const finding of found) tell(finding);
  return found;
}

/** Those that need settings that can be read. */
const checks: readonly (readonly [string, (patient: Patient) => Promise<readonly Finding[]>])[] = [
  ["ports", checkPorts],
  ["nat", checkNat],
  ["database", checkDatabase],
  ["trunks", checkTrunks],
  ["prompts", checkPrompts],
  ["pages", checkPages],
  ["clock", checkClock],
];

/** Whatever keeps them from being read: the checks that need none are still made. */
async function settingsOf(environment: Examination["environment"]): ReturnType<typeof checkSettings> {
  return await checkSettings(environment).catch((error: unknown) => ({
    findings: [gaveUp("settings", error)],
    read: undefined,
  }));
}

/** A check that fails by itself must not keep the others from being made. */
function gaveUp(name: string, error: unknown): Finding {
  return wrong(
    name,
    `This could not be looked at: ${reasonOf(error)}.`,
    "If the reason says nothing to you: it is a bug of the doctor's.",
  );
}

/** For a terminal: the verdict first, so that the eye finds what is not well. */
export function told({ check, verdict, says, mend }: Finding): string {
  const what = `${verdict.padEnd(7)}  ${check.padEnd(9)}  ${says}\n`;
  return mend === undefined ? what : `${what}${" ".repeat(20)}-> ${mend}\n`;
}
