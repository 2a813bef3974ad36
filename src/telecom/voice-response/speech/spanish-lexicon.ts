import { spanishNumber } from "./spanish-numbers.ts";

/**
 * Spanish for an engine that knows English alone: every word becomes a placeholder of the text and an entry of the engine's
 * lexicon with the word's sounds, in the engine's American phones. Spanish spelling says its sounds almost wholly, so rules do
 * (Latin American reading: c before e and z are s, ll is y). An accent stays; the words are told apart. docs/decisions/
 * has what we gave up.
 */
export function spanishLexicon(text: string): { readonly text: string; readonly lexicon: string } {
  const placeholders = new Map<string, string>();
  const spoken = text
    .normalize("NFC")
    .toLowerCase()
    .replace(/\d+/gu, (digits) => ` ${spanishNumber(digits)} `)
    .replace(/\p{L}+/gu, (word) => {
      const phones = spanishPhones(word);
      if (phones.length === 0) return "";
      const placeholder = placeholders.get(word) ?? placeholderWord(placeholders.size);
      placeholders.set(word, placeholder);
      return placeholder;
    })
    .replace(/[¿¡]/gu, "")
    .replace(/[^a-z .,;:!?-]/gu, " ");
  const lexicon = [...placeholders]
    .map(([word, placeholder]) => `${placeholder} : ${spanishPhones(word).join(" ")}\n`)
    .join("");
  return { text: spoken, lexicon };
}

/** The word's phones, stress as the digit of each vowel. Letters that Spanish does not have are folded or left out. */
export function spanishPhones(word: string): readonly string[] {
  const sounds = soundsOf(fold(word));
  const vowels = sounds.flatMap((sound, index) => (sound.vowel ? [index] : []));
  const accented = vowels.find((index) => sounds[index]?.accented);
  // Without an accent: the last syllable but one after a vowel, n or s; else the last.
  const fromEnd = /[aeiouns]$/u.test(fold(word)) && vowels.length > 1 ? 2 : 1;
  const stressed = accented ?? vowels[vowels.length - fromEnd];
  return sounds.flatMap((sound, index) =>
    sound.vowel ? [`${sound.phone}${index === stressed ? 1 : 0}`] : sound.phone.split(" "),
  );
}

interface SpanishSound {
  readonly phone: string;
  readonly vowel: boolean;
  readonly accented: boolean;
}

function soundsOf(word: string): readonly SpanishSound[] {
  const sounds: SpanishSound[] = [];
  let rest = word;
  while (rest !== "") {
    const rule = rules.find(([pattern]) => pattern.test(rest));
    const matched = rule?.[0].exec(rest)?.[0] ?? rest.slice(0, 1);
    const phone = rule?.[1] ?? "";
    if (phone !== "") {
      sounds.push({
        phone,
        vowel: vowelPhones.has(phone),
        accented: /[áéíóú]/u.test(matched),
      });
    }
    rest = rest.slice(matched.length);
  }
  return sounds;
}

// The first that fits the head of what remains; an empty phone is a silent letter.
const rules: readonly (readonly [RegExp, string])[] = [
  [/^ch/u, "ch"],
  [/^ll/u, "y"],
  [/^rr/u, "r"],
  [/^qu(?=[eiéí])/u, "k"],
  [/^gu(?=[eiéí])/u, "g"],
  [/^gü/u, "g w"],
  [/^g(?=[eiéí])/u, "hh"],
  [/^c(?=[eiéí])/u, "s"],
  [/^h/u, ""],
  [/^ñ/u, "n y"],
  [/^x/u, "k s"],
  [/^y$/u, "iy"],
  [/^y/u, "y"],
  // Diphthongs; an accented i or u stands for itself.
  [/^(?:ai|ái|ay|áy)(?![aeiouáéíóú])/u, "ay"],
  [/^(?:au|áu)(?![aeiouáéíóú])/u, "aw"],
  [/^(?:ei|éi|ey|éy)(?![aeiouáéíóú])/u, "ey"],
  [/^(?:oi|ói|oy|óy)(?![aeiouáéíóú])/u, "oy"],
  [/^i(?=[aeouáéóú])/u, "y"],
  [/^[uü](?=[aeioáéíó])/u, "w"],
  [/^[aá]/u, "aa"],
  // English has no plain final e: the open one at a word's end is heard as another word's beginning.
  [/^[eé]$/u, "ey"],
  [/^[eé]/u, "eh"],
  [/^[ií]/u, "iy"],
  [/^[oó]/u, "ow"],
  [/^[uúü]/u, "uw"],
  [/^[bv]/u, "b"],
  [/^[ckq]/u, "k"],
  [/^d/u, "d"],
  [/^f/u, "f"],
  [/^g/u, "g"],
  [/^j/u, "hh"],
  [/^l/u, "l"],
  [/^m/u, "m"],
  [/^n/u, "n"],
  [/^p/u, "p"],
  [/^r/u, "r"],
  [/^[sz]/u, "s"],
  [/^t/u, "t"],
  [/^w/u, "w"],
];
const vowelPhones = new Set(["aa", "eh", "ey", "iy", "ow", "uw", "ay", "aw", "oy"]);

/** Lower case, Spanish letters kept, others without their marks (`ç` is c, `à` is a). */
function fold(word: string): string {
  return Array.from(word.toLowerCase().normalize("NFC"), (letter) =>
    /[a-záéíóúüñ]/u.test(letter) ? letter : letter.normalize("NFD").replace(/[^a-z]/gu, ""),
  ).join("");
}

/** `zabab`, `zabad`...: pronounceable, or the engine would spell it, and no English word. */
function placeholderWord(index: number): string {
  const letters = "bdfgklmnprstvz";
  const at = (n: number): string => letters[n % letters.length] ?? "b";
  return `za${at(Math.floor(index / letters.length))}a${at(index)}o`;
}
