import { type NumberType, type PhoneNumber, parsePhoneNumberFromString } from "libphonenumber-js/max";
import { readPrivateNumbers } from "./private-numbers.ts";
import type { Subscriber } from "./records.ts";

/** What a visitor typed, as a number that may be called; or why it may not. */
export type NumberAnswer =
  /** E.164 with `+`. */
  | { readonly type: "number"; readonly number: string; readonly country: string }
  /** A number of the subscriber's private plan, dialled as it stands. */
  | { readonly type: "private-number"; readonly number: string }
  | { readonly type: "refused"; readonly why: NumberRefusal };

export type NumberRefusal = "number-impossible" | "number-type-not-allowed" | "country-not-allowed";

type NumberRules = Pick<Subscriber, "defaultCountry" | "allowedCountries" | "privateNumbers">;

const longestTyped = 40;

/** A person answers these and pays nothing unusual; premium, shared cost, toll-free, pager, personal and UAN numbers are not called. */
const callableTypes: ReadonlySet<NumberType> = new Set<NumberType>([
  "FIXED_LINE",
  "MOBILE",
  "FIXED_LINE_OR_MOBILE",
  "VOIP",
]);

/**
 * 204. Reads a number as people write it: national or international, `tel:`, full-width or Arabic digits, direction marks.
 * Letters, extensions, several numbers and impossible ones are refused; of the possible ones only fixed lines, mobiles and
 * VoIP in the subscriber's allowed countries may be called.
 */
export function readNumber(typed: string, rules: NumberRules): NumberAnswer {
  const written = plainWriting(typed);
  if (written === undefined) return refused("number-impossible");

  const number = privateNumber(written, rules);
  if (number !== undefined) return { type: "private-number", number };

  const parsed = publicNumber(written, rules.defaultCountry);
  if (parsed === undefined) return refused("number-impossible");
  const type = parsed.getType();
  if (type === undefined || !callableTypes.has(type) || isChargedInAmerica(parsed.number))
    return refused("number-type-not-allowed");
  if (parsed.country === undefined || !rules.allowedCountries.includes(parsed.country)) {
    return refused("country-not-allowed");
  }
  return { type: "number", number: parsed.number, country: parsed.country };
}

/**
 * In country code 1 these look like anybody's fixed line, and cost: the pay-per-call exchange 976 of each area, and directory
 * assistance at 555-1212 (North American Numbering Plan, central office codes).
 */
function isChargedInAmerica(number: string): boolean {
  return /^\+1[0-9]{3}(?:976[0-9]{4}|5551212)$/.test(number);
}

/**
 * As `readNumber` writes it down, whether or not it may be called: to find what was written down before. Undefined when it is no
 * number; without a subscriber's rules it must be an international one.
 */
export function writtenNumber(
  typed: string,
  rules?: Pick<NumberRules, "defaultCountry" | "privateNumbers">,
): string | undefined {
  const written = plainWriting(typed);
  if (written === undefined) return undefined;
  const own = rules && privateNumber(written, rules);
  return own ?? publicNumber(written, rules?.defaultCountry)?.number;
}

/** The country of an E.164 number, or undefined when it has none (satellite, international services, a private number). */
export function countryOfNumber(number: string): string | undefined {
  return number.startsWith("+") ? parse(number, undefined)?.country : undefined;
}

/** A number of the subscriber's own plan, as it is dialled. */
function privateNumber(
  written: string,
  { privateNumbers, defaultCountry }: Pick<NumberRules, "defaultCountry" | "privateNumbers">,
): string | undefined {
  if (privateNumbers === undefined) return undefined;
  const digits = written.replace(/[^0-9+]/g, "");
  return readPrivateNumbers(privateNumbers.pattern, defaultCountry)?.(digits) === true ? digits : undefined;
}

function publicNumber(written: string, defaultCountry: string | undefined): PhoneNumber | undefined {
  return readings(written)
    .map((reading) => parse(reading, defaultCountry))
    .find((number) => number?.isValid() === true);
}

const refused = (why: NumberRefusal): NumberAnswer => ({ type: "refused", why });

// Marks that copying brings along and that show nothing: direction, joiners, soft hyphen, byte order.
const invisible = /[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;
const dashes = /[\u2010-\u2015\u2212\u00b7\u2027\u30fb]/g;
/** The zero of each script whose digits a telephone's keyboard may give: Arabic, Persian, Devanagari, Bengali, Thai. */
const zeros = [0x0660, 0x06f0, 0x0966, 0x09e6, 0x0e50];

/** In ASCII: a plus sign at most in front, digits, spaces, dots, slashes, hyphens, brackets. Undefined when something else is in it. */
function plainWriting(typed: string): string | undefined {
  if (typed.length > longestTyped) return undefined;
  const written = typed
    .normalize("NFKC")
    .replace(invisible, "")
    .replace(dashes, "-")
    .replace(/\p{Nd}/gu, asciiDigit)
    .trim()
    .replace(/^tel:/i, "")
    .trim()
    .replace(/^\(\+(\d{1,3})\)/, "+$1");
  return /^\+?[0-9 ()./-]{2,40}$/.test(written) ? written : undefined;
}

function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  const zero = zeros.find((start) => code >= start && code < start + 10);
  return zero === undefined ? digit : String(code - zero);
}

/**
 * The ways to understand it, the likeliest first. `+44 (0)20` says its zero for people at home, but Italian numbers keep it;
 * `00` is the world's commonest international prefix, also where the default country has another.
 */
function readings(written: string): readonly string[] {
  const ways = [written];
  if (/^(\+|00)/.test(written)) ways.unshift(written.replace("(0)", ""));
  return ways.flatMap((way) => (way.startsWith("00") ? [way, `+${way.slice(2)}`] : [way]));
}

/** From the click to the permit a number is read five times. */
function parse(written: string, defaultCountry: string | undefined): PhoneNumber | undefined {
  const key = `${defaultCountry} ${written}`;
  const known = recentlyParsed.get(key);
  if (known !== undefined) return known;
  const found = parseAnew(written, defaultCountry);
  if (recentlyParsed.size >= mostParsed) recentlyParsed.clear();
  if (found !== undefined) recentlyParsed.set(key, found);
  return found;
}

const recentlyParsed = new Map<string, PhoneNumber>();
const mostParsed = 200;

function parseAnew(written: string, defaultCountry: string | undefined): PhoneNumber | undefined {
  const number = parsePhoneNumberFromString(written, {
    ...(defaultCountry !== undefined && {
      defaultCountry: defaultCountry as PhoneNumber["country"] & string,
    }),
    extract: false,
  });
  return number?.ext === undefined ? number : undefined;
}
