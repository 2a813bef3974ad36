import { TandemError } from "#base/errors.ts";
import { readConfigFile } from "#network/config-file.ts";
import type { Trunk } from "#network/records.ts";
import { readSettings, type Settings } from "../settings.ts";
import { doubtful, type Finding, well, wrong } from "./finding.ts";

const check = "settings";

interface SettingsAnswer {
  readonly findings: readonly Finding[];
  /** Undefined when the settings cannot be used: most checks have nothing to look at then. */
  readonly read: { readonly settings: Settings; readonly trunks: readonly Trunk[] | undefined } | undefined;
}

/** The environment's settings, each that is wrong by its name; and the configuration file, line by line. */
export async function checkSettings(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<SettingsAnswer> {
  let settings: Settings;
  try {
    settings = readSettings(environment);
  } catch (error) {
    if (!(error instanceof TandemError) || error.code !== "SETTINGS_INVALID") throw error;
    const findings = Object.entries(error.details).map(([name, why]) =>
      wrong(check, `${name} ${String(why)}.`, "docs/operating.md lists each setting with its form."),
    );
    return { findings, read: undefined };
  }
  const config = await checkConfiguration(settings, environment);
  const findings = [...config.findings, ...ofDevelopment(settings)];
  return { findings, read: { settings, trunks: config.trunks } };
}

async function checkConfiguration(
  { configFile, unit }: Settings,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly findings: readonly Finding[]; readonly trunks: readonly Trunk[] | undefined }> {
  if (configFile === undefined) {
    const says = "TANDEM_CONFIG names no configuration file: what the database holds counts.";
    const mend = "Name the file, unless that is meant: it is not looked at.";
    return { findings: [doubtful(check, says, mend)], trunks: undefined };
  }
  try {
    const { subscribers, trunks } = await readConfigFile({
      path: configFile,
      promptFolder: unit.promptFolder,
      environment,
    });
    const counted = { subscribers: subscribers.length, trunks: trunks.length };
    const says = `All can be used; ${configFile} too (subscribers: ${counted.subscribers}, trunks: ${counted.trunks}).`;
    return { findings: [well(check, says, counted)], trunks };
  } catch (error) {
    if (!(error instanceof TandemError) || error.code !== "CONFIG_INVALID") throw error;
    const lines = [error.details["errors"]].flat().map(String);
    const mend = "Mend that line; `tandem config check` reads the file again.";
    return { findings: lines.map((line) => wrong(check, line, mend)), trunks: undefined };
  }
}

function ofDevelopment({ development, http }: Settings): readonly Finding[] {
  if (!development || http.publicUrl === undefined || isHere(http.publicUrl)) return [];
  const says = `TANDEM_DEVELOPMENT is true, and browsers come from ${http.publicUrl}.`;
  return [doubtful(check, says, "In production set TANDEM_SECRET_KEYS, and TANDEM_DEVELOPMENT not at all.")];
}

function isHere(url: string): boolean {
  return /^(localhost|127\..*|\[::1\])$/.test(new URL(url).hostname);
}
