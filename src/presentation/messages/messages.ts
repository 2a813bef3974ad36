import type { BeginCallRefusal } from "#call-manager/call-manager.ts";
import type { CallOutcome, ConnectStage } from "#call-manager/pages.ts";
import type { FieldFault } from "../form-fields.ts";
import { en } from "./en.ts";
import { es } from "./es.ts";
import type { PhoneMessages } from "./phone-messages.ts";

export type Language = "en" | "es";

/** Every word that a visitor reads, in one language. A missing key in either table is a type error. */
export interface Messages {
  readonly languageName: string;
  /** For Intl: numbers, times and names of countries. */
  readonly locale: string;
  readonly skipToContent: string;
  readonly otherLanguage: string;
  readonly poweredBy: string;
  readonly development: string;
  readonly welcome: {
    readonly title: (subject: string) => string;
    readonly lead: (subscriber: string) => string;
    readonly about: string;
    readonly phoneLabel: string;
    readonly phoneHint: (country: string, code: string) => string;
    readonly phoneFromLink: string;
    readonly confirmNumber: (masked: string) => string;
    readonly numberEnding: (lastDigits: string) => string;
    readonly otherNumber: string;
    readonly submit: string;
    readonly next: string;
    /** 206: shown in the order in which this call would go. */
    readonly nextSteps: {
      readonly rings: string;
      readonly pressOne: string;
      /** Only what the subscriber's token says is whispered: the page's title, or the subject alone. */
      readonly tellsPage: string;
      readonly tellsSubject: (subject: string) => string;
      readonly ringsThen: string;
      readonly talk: string;
    };
    readonly consent: (subscriber: string) => string;
    readonly tokenRefused: string;
    readonly stale: string;
    readonly liveCall: string;
    readonly liveCallLink: string;
    readonly problem: string;
  };
  readonly refused: {
    readonly title: string;
    readonly closed: (subscriber: string, subject: string) => string;
    readonly opensAt: (moment: MomentInWords) => string;
    readonly opensUnknown: string;
    readonly region: (subscriber: string) => string;
    readonly stopped: string;
    readonly otherSubjects: string;
    readonly backToSite: (subscriber: string) => string;
  };
  readonly refusals: Readonly<Record<BeginCallRefusal, string>>;
  readonly connect: {
    readonly callTo: (subscriber: string) => string;
    readonly progress: string;
    readonly stages: Readonly<Record<ConnectStage, StageWords>>;
    /** 206: what reads otherwise where the center is called first, and the visitor's telephone does not ring yet. */
    readonly stagesCenterFirst: Readonly<Partial<Record<ConnectStage, StageWords>>>;
    /** The same where the visitor talks from the browser, and no telephone rings. */
    readonly stagesInBrowser: Readonly<Partial<Record<ConnectStage, StageWords>>>;
    readonly yourBrowser: string;
    /** 209 */
    readonly confirmKeys: { readonly one: string; readonly nine: string };
    readonly milestones: Readonly<Record<Milestone, string>>;
    readonly done: string;
    readonly now: string;
    readonly later: string;
    readonly cancel: string;
    readonly hangUp: string;
    readonly from: (subscriber: string) => string;
    readonly connectionLost: string;
    readonly connectionBack: string;
    readonly staysOpen: string;
    readonly refreshes: string;
  };
  readonly pushed: {
    readonly headline: (title: string) => string;
    readonly shownBy: (subscriber: string) => string;
    readonly frameTitle: (title: string) => string;
    readonly openInTab: string;
    readonly opensNewTab: string;
    readonly emptyFrame: string;
    readonly close: string;
    readonly missing: string;
  };
  readonly outcomes: Readonly<Record<CallOutcome, { readonly title: string; readonly text: string }>>;
  /** What reads otherwise where the visitor talks from the browser. */
  readonly outcomesInBrowser: Readonly<
    Partial<Record<CallOutcome, { readonly title: string; readonly text: string }>>
  >;
  readonly phone: PhoneMessages;
  readonly disconnect: { readonly again: string; readonly back: (subscriber: string) => string };
  readonly notice: {
    readonly notFoundTitle: string;
    readonly notFoundSubscriber: string;
    readonly notFoundSubject: (subscriber: string) => string;
    readonly notFoundCall: string;
    readonly notFoundPage: string;
    readonly badLinkTitle: string;
    readonly badLink: string;
    readonly fieldFault: Readonly<Record<FieldFault["why"], (field: string) => string>>;
    readonly slowDownTitle: string;
    readonly slowDown: (seconds: number) => string;
    readonly foreignTitle: string;
    readonly foreign: string;
    readonly brokenTitle: string;
    readonly broken: string;
    readonly unavailableTitle: string;
    readonly unavailable: string;
  };
}

export interface StageWords {
  readonly headline: string;
  readonly text: string;
}

/** What the connect page shows as a list, in the order that a visitor lives through it. */
export type Milestone = "your-phone" | "confirmed" | "center" | "agent" | "connected";

const tables: Readonly<Record<Language, Messages>> = { en, es };

export const languages: readonly Language[] = ["en", "es"];

export function messages(language: Language): Messages {
  return tables[language];
}

/** RFC 9110 12.5.4: the highest `q` among the languages that we speak; undefined when none is acceptable. */
export function preferredLanguage(acceptLanguage: string | undefined): Language | undefined {
  let best: { language: Language; quality: number } | undefined;
  for (const part of (acceptLanguage ?? "").slice(0, 300).split(",")) {
    const [range = "", ...parameters] = part.trim().toLowerCase().split(";");
    const language = languages.find((known) => range === known || range.startsWith(`${known}-`));
    if (language === undefined) continue;
    const weight = parameters
      .map((parameter) => /^\s*q=([0-9.]{1,5})\s*$/.exec(parameter)?.[1])
      .find(Boolean);
    const quality = weight === undefined ? 1 : Number(weight);
    if (quality > (best?.quality ?? 0)) best = { language, quality };
  }
  return best?.language;
}

/** A subscriber's words, and which language they turned out to be in. */
export interface WordsIn {
  readonly text: string;
  readonly language: Language;
}

/** A subscriber's text in this language, else in its default one, else in whichever it has. */
export function textIn(
  texts: Readonly<Partial<Record<Language, string>>>,
  language: Language,
  fallback: Language,
): WordsIn {
  for (const each of [language, fallback, ...languages]) {
    const text = texts[each];
    if (text !== undefined) return { text, language: each };
  }
  return { text: "", language };
}

/** A moment in the visitor's words and the center's time zone: each language joins the parts in its own way. */
export interface MomentInWords {
  /** `Monday, January 5` */
  readonly day: string;
  /** `9:00 AM` */
  readonly time: string;
  /** `Eastern Standard Time` */
  readonly zone: string;
}

export function momentInWords(atMs: number, timeZone: string, language: Language): MomentInWords {
  const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(messages(language).locale, { ...options, timeZone });
  const zone = format({ timeZoneName: "long" })
    .formatToParts(atMs)
    .find(({ type }) => type === "timeZoneName");
  return {
    day: format({ weekday: "long", month: "long", day: "numeric" }).format(atMs),
    time: format({ hour: "numeric", minute: "2-digit" }).format(atMs),
    zone: zone?.value ?? timeZone,
  };
}

export function countryName(country: string, language: Language): string {
  // To make one costs more than the rest of a welcome page.
  const names = (regionNames[language] ??= new Intl.DisplayNames(messages(language).locale, {
    type: "region",
  }));
  return names.of(country) ?? country;
}

const regionNames: Partial<Record<Language, Intl.DisplayNames>> = {};
