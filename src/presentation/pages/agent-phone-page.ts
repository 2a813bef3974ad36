import type { PhoneFacts } from "#contract/browser-phone.ts";
import { html, type Html } from "../html.ts";
import { type Language, messages } from "../messages/messages.ts";
import type { PageContent } from "./document.ts";
import { deviceField, level, phoneData, phoneProgram } from "./sound-parts.ts";

/**
 * An agent's telephone: a person signs in with the name and the password of a registered phone, and is rung here. The fields have no
 * names, so that no form can ever send them.
 */
export function agentPhonePage(facts: {
  readonly language: Language;
  /** Undefined while the operator has browsers' telephones off. */
  readonly phone: Omit<PhoneFacts, "words"> | undefined;
}): PageContent {
  const { language, phone } = facts;
  const words = messages(language).phone;
  const title = words.agent.title;
  if (phone === undefined)
    return {
      title,
      main: html`<div class="card"><h1>${title}</h1><p class="lead">${words.agent.off}</p></div>`,
    };
  const main = html`${signIn(language)}
<div class="columns" id="signed-in" data-phone="${phoneData(phone, language)}" data-page="agent" hidden>
${call(language)}
${sound(language)}
</div>
${phoneProgram()}`;
  return { title, main };
}

function signIn(language: Language): Html {
  const words = messages(language).phone.agent;
  return html`<div class="card" id="sign-in">
<h1>${words.title}</h1>
<p class="lead">${words.lead}</p>
<noscript><p class="problem">${words.needsScripts}</p></noscript>
<p class="problem" id="sign-in-problem" role="alert" hidden></p>
<form id="sign-in-form" autocomplete="on">
<div class="field"><label for="name">${words.name}</label>
<p class="hint" id="name-hint">${words.nameHint}</p>
<input id="name" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="82" aria-describedby="name-hint" required></div>
<div class="field"><label for="password">${words.password}</label>
<p class="hint" id="password-hint">${words.passwordHint}</p>
<input id="password" type="password" autocomplete="current-password" maxlength="200" aria-describedby="password-hint" required></div>
<button id="sign-in-button" type="submit" disabled>${words.signIn}</button>
</form>
</div>`;
}

function call(language: Language): Html {
  const { agent, sound, program } = messages(language).phone;
  const button = (id: string, look: string, text: string, pressed = false): Html =>
    html`<button type="button" id="${id}" class="${look}"${pressed ? html` aria-pressed="false"` : html``} hidden>${text}</button>`;
  return html`<section class="card" aria-labelledby="call-state">
<div class="problem" id="readiness" role="status"><strong id="readiness-state">${program.notReady}</strong> <span id="readiness-why"></span></div>
<p class="actions"><button type="button" id="take-here" hidden>${sound.useThisTab}</button>
<button type="button" id="try-again" hidden>${sound.tryAgain}</button></p>
<div aria-live="assertive"><h1 id="call-state" tabindex="-1">${program.nobodyCalls}</h1>
<p class="lead" id="caller"></p></div>
<p class="actions">${button("answer", "go", agent.answer)}${button("decline", "end", agent.decline)}${button("hang-up", "end", agent.hangUp)}${button("mute", "second", sound.mute, true)}${button("hold", "second", agent.hold, true)}</p>
<div id="keypad" role="group" aria-label="${agent.keypad}" hidden>
<div class="keypad">${keys.map((key) => html`<button type="button" class="second" data-key="${key}">${key}</button>`)}</div>
<p id="keyed" dir="ltr"></p>
<p class="hint">${agent.keypadHint}</p>
</div>
<p class="quiet" id="quality"></p>
</section>`;
}

const keys = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

function sound(language: Language): Html {
  const { agent } = messages(language).phone;
  return html`<section class="card" aria-labelledby="sound-title"><h2 id="sound-title">${agent.soundTitle}</h2>
${level(language)}
${deviceField("microphones", language)}
${deviceField("speakers", language)}
<p class="quiet">${agent.signedInAs} <strong id="login-name"></strong></p>
<button type="button" class="second" id="sign-out">${agent.signOut}</button>
</section>`;
}
