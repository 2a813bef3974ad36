import type { SubjectFace, SubscriberFace } from "#call-manager/visitor-desk.ts";
import { html, type Html, nothing } from "../html.ts";
import { type Language, messages, textIn } from "../messages/messages.ts";
import { subscriberWords } from "./subscriber-words.ts";

/** The way to the subscriber's own site. */
export function siteLink(facts: { language: Language; subscriber: SubscriberFace }): Html {
  const [site] = facts.subscriber.origins;
  if (site === undefined || !/^https?:\/\//i.test(site)) return nothing;
  return html`<p class="actions"><a class="button second" href="${site}">${messages(facts.language).refused.backToSite(facts.subscriber.name)}</a></p>`;
}

/** 203. What else can be done: the subjects about which calls are taken now. */
export function otherSubjects(facts: {
  language: Language;
  subscriber: SubscriberFace;
  otherSubjects: readonly SubjectFace[];
}): Html {
  const { language, subscriber } = facts;
  if (facts.otherSubjects.length === 0) return nothing;
  const name = (subject: SubjectFace): Html =>
    subscriberWords(textIn(subject.name, language, subscriber.defaultLanguage), language);
  return html`<section class="card" aria-labelledby="others"><h2 id="others">${messages(language).refused.otherSubjects}</h2>
<ul class="ways" role="list">${facts.otherSubjects.map((subject) => html`<li><a href="/talk/${subscriber.id}/${subject.id}">${name(subject)}</a></li>`)}</ul></section>`;
}
