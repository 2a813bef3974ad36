import type { SubjectFace, SubscriberFace } from "#call-manager/visitor-desk.ts";
import type { FieldFault } from "../form-fields.ts";
import { html, type Html, nothing } from "../html.ts";
import { type Language, messages } from "../messages/messages.ts";
import type { PageContent } from "./document.ts";
import { otherSubjects, siteLink } from "./other-ways.ts";

/** A page that only says something: a broken link, nobody by that name, too many requests. */
export type Notice =
  | { readonly type: "unknown-subscriber" }
  | { readonly type: "unknown-subject"; readonly subscriberName: string }
  | { readonly type: "unknown-call" }
  | { readonly type: "unknown-page" }
  | { readonly type: "bad-link"; readonly fault?: FieldFault }
  | { readonly type: "slow-down"; readonly seconds: number }
  | { readonly type: "foreign-form" }
  | { readonly type: "broken" }
  | { readonly type: "unavailable" };

export const noticeStatus: Readonly<Record<Notice["type"], number>> = {
  "unknown-subscriber": 404,
  "unknown-subject": 404,
  "unknown-call": 404,
  "unknown-page": 404,
  "bad-link": 400,
  "slow-down": 429,
  "foreign-form": 403,
  broken: 500,
  unavailable: 503,
};

/** Where it is known whose visitor this is, the page leads on: to the subscriber's site and to what can be asked about now. */
export function noticePage(
  notice: Notice,
  language: Language,
  onward?: { readonly subscriber: SubscriberFace; readonly otherSubjects: readonly SubjectFace[] },
): PageContent {
  const { title, text, detail } = noticeWords(notice, language);
  const more: Html = detail === undefined ? nothing : html`<p class="quiet">${detail}</p>`;
  const ways = onward && { language, ...onward };
  const main = html`<div class="card"><h1>${title}</h1><p class="lead">${text}</p>${more}${ways && siteLink(ways)}</div>${ways && otherSubjects(ways)}`;
  return { title, main };
}

export function noticeWords(
  notice: Notice,
  language: Language,
): { title: string; text: string; detail?: string } {
  const words = messages(language).notice;
  switch (notice.type) {
    case "unknown-subscriber":
      return { title: words.notFoundTitle, text: words.notFoundSubscriber };
    case "unknown-subject":
      return { title: words.notFoundTitle, text: words.notFoundSubject(notice.subscriberName) };
    case "unknown-call":
      return { title: words.notFoundTitle, text: words.notFoundCall };
    case "unknown-page":
      return { title: words.notFoundTitle, text: words.notFoundPage };
    case "bad-link": {
      const { fault } = notice;
      const said = { title: words.badLinkTitle, text: words.badLink };
      return fault === undefined ? said : { ...said, detail: words.fieldFault[fault.why](fault.field) };
    }
    case "slow-down":
      return { title: words.slowDownTitle, text: words.slowDown(notice.seconds) };
    case "foreign-form":
      return { title: words.foreignTitle, text: words.foreign };
    case "broken":
      return { title: words.brokenTitle, text: words.broken };
    case "unavailable":
      return { title: words.unavailableTitle, text: words.unavailable };
  }
}
