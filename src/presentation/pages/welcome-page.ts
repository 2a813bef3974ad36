import { maskedNumber } from "#base/log.ts";
import type { SubjectFace, SubscriberFace } from "#call-manager/visitor-desk.ts";
import { getCountryCallingCode, isSupportedCountry } from "libphonenumber-js/min";
import { html, type Html, nothing } from "../html.ts";
import {
  countryName,
  type Language,
  languages,
  messages,
  textIn,
  type WordsIn,
} from "../messages/messages.ts";
import type { PageContent } from "./document.ts";
import { siteLink } from "./other-ways.ts";
import { filled, subscriberWords } from "./subscriber-words.ts";
import { talkHere } from "./visitor-phone.ts";

/** 203-204: asks for the visitor's number, or asks to confirm the one that the subscriber's token carried. */
export interface WelcomeFacts {
  readonly language: Language;
  readonly subscriber: SubscriberFace;
  readonly subject: SubjectFace;
  /** Where the form goes: `/talk/<subscriber>/<subject>`. */
  readonly action: string;
  readonly sealedTicket: string;
  /** Of the page that the button stood on, when the subscriber's token says it: a stranger's link puts no words on this page. */
  readonly pageTitle?: string | undefined;
  /** Shown masked; the whole of it is inside the ticket. */
  readonly signedPhone?: string | undefined;
  /** What the field holds already, and whether the visitor typed it or the link brought it. */
  readonly typedPhone?: string | undefined;
  readonly phoneFromLink?: boolean | undefined;
  /** Why the last submit, or the link's token, was not good enough. */
  readonly problem?: string | undefined;
  /** Whether `problem` is about the number in the field. */
  readonly problemWithNumber?: boolean | undefined;
  /** The way to the subscriber's own site stands beside the problem: here nothing can be done now. */
  readonly offersSite?: boolean | undefined;
  readonly note?: string | undefined;
  readonly liveCallUrl?: string | undefined;
  /** Whether the visitor may talk from the browser, too. */
  readonly mayTalkHere?: boolean | undefined;
  /** Where the form goes to be shown in another language, with what was typed: on a page that no GET can reach. */
  readonly resendIn?: ((language: Language) => string) | undefined;
}

export function welcomePage(facts: WelcomeFacts): PageContent {
  const { language, subscriber } = facts;
  const words = messages(language).welcome;
  const subject = textIn(facts.subject.name, language, subscriber.defaultLanguage);
  const title = words.title(subject.text);
  const main = html`${liveCall(facts)}
<div class="columns">
<div class="card">
<h1>${filled(words.title, subscriberWords(subject, language))}</h1>
<p class="lead">${words.lead(subscriber.name)}</p>
${facts.pageTitle === undefined ? nothing : html`<p class="quiet">${words.about}: <bdi>${facts.pageTitle}</bdi></p>`}
${facts.note === undefined ? nothing : html`<p class="note">${facts.note}</p>`}
${problem(facts)}
<form id="ask" method="post" action="${facts.action}">
<input type="hidden" name="ticket" value="${facts.sealedTicket}">
${facts.signedPhone === undefined ? phoneField(facts) : confirmation(facts, facts.signedPhone)}
<button type="submit">${words.submit}</button>
<p class="quiet">${words.consent(subscriber.name)}</p>
${showIn(facts)}</form>
</div>
<section class="card" aria-labelledby="next"><h2 id="next">${words.next}</h2>
<ol class="steps" role="list">${nextSteps(facts, subject).map((step) => html`<li>${step}</li>`)}</ol></section>
${facts.mayTalkHere === true ? talkHere({ language, subscriber, form: "ask" }) : nothing}
</div>`;
  return { title: facts.problem === undefined ? title : `${words.problem}: ${title}`, main };
}

/** Behind the form's own button, which the Enter key presses: a form's default is its first. */
function showIn({ language, resendIn }: WelcomeFacts): Html {
  if (resendIn === undefined) return nothing;
  const others = languages.filter((other) => other !== language);
  return html`<p>${others.map(
    (other) =>
      html`<button class="link" formaction="${resendIn(other)}" formnovalidate name="show" value="form" lang="${other}">${messages(other).languageName}</button>`,
  )}</p>`;
}

function liveCall(facts: WelcomeFacts): Html {
  if (facts.liveCallUrl === undefined) return nothing;
  const words = messages(facts.language).welcome;
  return html`<p class="note wide">${words.liveCall} <a href="${facts.liveCallUrl}">${words.liveCallLink}</a></p>`;
}

function problem(facts: WelcomeFacts): Html {
  if (facts.problem === undefined) return nothing;
  const words = messages(facts.language).welcome;
  return html`<div class="problem" role="alert" id="problem"><strong>${words.problem}</strong><p>${facts.problem}</p>${facts.offersSite === true ? siteLink(facts) : nothing}</div>`;
}

function confirmation(facts: WelcomeFacts, signedPhone: string): Html {
  const words = messages(facts.language).welcome;
  const masked = maskedNumber(signedPhone);
  const open = facts.typedPhone !== undefined || facts.problemWithNumber === true;
  // A screen reader would spell eight bullets: it gets the last two digits in words instead.
  const digits = html`<strong aria-hidden="true" dir="ltr">${masked.replaceAll("*", "•")}</strong><span class="unseen">${words.numberEnding(masked.slice(-2))}</span>`;
  return html`<p class="number">${filled(words.confirmNumber, digits)}</p>
<details${open ? html` open` : nothing}><summary>${words.otherNumber}</summary>${phoneField(facts)}</details>`;
}

function phoneField(facts: WelcomeFacts): Html {
  const words = messages(facts.language).welcome;
  const { defaultCountry } = facts.subscriber;
  const code = isSupportedCountry(defaultCountry) ? getCountryCallingCode(defaultCountry) : "";
  const wrong = facts.problemWithNumber === true;
  const required = facts.signedPhone === undefined ? html` required` : nothing;
  return html`<div class="field">
<label for="phone">${words.phoneLabel}</label>
<p class="hint" id="phone-hint">${words.phoneHint(countryName(defaultCountry, facts.language), code)}${facts.phoneFromLink === true ? html` <strong>${words.phoneFromLink}</strong>` : nothing}</p>
<input id="phone" name="phone" type="tel" inputmode="tel" autocomplete="tel" maxlength="40" dir="ltr" value="${facts.typedPhone ?? ""}" aria-describedby="phone-hint${wrong ? " problem" : ""}"${wrong ? html` aria-invalid="true"` : nothing}${required}>
</div>`;
}

/** 206, 209: whether the telephone itself will ask, and whose rings first. No center is called before a consent. */
function nextSteps(facts: WelcomeFacts, subject: WordsIn): readonly Html[] {
  const { confirmation, legOrder } = facts.subscriber;
  const pressesOne =
    confirmation === "always" || (confirmation === "unless-signed" && facts.signedPhone === undefined);
  const centerFirst = legOrder === "center-first" && !pressesOne;
  const words = messages(facts.language).welcome.nextSteps;
  const tells =
    facts.pageTitle === undefined
      ? filled(words.tellsSubject, subscriberWords(subject, facts.language))
      : html`${words.tellsPage}`;
  return [
    ...(centerFirst ? [] : [html`${words.rings}`]),
    ...(pressesOne ? [html`${words.pressOne}`] : []),
    tells,
    ...(centerFirst ? [html`${words.ringsThen}`] : []),
    html`${words.talk}`,
  ];
}
