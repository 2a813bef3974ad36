import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { TandemError } from "#base/errors.ts";
import type { SubscriberId, TrunkId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import { mostPhones } from "#contract/telecom.ts";
import type { Database } from "#store/database.ts";
import type { Complaint } from "./config/complaints.ts";
import type { Configuration } from "./config/configuration.ts";
import type { Reading } from "./config/read-policy.ts";
import { readShape } from "./config/read-shape.ts";
import { readSubscriber } from "./config/read-subscriber.ts";
import { readTrunk } from "./config/read-trunk.ts";
import { replaceConfiguration } from "./replace-configuration.ts";
import { hasSubscribers } from "./subscriber-table.ts";
import type { Trunk } from "./records.ts";

const mostOnPlatform = mostPhones.inPart * mostPhones.parts;

interface ConfigSource {
  readonly path: string;
  /** Where announcements' WAV files lie. Without it there are none, and a file that names one is wrong. */
  readonly promptFolder?: string | undefined;
  /** Where `{ "env": "NAME" }` is looked up; the process's own, unless told. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Loads `tandem.config.jsonc` (or `.json`) into the database: all of it in one transaction, in place of what stood there.
 * Live calls keep what they stored. Throws as `readConfigFile` does; then nothing has changed.
 */
export async function loadConfigFile(
  options: ConfigSource & { readonly database: Database; readonly log: Log },
): Promise<Configuration> {
  const read = await readConfigFile(options);
  await options.database.transaction((tx) => replaceConfiguration(tx, read));
  options.log.info(
    { subscribers: read.subscribers.length, routes: read.routes.length, trunks: read.trunks.length },
    "The configuration was loaded.",
  );
  return read;
}

/**
 * `loadConfigFile` for a process that must come up: calls may be waiting for it. A file that has been spoiled since the last start
 * is logged, line by line, and the platform goes on with what the database holds (`kept`). Throws CONFIG_INVALID where that is nothing.
 */
export async function loadOrKeepConfig(
  options: ConfigSource & { readonly database: Database; readonly log: Log },
): Promise<"loaded" | "kept"> {
  try {
    await loadConfigFile(options);
    return "loaded";
  } catch (error) {
    const invalid = error instanceof TandemError && error.code === "CONFIG_INVALID";
    if (!invalid || !(await hasSubscribers(options.database))) throw error;
    options.log.error(
      { errors: error.details["errors"] },
      "The configuration file has errors; what was loaded before holds on.",
    );
    return "kept";
  }
}

/**
 * Reads a configuration file and checks all of it. Throws CONFIG_INVALID, whose `details.errors` are lines
 * `file:line:column: path message`, for everything that is wrong at once.
 */
export async function readConfigFile(source: ConfigSource): Promise<Configuration> {
  const { path, promptFolder, environment = process.env } = source;
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new TandemError("CONFIG_INVALID", { errors: [`${path}: cannot be read`] }, error);
  }
  const read = readConfig(text, {
    environment,
    promptExists: (file) => promptFolder !== undefined && existsSync(join(promptFolder, file)),
  });
  if (!("complaints" in read)) return read;
  const errors = read.complaints.map(
    ({ line, column, path: place, message }) =>
      `${path}:${line}:${column}: ${place === "" ? "" : `${place} `}${message}`,
  );
  throw new TandemError("CONFIG_INVALID", { errors });
}

/** The records of a configuration's text, or everything that is wrong with it, in the order of the file. */
export function readConfig(
  text: string,
  means: Omit<Reading, "complaints">,
): Configuration | { readonly complaints: readonly Complaint[] } {
  const { shape, complaints } = readShape(text);
  if (shape === undefined) return { complaints: complaints.all };
  const reading: Reading = { ...means, complaints };
  const trunks = Object.entries(shape.trunks).map(([id, trunk]) => readTrunk(id as TrunkId, trunk, reading));
  const trunkOf = new Map<string, Trunk>(trunks.map((trunk) => [trunk.id, trunk]));
  const each = Object.entries(shape.subscribers).map(([id, subscriber]) =>
    readSubscriber(id as SubscriberId, subscriber, trunkOf, reading),
  );
  const phones = each.flatMap((one) => one.phones);
  if (phones.length > mostOnPlatform)
    complaints.add(["subscribers"], `must have at most ${mostOnPlatform} phones, all together`);
  if (complaints.all.length > 0) return { complaints: complaints.all };
  return {
    trunks,
    subscribers: each.map(({ subscriber }) => subscriber),
    subjects: each.flatMap(({ subjects }) => subjects),
    centers: each.flatMap(({ centers }) => centers),
    phones,
    routes: each.flatMap(({ routes }) => routes),
    pages: each.flatMap(({ pages }) => pages),
    digitMappings: each.flatMap(({ digitMappings }) => digitMappings),
  };
}
