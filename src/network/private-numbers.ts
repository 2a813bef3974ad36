import { isEmergencyNumber } from "./emergency-numbers.ts";

/**
 * A private numbering plan, for intranets: what may be dialled as it stands. No regular expression, because a mistake in
 * one opens the world or stops the process. Alternatives stand between commas; each is digits, `x` for any digit, and
 * behind an `x` how many: `2xx, 7x{3-5}` is 200-299 and 7 with three to five digits behind it.
 */
export type PrivateNumbers = (number: string) => boolean;

const alternative = /^(?:[0-9]|x(?:\{(\d{1,2})(?:-(\d{1,2}))?\})?)+$/;
const piece = /([0-9])|x(?:\{(\d{1,2})(?:-(\d{1,2}))?\})?/g;
const longestNumber = 15;
const longestPattern = 200;

/**
 * Reads a plan of a subscriber in `country`; undefined when it is none (`2xx` of fewer than 2 or more than 15 digits is none
 * either). Whatever it says, it reaches no emergency number: nobody calls for help from a web page.
 */
export function readPrivateNumbers(pattern: string, country: string): PrivateNumbers | undefined {
  if (pattern.length > longestPattern) return undefined;
  const expressions: RegExp[] = [];
  for (const written of pattern.split(",").map((text) => text.trim())) {
    if (!alternative.test(written)) return undefined;
    let shortest = 0;
    let longest = 0;
    let expression = "";
    for (const [, digit, atLeast, atMost] of written.matchAll(piece)) {
      const least = digit !== undefined || atLeast === undefined ? 1 : Number(atLeast);
      const most = atMost === undefined ? least : Number(atMost);
      if (most < least) return undefined;
      shortest += least;
      longest += most;
      expression += digit ?? `[0-9]{${least},${most}}`;
    }
    if (shortest < 2 || longest > longestNumber) return undefined;
    expressions.push(new RegExp(`^${expression}$`));
  }
  return (number) =>
    number.length <= longestNumber &&
    !isEmergencyNumber(number, country) &&
    expressions.some((expression) => expression.test(number));
}
