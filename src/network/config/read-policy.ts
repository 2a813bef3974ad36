import type { JSONPath } from "jsonc-parser";
import type { AnnouncementShape, PolicyShape, SecretShape, TextsShape } from "../config-schema.ts";
import { limitDefaults, policyDefaults } from "../defaults.ts";
import type { Announcement, Announcements, Language, Policy, Texts } from "../records.ts";
import type { Complaints } from "./complaints.ts";

/** What the values of a file are read with: its complaints, the environment, and the folder of prompts. */
export interface Reading {
  readonly complaints: Complaints;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether the folder of prompts holds this file. */
  readonly promptExists: (file: string) => boolean;
}

/** A subscriber's policy: what the file says, over the defaults. */
export function readPolicy(
  told: PolicyShape | undefined,
  path: JSONPath,
  language: Language,
  reading: Reading,
): Policy {
  const { signOn = {}, announcements = {}, limits = {}, ...rest } = told ?? {};
  const { pin, ...signOnRest } = signOn;
  const readPin = pin === undefined ? undefined : readSecret(pin, [...path, "signOn", "pin"], reading);
  // One that the environment does not hold has been told of.
  if (readPin !== undefined && readPin !== "" && !/^[0-9]{1,12}$/.test(readPin)) {
    reading.complaints.add([...path, "signOn", "pin"], "must be 1 to 12 digits");
  }
  return {
    ...policyDefaults,
    ...rest,
    signOn: { ...policyDefaults.signOn, ...signOnRest, ...(readPin !== undefined && { pin: readPin }) },
    announcements: readAnnouncements(announcements, [...path, "announcements"], language, reading),
    limits: { ...limitDefaults, ...limits },
  };
}

function readAnnouncements(
  told: NonNullable<PolicyShape["announcements"]>,
  path: JSONPath,
  language: Language,
  reading: Reading,
): Announcements {
  const read: { -readonly [Name in keyof Announcements]: Announcements[Name] } = {};
  for (const name of Object.keys(told) as (keyof Announcements)[]) {
    const announcement = told[name];
    if (announcement !== undefined)
      read[name] = readAnnouncement(announcement, [...path, name], language, reading);
  }
  return read;
}

const announcementNames = ["subscriber", "subject", "key"];

function readAnnouncement(
  told: AnnouncementShape,
  path: JSONPath,
  language: Language,
  reading: Reading,
): Announcement {
  if (typeof told === "object" && "file" in told) {
    if (!reading.promptExists(told.file)) {
      reading.complaints.add([...path, "file"], "is not in the folder of prompts (TANDEM_PROMPTS)");
    }
    return { file: told.file };
  }
  checkPlaceholders(told, path, announcementNames, reading.complaints);
  return { text: readTexts(told, language) };
}

/** One text is in the subscriber's own language. The default language stands first, where it is given: it is the fallback. */
export function readTexts(told: TextsShape, language: Language): Texts {
  if (typeof told === "string") return { [language]: told };
  const first = told[language];
  const { en, es } = told;
  return {
    ...(first !== undefined && { [language]: first }),
    ...(en !== undefined && { en }),
    ...(es !== undefined && { es }),
  };
}

/** `{name}` in a template must be a name that is known there. */
export function checkPlaceholders(
  told: TextsShape,
  path: JSONPath,
  known: readonly string[],
  complaints: Complaints,
): void {
  const each: readonly [JSONPath, string | undefined][] =
    typeof told === "string"
      ? [[path, told]]
      : [
          [[...path, "en"], told.en],
          [[...path, "es"], told.es],
        ];
  for (const [place, text = ""] of each) {
    const left = text.replace(/\{([a-z]+)\}/g, (whole, name: string) => (known.includes(name) ? "" : whole));
    const braced = /\{[^}]*\}?|\}/.exec(left)?.[0];
    if (braced === undefined) continue;
    complaints.add(place, `holds ${braced}; known here: ${known.map((name) => `{${name}}`).join(" ")}`);
  }
}

/** The text itself, or what the environment says; a complaint where it says nothing. */
export function readSecret(told: SecretShape, path: JSONPath, reading: Reading): string {
  if (typeof told === "string") return told;
  const value = reading.environment[told.env];
  if (value === undefined || value === "") {
    reading.complaints.add([...path, "env"], `names ${told.env}, which the environment does not hold`);
    return "";
  }
  return value;
}
