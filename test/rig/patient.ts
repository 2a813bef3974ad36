import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "#base/clock.ts";
import { secureRandom } from "#base/random.ts";
import { usualPorts, withPorts } from "../../examples/demo-ports.ts";
import { openSoftphone, type Softphone } from "../../examples/softphones/softphone.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import type { Patient } from "../../src/doctor/patient.ts";
import { readSettings } from "../../src/settings.ts";

/** A platform for the doctor to look at: these settings in a folder of the test's, and nothing of it runs, unless told. */
export function patientIn(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
  more: Partial<Patient> = {},
): Patient {
  return {
    settings: readSettings({ TANDEM_DEVELOPMENT: "true", TANDEM_DATA: folder, ...environment }),
    trunks: [],
    clock: systemClock,
    random: secureRandom,
    stunServer: undefined,
    runs: { unit: false, web: false },
    ...more,
  };
}

/** `wrong: what it says`, a line each: what a test compares. */
export function linesOf(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ verdict, says }) => `${verdict}: ${says}`);
}

/** The far end of the doctor's test call; it picks up at once unless told. */
export function doctorsTelephone(
  wish: { readonly answers: boolean } = { answers: true },
): Promise<Softphone> {
  return openSoftphone({ name: "doctor", sipPort: 0, ...(wish.answers ? { answerAfterMs: 0 } : {}) });
}

/** The example's configuration, whose visitors and centers all answer at one telephone. */
export function exampleConfiguration(sipPort: number): string {
  const example = readFileSync(join(import.meta.dirname, "../../examples/tandem.config.jsonc"), "utf8");
  return withPorts(example, { ...usualPorts, annSip: sipPort, bobSip: sipPort });
}
