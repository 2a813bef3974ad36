import type { Availability, SubjectFace, SubscriberFace } from "#call-manager/visitor-desk.ts";
import { unreachable } from "#base/errors.ts";
import { html, type Html } from "../html.ts";
import { type Language, messages, momentInWords, textIn } from "../messages/messages.ts";
import type { PageContent } from "./document.ts";
import { otherSubjects, siteLink } from "./other-ways.ts";
import { filled, subscriberWords } from "./subscriber-words.ts";

export type Refusal = Exclude<Availability, { readonly type: "open" }>;

/** 203: says why no call can be asked for now, when it can, and what else can be done. */
export function refusedPage(facts: {
  readonly language: Language;
  readonly subscriber: SubscriberFace;
  readonly subject: SubjectFace;
  readonly refusal: Refusal;
  /** About which calls are taken now. */
  readonly otherSubjects: readonly SubjectFace[];
}): PageContent {
  const words = messages(facts.language).refused;
  const main = html`<div class="card"><h1>${words.title}</h1>${why(facts)}${siteLink(facts)}</div>${otherSubjects(facts)}`;
  return { title: words.title, main };
}

function why(facts: {
  language: Language;
  subscriber: SubscriberFace;
  subject: SubjectFace;
  refusal: Refusal;
}): Html {
  const { language, refusal, subscriber } = facts;
  const words = messages(language).refused;
  switch (refusal.type) {
    case "closed": {
      const opens =
        refusal.opensAtMs === undefined
          ? words.opensUnknown
          : words.opensAt(momentInWords(refusal.opensAtMs, refusal.timeZone, language));
      const subject = subscriberWords(
        textIn(facts.subject.name, language, subscriber.defaultLanguage),
        language,
      );
      const closed = filled((name) => words.closed(subscriber.name, name), subject);
      return html`<p class="lead">${closed}</p><p class="note">${opens}</p>`;
    }
    case "outside-region":
      return html`<p class="lead">${words.region(subscriber.name)}</p>`;
    case "platform-stopped":
      return html`<p class="lead">${words.stopped}</p>`;
    default:
      return unreachable(refusal);
  }
}
