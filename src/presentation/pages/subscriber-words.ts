import { html, type Html, nothing } from "../html.ts";
import type { Language, WordsIn } from "../messages/messages.ts";

/**
 * A subscriber's words among ours: their direction is their own, and their language is told where it is not the page's, for a
 * screen reader would speak it with the wrong voice (WCAG 2.2, 3.1.2).
 */
export function subscriberWords(words: WordsIn, page: Language): Html {
  const lang = words.language === page ? nothing : html` lang="${words.language}"`;
  return html`<bdi${lang}>${words.text}</bdi>`;
}

/** Plain text, an empty line between two paragraphs. */
export function paragraphs(words: WordsIn, page: Language): readonly Html[] {
  return words.text
    .split(/\n\s*\n/)
    .map((text) => html`<p>${subscriberWords({ ...words, text: text.trim() }, page)}</p>`);
}

/** A sentence of ours with a piece of markup where its text would stand. */
export function filled(sentence: (piece: string) => string, piece: Html): Html {
  const place = "\u0000";
  const [before = "", after = ""] = sentence(place).split(place);
  return html`${before}${piece}${after}`;
}
