import type { SubscriberFace } from "#call-manager/visitor-desk.ts";
import { assetUrl } from "../assets.ts";
import { html, type Html, nothing } from "../html.ts";
import { type Language, languages, messages } from "../messages/messages.ts";
import { accentStyle } from "./accent.ts";
import { phoneStyle } from "./sound-parts.ts";

/** What stands in the middle of a page: the part that a live page swaps. */
export interface PageContent {
  readonly title: string;
  /** Where the title is a subscriber's, which may not have it in the page's language. */
  readonly titleLanguage?: Language;
  readonly main: Html;
  /** Where the live script does not run the page fetches itself again after so many seconds. */
  readonly refreshSeconds?: number;
  /** Nothing will change any more. */
  readonly final?: boolean;
}

/** What stands around it. */
export interface Frame {
  readonly language: Language;
  readonly subscriber?: SubscriberFace | undefined;
  /** Of this response alone: the one inline style element, the subscriber's colour, carries it. */
  readonly nonce: string;
  readonly development: boolean;
  /** This page's address in another language, if it has one that a GET can reach. */
  readonly inLanguage?: ((language: Language) => string) | undefined;
  /** A telephone in this page: what lets it in and out, and, where it stands beside what the page shows, itself. */
  readonly phone?: PhoneInPage | undefined;
  readonly live?: { readonly eventsUrl: string; readonly afterSeq: number } | undefined;
}

export interface PhoneInPage {
  /** Where it speaks SIP: `wss://talk.example/sip`. Undefined where it only tries its microphone. */
  readonly socketUrl?: string;
  readonly beside?: Html;
}

/** The whole HTML document. */
export function document(frame: Frame, content: PageContent): string {
  const words = messages(frame.language);
  return html`<!doctype html>
<html lang="${frame.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${titleOf(content, frame.subscriber)}</title>
<link rel="stylesheet" href="${assetUrl("tandem.css")}">
${frame.phone === undefined ? nothing : phoneStyle()}<link rel="icon" href="${assetUrl("icon.svg")}" type="image/svg+xml">
${accentStyle(frame.subscriber?.accentColor, frame.nonce)}
</head>
<body>
<a class="skip" href="#main">${words.skipToContent}</a>
<header class="bar">${frame.development ? html`<p class="development">${words.development}</p>` : nothing}<div class="width">${brand(frame.subscriber)}${languageSwitch(frame)}</div></header>
${frame.phone?.beside}<main id="main" class="width" tabindex="-1">${content.main}</main>
<footer class="width"><p>${words.poweredBy}</p></footer>
<p id="said" class="unseen" role="status"></p>
${liveScript(frame)}${refresh(content)}
</body>
</html>
`.markup;
}

export function titleOf(content: PageContent, subscriber: SubscriberFace | undefined): string {
  return subscriber === undefined ? content.title : `${content.title} – ${subscriber.name}`;
}

/**
 * The last element, right after the script: a script that runs opens a template here, and what stands in a template does
 * nothing. Scripts switched off, blocked or lost on the way leave it in force, which `<noscript>` would not.
 */
function refresh(content: PageContent): Html {
  if (content.refreshSeconds === undefined) return nothing;
  return html`<meta http-equiv="refresh" content="${content.refreshSeconds}"></template>`;
}

function liveScript(frame: Frame): Html {
  if (frame.live === undefined) return nothing;
  const words = messages(frame.language).connect;
  return html`<script src="${assetUrl("live.js")}" data-events="${frame.live.eventsUrl}" data-after="${frame.live.afterSeq}" data-lost="${words.connectionLost}" data-back="${words.connectionBack}"></script>`;
}

function brand(subscriber: SubscriberFace | undefined): Html {
  if (subscriber === undefined) return html`<span class="brand">Tandem</span>`;
  // The name stands beside the logo, so the picture itself has nothing to add for a screen reader.
  const logo = isShowable(subscriber.logoUrl)
    ? html`<img src="${subscriber.logoUrl}" alt="" height="32">`
    : nothing;
  return html`<span class="brand">${logo}<bdi>${subscriber.name}</bdi></span>`;
}

/** An address that may stand in `src`: https, or a path of our own. */
export function isShowable(url: string | undefined): url is string {
  return url !== undefined && (/^https:\/\//i.test(url) || /^\/[^/\\]/.test(url));
}

function languageSwitch(frame: Frame): Html {
  const { inLanguage } = frame;
  if (inLanguage === undefined) return nothing;
  const others = languages.filter((language) => language !== frame.language);
  return html`<nav aria-label="${messages(frame.language).otherLanguage}">${others.map(
    (language) =>
      html`<a href="${inLanguage(language)}" lang="${language}" hreflang="${language}">${messages(language).languageName}</a>`,
  )}</nav>`;
}
