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
  readonly fromBrowser: boolean;
  /** `/call/<id>/again`: a fresh welcome page, with the same context while that may still be used. */
  readonly againUrl: string;
}): PageContent {
  const words = messages(facts.language);
  const { title, text } =
    (facts.fromBrowser ? words.outcomesInBrowser[facts.outcome] : undefined) ?? words.outcomes[facts.outcome];
  const main = html`<div class="card">
<svg class="sign" viewBox="0 0 24 24" aria-hidden="true"><path d="${handset}"/></svg>
<h1 id="headline" tabindex="-1">${title}</h1>
<p class="lead">${text}</p>
${waysOn(facts)}
</div>`;
  return { title, main, final: true };
}

/** A handset that lies on its cradle. */
const handset =
  "M3 14.6v-1.3c5-4.7 13-4.7 18 0v1.3c0 1-.9 1.6-1.8 1.4l-2.6-.8c-.6-.2-1-.7-1-1.3v-1.4a12.7 12.7 0 0 0-7.2 0v1.4c0 .6-.4 1.1-1 1.3l-2.6.8c-.9.2-1.8-.4-1.8-1.4z";

/** What most visitors want next stands first, and stands out: who has talked goes back, who has not calls again. */
function waysOn(facts: {
  language: Language;
  subscriber: SubscriberFace;
  outcome: CallOutcome;
  againUrl: string;
}): Html {
  const words = messages(facts.language).disconnect;
  const [site] = facts.subscriber.origins;
  const back =
    site !== undefined && /^https?:\/\//i.test(site)
      ? { url: site, text: words.back(facts.subscriber.name) }
      : undefined;
  // Whoever pressed 9 is not asked to call again.
  const again =
    facts.outcome === "user-refused-calls" ? undefined : { url: facts.againUrl, text: words.again };
  const ways = (satisfied.has(facts.outcome) ? [back, again] : [again, back]).filter(
    (way) => way !== undefined,
  );
  if (ways.length === 0) return nothing;
  const links = ways.map(
    ({ url, text }, at) => html`<a class="button${at === 0 ? "" : " second"}" href="${url}">${text}</a>`,
  );
  return html`<p class="actions">${links}</p>`;
}

const satisfied: ReadonlySet<CallOutcome> = new Set(["completed", "visitor-cancelled", "center-closed"]);
