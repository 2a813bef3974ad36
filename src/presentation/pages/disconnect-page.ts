import type { CallOutcome } from "#call-manager/pages.ts";
import type { SubscriberFace } from "#call-manager/visitor-desk.ts";
import { html, type Html, nothing } from "../html.ts";
import { type Language, messages } from "../messages/messages.ts";
import type { PageContent } from "./document.ts";

/** 219: the last page, in words that fit how the call ended. */
export function disconnectPage(facts: {
  readonly language: Language;
  readonly subscriber: SubscriberFace;
  readonly outcome: CallOutcome;
  /** `/call/<id>/again`: a fresh welcome page, with the same context while that may still be used. */
  readonly againUrl: string;
}): PageContent {
  const words = messages(facts.language);
  const { title, text } = words.outcomes[facts.outcome];
  const main = html`<div class="card">
<h1 id="headline" tabindex="-1">${title}</h1>
<p class="lead">${text}</p>
<p class="actions">${again(facts)}${back(facts)}</p>
</div>`;
  return { title, main, final: true };
}

function again(facts: { language: Language; outcome: CallOutcome; againUrl: string }): Html {
  // Whoever pressed 9 is not asked to call again.
  if (facts.outcome === "user-refused-calls") return nothing;
  return html`<a class="button" href="${facts.againUrl}">${messages(facts.language).disconnect.again}</a> `;
}

function back(facts: { language: Language; subscriber: SubscriberFace }): Html {
  const [site] = facts.subscriber.origins;
  if (site === undefined || !/^https?:\/\//i.test(site)) return nothing;
  return html`<a href="${site}">${messages(facts.language).disconnect.back(facts.subscriber.name)}</a>`;
}
