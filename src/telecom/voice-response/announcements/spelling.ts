import type { SpokenLanguage } from "../speech/speech-engine.ts";

/** One thing said by itself: the words an engine is given, or a pause between groups. */
export type SpelledPart = { readonly type: "name"; readonly words: string } | { readonly type: "gap" };

/**
 * A code, letter by letter and digit by digit, in the names that engines speak well (given `A`, they say "uh"; given `5000`,
 * "five thousand"). What has no name is a gap.
 */
export function spelled(
  code: string,
  language: SpokenLanguage,
  alphabet: "plain" | "nato",
): readonly SpelledPart[] {
  const letters = alphabet === "nato" ? nato : letterNames[language];
  const digits = digitNames[language];
  const parts = Array.from(code.normalize("NFC").toUpperCase().slice(0, 64), (character): SpelledPart => {
    const words =
      digits[character] ?? letters[character] ?? letters[character.normalize("NFD").replace(/\p{M}/gu, "")];
    return words === undefined ? { type: "gap" } : { type: "name", words };
  });
  return withoutEmptyGaps(parts);
}

/** Digits one by one, in the groups that telephone numbers and references are read in. */
export function digitByDigit(digits: string, language: SpokenLanguage): readonly SpelledPart[] {
  const names = digitNames[language];
  const groups = grouped(digits);
  return groups.flatMap((group, index): readonly SpelledPart[] => [
    ...(index === 0 ? [] : [{ type: "gap" } as const]),
    ...Array.from(group, (digit): SpelledPart => ({ type: "name", words: names[digit] ?? digit })),
  ]);
}

/** `123456` is 123 456; ten digits are 3-3-4; a last single digit is never left alone. */
function grouped(digits: string): readonly string[] {
  if (digits.length <= 4) return [digits];
  const groups: string[] = [];
  for (let rest = digits; rest !== ""; ) {
    const take = rest.length === 4 ? 4 : 3;
    groups.push(rest.slice(0, take));
    rest = rest.slice(take);
  }
  return groups;
}

function withoutEmptyGaps(parts: readonly SpelledPart[]): readonly SpelledPart[] {
  return parts.filter(
    (part, index) => part.type === "name" || (index > 0 && parts[index - 1]?.type === "name"),
  );
}

/** All that can be said this way: a bounded vocabulary, the same for everybody, so it tells nothing about anybody. */
export function vocabulary(language: SpokenLanguage): ReadonlySet<string> {
  return new Set([
    ...Object.values(digitNames[language]),
    ...Object.values(letterNames[language]),
    ...Object.values(nato),
  ]);
}

type Names = Readonly<Record<string, string>>;

const digitNames: Readonly<Record<SpokenLanguage, Names>> = {
  en: named("0 1 2 3 4 5 6 7 8 9 * # +", "zero|one|two|three|four|five|six|seven|eight|nine|star|pound|plus"),
  es: named(
    "0 1 2 3 4 5 6 7 8 9 * # +",
    "cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|asterisco|almohadilla|más",
  ),
};

const alphabet = "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z";
const letterNames: Readonly<Record<SpokenLanguage, Names>> = {
  en: named(
    alphabet,
    "ay|bee|see|dee|ee|eff|gee|aitch|eye|jay|kay|ell|em|en|oh|pee|cue|are|ess|tee|you|vee|double you|ex|why|zee",
  ),
  es: named(
    `${alphabet} Ñ`,
    "a|be|ce|de|e|efe|ge|hache|i|jota|ka|ele|eme|ene|o|pe|cu|erre|ese|te|u|uve|uve doble|equis|i griega|zeta|eñe",
  ),
};

// ICAO's words, in spellings that an engine reads as they are meant.
const nato = named(
  alphabet,
  "alpha|bravo|charlie|delta|echo|foxtrot|golf|hotel|india|juliet|kilo|leema|mike|november|oscar|papa|kebeck|romeo|" +
    "sierra|tango|uniform|victor|whiskey|x ray|yankee|zulu",
);

function named(characters: string, names: string): Names {
  const list = names.split("|");
  return Object.fromEntries(
    characters.split(" ").map((character, index) => [character, list[index] ?? character]),
  );
}
