import type { PhoneWords } from "#contract/browser-phone.ts";
import { isMissing, whyNotReady, whySoundless } from "../readiness.ts";
import { CallPanel } from "./call-panel.ts";
import { offerDevices, onDeviceChosen } from "./device-choice.ts";
import { Microphone } from "./microphone.ts";
import { OneTab } from "./one-tab.ts";
import { element, factsOf, say, show } from "./page-parts.ts";
import { SipPhone } from "./sip-phone.ts";

/** An agent's login: in this tab's memory alone, so that a reload need not ask. It is proved by digest, and never sent. */
interface Login {
  readonly name: string;
  readonly password: string;
  readonly instance: string;
}

const loginKey = "tandem-phone-login";

/** The agent's telephone: who it is first, then its bell, its keys and its sound. */
export function agentPage(root: HTMLElement): void {
  const form = element("sign-in-form", HTMLFormElement);
  const [name, password] = [element("name", HTMLInputElement), element("password", HTMLInputElement)];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const login = {
      name: name.value.trim().toLowerCase(),
      password: password.value,
      instance: crypto.randomUUID(),
    };
    password.value = "";
    sessionStorage.setItem(loginKey, JSON.stringify(login));
    openPhone(root, login);
  });
  element("sign-in-button", HTMLButtonElement).disabled = false;
  const kept = sessionStorage.getItem(loginKey);
  if (kept !== null) openPhone(root, JSON.parse(kept) as Login);
}

/** From the sign-in to the sign-out. */
function openPhone(root: HTMLElement, login: Login): void {
  const { words, ...facts } = factsOf(root);
  const parts = {
    readiness: element("readiness", HTMLElement),
    microphones: element("microphones", HTMLSelectElement),
    speakers: element("speakers", HTMLSelectElement),
    level: element("level", HTMLMeterElement),
    takeHere: element("take-here", HTMLButtonElement),
    tryAgain: element("try-again", HTMLButtonElement),
    signOut: element("sign-out", HTMLButtonElement),
  };
  const over = new AbortController();
  let phone: SipPhone | undefined;
  let isElsewhere = false;

  const refresh = (): void => {
    if (over.signal.aborted) return;
    if (phone?.refused !== undefined) return close(refusalIn(words, phone.refused));
    const condition = {
      microphone: microphone.state,
      soundRuns: microphone.soundRuns,
      registration: phone?.registration ?? "none",
      askedAtMs: phone?.askedAtMs,
      isElsewhere,
    };
    const why = whyNotReady(condition, performance.now());
    tellReadiness(parts.readiness, words, why === undefined ? undefined : words.whyNotReady[why]);
    parts.readiness.dataset["why"] = why ?? "ready";
    show(parts.takeHere, isElsewhere, parts.signOut);
    show(parts.tryAgain, !isElsewhere && isMissing(microphone.state), parts.signOut);
    panel.show();
  };
  const microphone = new Microphone(() => {
    if (microphone.state === "live") void listDevices();
    if (microphone.track !== undefined) void panel.call?.speakInto(microphone.track);
    refresh();
  });
  const panel = new CallPanel({ words, microphone, signal: over.signal });
  const listDevices = async (): Promise<void> => {
    await offerDevices(parts.microphones, "microphone", words);
    await offerDevices(parts.speakers, "speaker", words);
  };

  const openPhone = (): SipPhone =>
    new SipPhone({
      ...facts,
      ...login,
      isGuest: false,
      whySoundless: () => whySoundless({ microphone: microphone.state, soundRuns: microphone.soundRuns }),
      onCall: (call) => panel.take(call),
      onChange: refresh,
    });

  const tab = new OneTab(`tandem-phone-${login.name}`, {
    here() {
      isElsewhere = false;
      refresh();
      // The platform asks as soon as we are registered, and is to hear that we are well: the microphone comes first.
      void microphone.opened().then(() => {
        if (!isElsewhere && !over.signal.aborted) phone ??= openPhone();
        refresh();
      });
    },
    elsewhere() {
      isElsewhere = true;
      panel.call?.leave();
      phone?.vanish();
      phone = undefined;
      refresh();
    },
  });

  const close = (problem?: string): void => {
    over.abort();
    clearInterval(timer);
    sessionStorage.removeItem(loginKey);
    phone?.signOff();
    tab.leave();
    microphone.close();
    panel.close();
    show(element("signed-in", HTMLElement), false);
    show(element("sign-in", HTMLElement), true);
    const told = element("sign-in-problem", HTMLElement);
    say(told, problem ?? "");
    show(told, problem !== undefined);
    element("name", HTMLInputElement).focus();
  };

  const { signal } = over;
  const wake = (): void => {
    void microphone.wake();
    panel.call?.wake();
  };
  for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, wake, { signal });
  parts.takeHere.addEventListener("click", () => tab.take(), { signal });
  parts.tryAgain.addEventListener("click", () => void microphone.open(), { signal });
  parts.signOut.addEventListener("click", () => close(), { signal });
  onDeviceChosen(parts.microphones, "microphone", () => void microphone.change(), signal);
  onDeviceChosen(parts.speakers, "speaker", () => void panel.call?.hearFrom(parts.speakers.value), signal);
  show(
    parts.speakers.closest<HTMLElement>(".field") ?? parts.speakers,
    "setSinkId" in HTMLMediaElement.prototype,
  );
  const timer = setInterval(() => {
    parts.level.value = microphone.level();
    refresh();
  }, 250);

  say(element("login-name", HTMLElement), login.name);
  show(element("sign-in-problem", HTMLElement), false);
  show(element("sign-in", HTMLElement), false);
  show(element("signed-in", HTMLElement), true);
  element("call-state", HTMLElement).focus();
  refresh();
}

function tellReadiness(
  where: HTMLElement,
  words: PhoneWords,
  why: { readonly why: string; readonly todo: string } | undefined,
): void {
  const [state, reason] = why === undefined ? [words.ready, ""] : [words.notReady, `${why.why} ${why.todo}`];
  where.className = why === undefined ? "note ready" : "problem";
  say(element("readiness-state", HTMLElement), state);
  say(element("readiness-why", HTMLElement), reason);
}

function refusalIn(words: PhoneWords, why: NonNullable<SipPhone["refused"]>): string {
  return why === "wrong-password" ? words.wrongPassword : words.tooManyTries;
}
