import { unreachable } from "#base/errors.ts";
import { type CallRecord, isInBrowser } from "#call-manager/call-record.ts";
import type { ConnectStage } from "#call-manager/pages.ts";
import type { SubscriberFace } from "#call-manager/visitor-desk.ts";
import { html, type Html, nothing } from "../html.ts";
import { type Language, messages, type Milestone, textIn } from "../messages/messages.ts";
import type { PageContent } from "./document.ts";
import { paragraphs } from "./subscriber-words.ts";

/** 205: how far the call has come, with the subscriber's own words beside it. */
export function connectPage(facts: {
  readonly language: Language;
  readonly subscriber: SubscriberFace;
  readonly stage: ConnectStage;
  readonly way: WayOfCall;
  readonly callUrl: string;
}): PageContent {
  const { language, stage, way } = facts;
  const words = messages(language).connect;
  const { headline, text } =
    (isInBrowser(way) ? words.stagesInBrowser[stage] : undefined) ??
    (way.legOrder === "center-first" ? words.stagesCenterFirst[stage] : undefined) ??
    words.stages[stage];
  const main = html`<div class="columns">
<div class="card">
<p class="call">${words.callTo(facts.subscriber.name)}</p>
<h1 id="headline" tabindex="-1">${headline}</h1>
<p class="lead">${text}</p>
${stage === "confirm-on-phone" ? keys(language) : nothing}
<ol class="progress" role="list" aria-label="${words.progress}">${milestones(stage, way, language)}</ol>
<p class="quiet">${words.staysOpen}<noscript> ${words.refreshes}</noscript></p>
${stage === "ending" ? nothing : cancelForm(facts)}
</div>
${ownContent(facts)}
</div>`;
  return { title: headline, main, refreshSeconds: 4 };
}

function cancelForm(facts: { language: Language; stage: ConnectStage; callUrl: string }): Html {
  const words = messages(facts.language).connect;
  const label = facts.stage === "connected" ? words.hangUp : words.cancel;
  return html`<form method="post" action="${facts.callUrl}/cancel"><button class="end" type="submit">${label}</button></form>`;
}

function ownContent(facts: { language: Language; subscriber: SubscriberFace }): Html {
  const { language, subscriber } = facts;
  const words = textIn(subscriber.connectContent, language, subscriber.defaultLanguage);
  if (words.text.trim() === "") return nothing;
  const from = messages(language).connect.from(subscriber.name);
  return html`<aside class="card" aria-labelledby="own"><h2 id="own">${from}</h2>${paragraphs(words, language)}</aside>`;
}

/** 209: the two keys that the telephone asks for, as they stand on its keypad. */
function keys(language: Language): Html {
  const { one, nine } = messages(language).connect.confirmKeys;
  return html`<ul class="keys" role="list"><li><kbd>1</kbd> ${one}</li><li><kbd>9</kbd> ${nine}</li></ul>`;
}

/** 206: whose telephone rings first, whether the visitor is asked for a key, and whether they have a telephone at all. */
export type WayOfCall = Pick<CallRecord, "legOrder" | "confirms" | "visitorNumber">;

/** What the visitor will live through in this call, in its order. */
function milestonesOf({ legOrder, confirms }: WayOfCall): readonly Milestone[] {
  switch (legOrder) {
    case "user-first":
      return ["your-phone", ...(confirms ? (["confirmed"] as const) : []), "center", "agent", "connected"];
    case "center-first":
      return ["center", "agent", "your-phone", "connected"];
    case "both-at-once":
      return ["your-phone", "center", "agent", "connected"];
    default:
      return unreachable(legOrder);
  }
}

/** The milestone that a stage is at; what stands before it is done. */
const milestoneOf: Readonly<Record<ConnectStage, Milestone | undefined>> = {
  placing: undefined,
  "calling-you": "your-phone",
  "confirm-on-phone": "confirmed",
  "calling-center": "center",
  "agent-briefed": "agent",
  connected: "connected",
  ending: "connected",
};

function milestones(stage: ConnectStage, way: WayOfCall, language: Language): readonly Html[] {
  const words = messages(language).connect;
  const at = milestoneOf[stage];
  const order = milestonesOf(way);
  const current = at === undefined ? -1 : order.indexOf(at);
  return order.map((milestone, position) => {
    const state = position < current || stage === "ending" ? "done" : position === current ? "now" : "later";
    const isBrowser = milestone === "your-phone" && isInBrowser(way);
    const named = isBrowser ? words.yourBrowser : words.milestones[milestone];
    if (state === "now")
      return html`<li class="now" aria-current="step">${named} <span class="tag">${words.now}</span></li>`;
    return html`<li class="${state}">${named} <span class="unseen">(${words[state]})</span></li>`;
  });
}
