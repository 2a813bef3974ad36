import type { LibraryPageFace, SubscriberFace } from "#call-manager/visitor-desk.ts";
import { html, type Html } from "../html.ts";
import { type Language, messages, textIn, type WordsIn } from "../messages/messages.ts";
import type { PageContent } from "./document.ts";
import { paragraphs, subscriberWords } from "./subscriber-words.ts";

/** 217: a page of the subscriber's library that the agent pushed, inside our own frame, with the way back to the call. */
export function pushedPage(facts: {
  readonly language: Language;
  readonly subscriber: SubscriberFace;
  /** Undefined when it was taken out of the library since. */
  readonly page: LibraryPageFace | undefined;
  readonly callUrl: string;
  readonly ownOrigins: readonly string[];
}): PageContent {
  const { language, subscriber } = facts;
  const words = messages(language);
  const title = titleOf(facts);
  const main = html`<div class="card wide">
<div class="between"><div><h1 id="headline" tabindex="-1">${subscriberWords(title, language)}</h1>
<p class="quiet">${words.pushed.shownBy(subscriber.name)}</p></div>
<form method="post" action="${facts.callUrl}/close-page"><button class="second" type="submit">${words.pushed.close}</button></form></div>
${content(facts, title.text)}
</div>
<div class="card strip wide"><p class="call">${words.connect.callTo(subscriber.name)}</p>
<form method="post" action="${facts.callUrl}/cancel"><button class="end" type="submit">${words.connect.hangUp}</button></form></div>`;
  // A framed page is loaded again with ours: without script the refresh must leave time to read it.
  return { title: title.text, titleLanguage: title.language, main, refreshSeconds: 20 };
}

function titleOf(facts: {
  language: Language;
  subscriber: SubscriberFace;
  page: LibraryPageFace | undefined;
}): WordsIn {
  const { language, subscriber, page } = facts;
  if (page === undefined) return { text: messages(language).notice.notFoundTitle, language };
  const title = textIn(page.title, language, subscriber.defaultLanguage);
  return title.text === "" ? { text: page.id, language } : title;
}

function content(
  facts: {
    language: Language;
    subscriber: SubscriberFace;
    page: LibraryPageFace | undefined;
    ownOrigins: readonly string[];
  },
  title: string,
): Html {
  const { language, subscriber, page } = facts;
  const words = messages(language).pushed;
  if (page === undefined) return html`<p>${words.missing}</p>`;
  if (page.content.type === "text") {
    const text = textIn(page.content.text, language, subscriber.defaultLanguage);
    return html`<div class="reading">${paragraphs(text, language)}</div>`;
  }
  const url = ownedUrl(page.content.url, subscriber, facts.ownOrigins);
  if (url === undefined) return html`<p>${words.missing}</p>`;
  return html`<iframe src="${url}" title="${words.frameTitle(title)}" sandbox="allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"></iframe>
<p><a href="${url}" target="_blank" rel="noopener noreferrer">${words.openInTab}<span class="unseen"> (${words.opensNewTab})</span></a> <span class="quiet">${words.emptyFrame}</span></p>`;
}

/**
 * The address, when it lies on one of the subscriber's verified origins and not on ours: `allow-same-origin` beside
 * `allow-scripts` would give a page of our own origin the run of the visitor's session.
 */
export function ownedUrl(
  url: string,
  subscriber: SubscriberFace,
  ownOrigins: readonly string[],
): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  const web = parsed.protocol === "https:" || parsed.protocol === "http:";
  const owned = subscriber.origins.includes(parsed.origin) && !ownOrigins.includes(parsed.origin);
  const bare = parsed.username === "" && parsed.password === "";
  return web && owned && bare ? parsed.href : undefined;
}
