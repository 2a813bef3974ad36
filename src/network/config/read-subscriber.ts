import type { JSONPath } from "jsonc-parser";
import { IANAZone } from "luxon";
import type { CallCenterId, PageId, SubjectId, SubscriberId, TrunkId } from "#base/ids.ts";
import type { SubjectShape, SubscriberShape } from "../config-schema.ts";
import { whisperDefaults } from "../defaults.ts";
import { readPrivateNumbers } from "../private-numbers.ts";
import type {
  CallCenter,
  DigitMapping,
  Language,
  LibraryPage,
  Subject,
  Subscriber,
  Trunk,
} from "../records.ts";
import { whisperNames } from "../whisper.ts";
import type { Configuration } from "./configuration.ts";
import { readHours } from "./read-hours.ts";
import { readPhone } from "./read-phone.ts";
import { checkPlaceholders, type Reading, readPolicy, readTexts } from "./read-policy.ts";
import { readRoutes } from "./read-routes.ts";
import { checkCountries, checkTrunk } from "./references.ts";
import { readTokenKeys } from "./read-token-keys.ts";

type OfOneSubscriber = Omit<Configuration, "trunks" | "subscribers"> & { readonly subscriber: Subscriber };

/** One subscriber with all that is theirs; every reference is checked against what the file holds. */
export function readSubscriber(
  id: SubscriberId,
  told: SubscriberShape,
  trunks: ReadonlyMap<string, Trunk>,
  reading: Reading,
): OfOneSubscriber {
  const path: JSONPath = ["subscribers", id];
  const { complaints } = reading;
  const language: Language = told.language ?? "en";
  const origins = readOrigins(told.origins ?? [], [...path, "origins"], reading);
  checkTrunk(told.trunk, [...path, "trunk"], trunks, reading);
  checkCountries([told.country], path, reading);
  checkCountries(told.allowedCountries ?? [], [...path, "allowedCountries"], reading);
  if (
    told.privateNumbers !== undefined &&
    readPrivateNumbers(told.privateNumbers, told.country) === undefined
  ) {
    complaints.add([...path, "privateNumbers"], 'must be alternatives such as "2xx, 7x{3-5}"');
  }
  if (told.brand?.logoUrl !== undefined && !isOnOrigin(told.brand.logoUrl, origins)) {
    complaints.add([...path, "brand", "logoUrl"], "must be on one of the subscriber's origins");
  }

  return {
    subscriber: {
      id,
      name: told.name,
      origins,
      defaultCountry: told.country,
      allowedCountries: told.allowedCountries ?? [told.country],
      ...(told.privateNumbers !== undefined && { privateNumbers: { pattern: told.privateNumbers } }),
      defaultLanguage: language,
      brand: told.brand ?? {},
      connectContent: told.connectContent === undefined ? {} : readTexts(told.connectContent, language),
      tokenKeys: readTokenKeys(told.tokenKeys ?? [], [...path, "tokenKeys"], reading),
      trunkForUsers: told.trunk as TrunkId,
      ...(told.browserCalls === true && { browserCalls: true }),
      policy: readPolicy(told.policy, [...path, "policy"], language, reading),
    },
    centers: readCenters(id, told, path, reading),
    phones: Object.entries(told.phones ?? {}).map(([name, phone]) =>
      readPhone({ subscriber: id, id: name }, phone, reading),
    ),
    subjects: Object.entries(told.subjects).map(([name, subject]) =>
      readSubject({ subscriber: id, id: name as SubjectId }, subject, language, reading),
    ),
    routes: readRoutes(id, told, trunks, reading),
    pages: readPages(id, told, { origins, language }, reading),
    digitMappings: readDigits(id, told, reading),
  };
}

function readCenters(
  subscriber: SubscriberId,
  told: SubscriberShape,
  path: JSONPath,
  { complaints }: Reading,
): readonly CallCenter[] {
  return Object.entries(told.centers).map(([id, center]) => {
    const place = [...path, "centers", id];
    if (!IANAZone.isValidZone(center.timeZone)) {
      complaints.add([...place, "timeZone"], "is no time zone (such as America/New_York)");
    }
    const hours = readHours(center, place, complaints);
    return { id: id as CallCenterId, subscriber, name: center.name, timeZone: center.timeZone, hours };
  });
}

function readSubject(
  { subscriber, id }: { readonly subscriber: SubscriberId; readonly id: SubjectId },
  told: SubjectShape,
  language: Language,
  { complaints }: Reading,
): Subject {
  const whisper = told.whisper ?? whisperDefaults;
  checkPlaceholders(
    whisper,
    ["subscribers", subscriber, "subjects", id, "whisper"],
    whisperNames,
    complaints,
  );
  return { subscriber, id, name: readTexts(told.name, language), whisper: readTexts(whisper, language) };
}

function readPages(
  subscriber: SubscriberId,
  told: SubscriberShape,
  { origins, language }: { readonly origins: readonly string[]; readonly language: Language },
  { complaints }: Reading,
): readonly LibraryPage[] {
  return Object.entries(told.pages ?? {}).map(([id, page]) => {
    const title = readTexts(page.title, language);
    if ("text" in page) {
      return {
        subscriber,
        id: id as PageId,
        title,
        content: { type: "text", text: readTexts(page.text, language) },
      };
    }
    if (!isOnOrigin(page.url, origins)) {
      complaints.add(
        ["subscribers", subscriber, "pages", id, "url"],
        "must be on one of the subscriber's origins",
      );
    }
    return { subscriber, id: id as PageId, title, content: { type: "url", url: page.url } };
  });
}

function readDigits(
  subscriber: SubscriberId,
  told: SubscriberShape,
  { complaints }: Reading,
): readonly DigitMapping[] {
  return Object.entries(told.digits ?? {}).map(([digits, page]) => {
    if (!Object.hasOwn(told.pages ?? {}, page)) {
      complaints.add(
        ["subscribers", subscriber, "digits", digits],
        `${page} is none of this subscriber's pages`,
      );
    }
    return { subscriber, digits, page: page as PageId };
  });
}

function readOrigins(told: readonly string[], path: JSONPath, { complaints }: Reading): readonly string[] {
  return told.map((text, index) => {
    const origin = URL.canParse(text) ? new URL(text) : undefined;
    // http: only for one's own machine: a page that anybody on the way can change is nobody's.
    const isSafe =
      origin?.protocol === "https:" ||
      (origin?.protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(origin.hostname));
    if (origin === undefined || !isSafe || (text !== origin.origin && text !== `${origin.origin}/`)) {
      complaints.add([...path, index], "must be an origin such as https://www.bank.example");
      return text;
    }
    return origin.origin;
  });
}

function isOnOrigin(url: string, origins: readonly string[]): boolean {
  if (!URL.canParse(url)) return false;
  const { origin, username, password } = new URL(url);
  return origins.includes(origin) && username === "" && password === "";
}
