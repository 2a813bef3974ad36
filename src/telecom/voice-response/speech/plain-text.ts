import type { SpokenLanguage } from "./speech-engine.ts";

export const longestText = 200;

/**
 * Text as an engine may be given it: no control or invisible characters, nothing that an engine could take for markup or an
 * option, single spaces, at most 200 characters. What cannot be spoken is left out; the answer may be empty.
 */
export function plainText(text: string, language: SpokenLanguage): string {
  const spelled = symbolWords[language];
  const plain = text
    // A hostile text may be long: no more than could matter is looked at.
    .slice(0, longestText * 4)
    .normalize("NFKC")
    .replace(/[&@%€$£+]/gu, (symbol) => ` ${spelled[symbol] ?? ""} `)
    // Controls, invisible format characters (bidi, zero width), surrogates, private use, markup and quoting.
    .replace(/[\p{C}\p{Z}<>{}[\]\\|~^`_*#=/"]+/gu, " ")
    .replace(/[^\p{L}\p{M}\p{N} .,;:!?'()¿¡-]+/gu, " ")
    // Runs of marks make engines read them out or fall silent; a word's own accents are few.
    .replace(/\p{M}{3,}/gu, "")
    .replace(/([.,;:!?'()¿¡-])[.,;:!?'()¿¡ -]*(?=[.,;:!?'()¿¡-])/gu, "$1")
    .replace(/(?<![\p{L}\p{N}])['-]+|['-]+(?![\p{L}\p{N}])/gu, " ")
    .replace(/ +/gu, " ")
    .trim();
  const cut = plain.length <= longestText ? plain : cutAtWord(plain);
  return /[\p{L}\p{N}]/u.test(cut) ? cut : "";
}

function cutAtWord(text: string): string {
  const head = text.slice(0, longestText).replace(/[\uD800-\uDBFF]$/u, "");
  const space = head.lastIndexOf(" ");
  return space > longestText / 2 ? head.slice(0, space) : head;
}

const symbolWords: Readonly<Record<SpokenLanguage, Readonly<Record<string, string>>>> = {
  en: { "&": "and", "@": "at", "%": "percent", "€": "euros", $: "dollars", "£": "pounds", "+": "plus" },
  es: { "&": "y", "@": "arroba", "%": "por ciento", "€": "euros", $: "dólares", "£": "libras", "+": "más" },
};
