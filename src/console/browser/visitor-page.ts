import { isMissing, whyNotReady, whySoundless } from "../readiness.ts";
import { offerDevices, onDeviceChosen } from "./device-choice.ts";
import { Microphone } from "./microphone.ts";
import { OneTab } from "./one-tab.ts";
import { element, factsOf, say, show } from "./page-parts.ts";
import { answerWith, type PhoneCall } from "./phone-call.ts";
import { SipPhone } from "./sip-phone.ts";

/**
 * The visitor's small telephone beside the pages of a call that is held in this browser. It is rung by that call alone, and answers by
 * itself: the visitor has clicked for it. It lives as long as the page; a reload has the call again.
 */
export function visitorPage(root: HTMLElement): void {
  const { guest, words, ...facts } = factsOf(root);
  if (guest === undefined) return;
  const parts = {
    state: element("sound-state", HTMLElement),
    todo: element("sound-todo", HTMLElement),
    level: element("level", HTMLMeterElement),
    mute: element("mute", HTMLButtonElement),
    takeHere: element("take-here", HTMLButtonElement),
    tryAgain: element("try-again", HTMLButtonElement),
    microphones: element("microphones", HTMLSelectElement),
  };
  const over = new AbortController();
  const { signal } = over;
  let phone: SipPhone | undefined;
  let call: PhoneCall | undefined;
  let isElsewhere = false;

  const refresh = (): void => {
    if (signal.aborted) return;
    if (call?.state === "ended") call = undefined;
    const condition = {
      microphone: microphone.state,
      soundRuns: microphone.soundRuns,
      registration: phone?.registration ?? "none",
      // It matters before a call, for who waits for one. Here the call itself is what comes.
      askedAtMs: performance.now(),
      isElsewhere,
    };
    const why = whyNotReady(condition, performance.now());
    const isUp = call?.state === "talking" && (why === undefined || why === "connection-lost");
    const told = isUp ? undefined : words.whyNotReady[why ?? "connecting"];
    say(parts.state, told === undefined ? (call?.isMuted === true ? words.muted : words.talking) : told.why);
    say(parts.todo, told?.todo ?? "");
    root.dataset["why"] = isUp ? "talking" : (why ?? "connecting");
    show(parts.takeHere, isElsewhere);
    show(parts.tryAgain, !isElsewhere && isMissing(microphone.state));
    show(parts.mute, isUp);
    parts.mute.setAttribute("aria-pressed", String(call?.isMuted === true));
    show(parts.level, microphone.state === "live");
    show(parts.microphones.closest<HTMLElement>(".field") ?? parts.microphones, microphone.state === "live");
  };

  const microphone = new Microphone(() => {
    if (microphone.state === "live") {
      void offerDevices(parts.microphones, "microphone", words);
      // Who cannot be heard is not called: the visitor is told first what to do.
      if (!isElsewhere) phone ??= openPhone();
    }
    if (microphone.track !== undefined) void call?.speakInto(microphone.track);
    refresh();
  });

  const openPhone = (): SipPhone =>
    new SipPhone({
      ...facts,
      ...guest,
      instance: instanceOf(guest.name),
      isGuest: true,
      whySoundless: () => whySoundless({ microphone: microphone.state, soundRuns: true }),
      onCall(next) {
        const isMuted = call?.isMuted === true;
        call?.leave();
        call = next;
        void answerWith(next, microphone).then(() => isMuted && next.mute(true));
      },
      onChange: refresh,
    });

  const tab = new OneTab(`tandem-phone-${guest.name}`, {
    here() {
      isElsewhere = false;
      void microphone.open();
      refresh();
    },
    elsewhere() {
      isElsewhere = true;
      call?.leave();
      phone?.vanish();
      phone = undefined;
      refresh();
    },
  });

  parts.mute.addEventListener("click", () => call?.mute(!call.isMuted), { signal });
  parts.takeHere.addEventListener("click", () => tab.take(), { signal });
  parts.tryAgain.addEventListener("click", () => void microphone.open(), { signal });
  onDeviceChosen(parts.microphones, "microphone", () => void microphone.change(), signal);
  const wake = (): void => {
    void microphone.wake();
    call?.wake();
  };
  for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, wake, { signal });
  document.addEventListener("submit", (event) => staysOnPage(event), { signal });
  const timer = setInterval(() => {
    parts.level.value = microphone.level();
    refresh();
  }, 250);
  // `live.js` says so when it shows the last page of the call.
  document.addEventListener(
    "tandem-over",
    () => {
      over.abort();
      clearInterval(timer);
      phone?.signOff();
      tab.leave();
      microphone.close();
      root.remove();
    },
    { signal },
  );
  refresh();
}

/** The forms of a call's pages lead back to the same address. Sent from here, they take the sound away from nobody. */
function staysOnPage(event: SubmitEvent): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !new URL(form.action).pathname.startsWith("/call/")) return;
  event.preventDefault();
  fetch(form.action, { method: "POST", redirect: "manual" }).catch(() => form.submit());
}

/** The same for each life of this tab. */
function instanceOf(name: string): string {
  const key = `tandem-instance-${name}`;
  const kept = sessionStorage.getItem(key) ?? crypto.randomUUID();
  sessionStorage.setItem(key, kept);
  return kept;
}
