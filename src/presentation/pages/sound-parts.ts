import type { PhoneFacts, PhoneWords } from "#contract/browser-phone.ts";
import { assetUrl } from "../assets.ts";
import { html, type Html } from "../html.ts";
import { type Language, messages } from "../messages/messages.ts";

/** What the agent's and the visitor's telephones have in common. The program finds the parts by their ids. */

/** As the program reads it. Its words are in the page's language. */
export function phoneData(
  facts: Omit<PhoneFacts, "words">,
  language: Language,
  ownWords: Partial<PhoneWords> = {},
): string {
  const words = { ...messages(language).phone.program, ...ownWords };
  return JSON.stringify({ ...facts, words } satisfies PhoneFacts);
}

export function phoneProgram(): Html {
  return html`<script type="module" src="${assetUrl("browser-phone.js")}"></script>`;
}

export function phoneStyle(): Html {
  return html`<link rel="stylesheet" href="${assetUrl("phone.css")}">`;
}

export function level(language: Language): Html {
  const words = messages(language).phone.sound;
  return html`<label class="level">${words.level} <meter id="level" min="0" max="1" low="0.1" high="0.95" optimum="0.5" value="0"></meter></label>`;
}

export function deviceField(id: "microphones" | "speakers", language: Language): Html {
  const { sound, program } = messages(language).phone;
  const label = id === "microphones" ? sound.microphone : sound.speaker;
  return html`<div class="field"><label for="${id}">${label}</label><select id="${id}"><option value="">${program.defaultDevice}</option></select></div>`;
}
