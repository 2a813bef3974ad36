import type { PhoneFacts } from "#contract/browser-phone.ts";
import type { SubscriberFace } from "#call-manager/visitor-desk.ts";
import { assetUrl } from "../assets.ts";
import { html, type Html } from "../html.ts";
import { type Language, messages } from "../messages/messages.ts";
import { deviceField, level, phoneData, phoneProgram } from "./sound-parts.ts";

/**
 * The visitor's small telephone, beside the pages of a call that is held in this browser. It stands outside of what a live page swaps,
 * so that the sound goes on whatever is shown.
 */
export function visitorPhone(facts: {
  readonly language: Language;
  readonly phone: Omit<PhoneFacts, "words">;
}): Html {
  const { language, phone } = facts;
  const { sound, visitor, program } = messages(language).phone;
  const { connecting } = program.whyNotReady;
  return html`<aside class="width sound" aria-label="${visitor.panel}" data-phone="${phoneData(phone, language, { talking: visitor.soundIsOn })}" data-page="visitor">
<div class="card">
<div role="status"><p><strong id="sound-state">${connecting.why}</strong> <span id="sound-todo">${connecting.todo}</span></p>
<p class="quiet">${visitor.otherWay}</p></div>
${level(language)}
${deviceField("microphones", language)}
<div><button type="button" class="second" id="mute" aria-pressed="false" hidden>${sound.mute}</button>
<button type="button" id="take-here" hidden>${sound.useThisTab}</button>
<button type="button" id="try-again" hidden>${sound.tryAgain}</button></div>
</div>
</aside>${phoneProgram()}`;
}

/**
 * The welcome page's other way. Shown by its script alone, so who has none is offered the telephone only; its last button sends the
 * form of the telephone number, `form`, and says that no number is meant.
 */
export function talkHere(facts: {
  readonly language: Language;
  readonly subscriber: SubscriberFace;
  readonly form: string;
}): Html {
  const { language, subscriber, form } = facts;
  const { visitor, program } = messages(language).phone;
  return html`<section class="card" id="talk-here" aria-labelledby="talk-title" data-phone="${JSON.stringify({ words: program })}" data-program="${assetUrl("talk-here.js")}" hidden>
<h2 id="talk-title">${visitor.title}</h2>
<p>${visitor.lead}</p>
<p class="problem" id="talk-problem" role="alert" hidden></p>
<button type="button" class="second" id="talk-begin">${visitor.begin}</button>
<div id="talk-ready" hidden>
<p role="status">${visitor.speak}</p>
${level(language)}
${deviceField("microphones", language)}
<button id="talk-now" form="${form}" name="by" value="browser" formnovalidate>${visitor.now}</button>
<p class="quiet">${visitor.consent(subscriber.name)}</p>
</div>
</section><script src="${assetUrl("load-talk-here.js")}"></script>`;
}
