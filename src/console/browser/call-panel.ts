import type { PhoneWords } from "#contract/browser-phone.ts";
import type { Microphone } from "./microphone.ts";
import { element, say, show } from "./page-parts.ts";
import { answerWith, type PhoneCall } from "./phone-call.ts";
import { startRing } from "./ring.ts";

/** The agent's call: who it is from, the buttons that fit its state, the keypad. */
export class CallPanel {
  call: PhoneCall | undefined;
  readonly #words: PhoneWords;
  readonly #microphone: Microphone;
  readonly #state = element("call-state", HTMLElement);
  readonly #caller = element("caller", HTMLElement);
  readonly #keyed = element("keyed", HTMLElement);
  readonly #quality = element("quality", HTMLElement);
  readonly #keypad = element("keypad", HTMLElement);
  readonly #buttons = {
    answer: element("answer", HTMLButtonElement),
    decline: element("decline", HTMLButtonElement),
    mute: element("mute", HTMLButtonElement),
    hold: element("hold", HTMLButtonElement),
    hangUp: element("hang-up", HTMLButtonElement),
  };
  #ring: { stop(): void } | undefined;

  constructor(parts: {
    readonly words: PhoneWords;
    readonly microphone: Microphone;
    readonly signal: AbortSignal;
  }) {
    this.#words = parts.words;
    this.#microphone = parts.microphone;
    this.#listen(parts.signal);
  }

  /** A call comes. One that is taken up again is answered by itself; beside another call one is busy. */
  take(call: PhoneCall): void {
    if (call.resumes) {
      this.call?.leave();
      this.call = call;
      return void answerWith(call, this.#microphone);
    }
    if (this.call !== undefined) return call.hangUp("busy");
    this.call = call;
    this.#keyed.textContent = "";
    this.#ring = startRing(this.#microphone.context, this.#words.rings);
    this.show();
    this.#buttons.answer.focus();
  }

  show(): void {
    if (this.call?.state === "ended") this.call = undefined;
    const { call } = this;
    const { answer, decline, mute, hold, hangUp } = this.#buttons;
    const rings = call?.state === "ringing";
    const isUp = call !== undefined && !rings;
    if (!rings) this.#stopRing();
    say(this.#state, this.#stateInWords());
    say(this.#caller, this.#callerInWords());
    say(this.#quality, this.#qualityInWords());
    show(hangUp, isUp, this.#state);
    for (const button of [answer, decline]) show(button, rings, isUp ? hangUp : this.#state);
    for (const button of [mute, hold]) show(button, isUp, this.#state);
    show(this.#keypad, isUp, this.#state);
    mute.setAttribute("aria-pressed", String(call?.isMuted === true));
    hold.setAttribute("aria-pressed", String(call?.isOnHold === true));
  }

  close(): void {
    this.call?.hangUp();
    this.call = undefined;
    this.#stopRing();
    this.show();
  }

  #listen(signal: AbortSignal): void {
    const { answer, decline, mute, hold, hangUp } = this.#buttons;
    const onClick = (button: HTMLElement, act: (call: PhoneCall) => void): void =>
      button.addEventListener("click", () => this.call && act(this.call), { signal });
    onClick(answer, (call) => void answerWith(call, this.#microphone));
    onClick(decline, (call) => call.hangUp());
    onClick(hangUp, (call) => call.hangUp());
    onClick(mute, (call) => call.mute(!call.isMuted));
    onClick(hold, (call) => call.hold(!call.isOnHold));
    for (const key of this.#keypad.querySelectorAll<HTMLElement>("[data-key]"))
      onClick(key, () => this.#press(key.dataset["key"] ?? ""));
    // Where somebody types into a field or chooses a device the digits are theirs.
    document.addEventListener(
      "keydown",
      ({ key, target, ctrlKey, altKey, metaKey }) => {
        const types = target instanceof Element && target.matches("input, select, textarea");
        if (/^[0-9*#]$/.test(key) && !types && !ctrlKey && !altKey && !metaKey) this.#press(key);
      },
      { signal },
    );
  }

  #press(key: string): void {
    if (this.call?.state !== "talking") return;
    this.call.press(key);
    this.#keyed.textContent = `${this.#keyed.textContent ?? ""}${key}`.slice(-24);
  }

  #stopRing(): void {
    this.#ring?.stop();
    this.#ring = undefined;
  }

  #stateInWords(): string {
    const { call } = this;
    const words = this.#words;
    if (call === undefined || call.state === "ended") return words.nobodyCalls;
    if (call.state === "ringing") return words.rings;
    if (call.state === "connecting") return words.connecting;
    if (call.isOnHold) return words.onHold;
    return call.isMuted ? words.muted : words.talking;
  }

  #callerInWords(): string {
    const { call } = this;
    if (call === undefined) return "";
    const { callFrom, callFromNobody, called } = this.#words;
    const from = call.caller === undefined ? callFromNobody : callFrom.replace("{caller}", call.caller);
    return `${from} ${called.replace("{dialled}", call.dialled)}`;
  }

  #qualityInWords(): string {
    const quality = this.call?.isOnHold === false ? this.call.quality : undefined;
    if (quality === undefined) return "";
    return this.#words.quality
      .replace("{loss}", String(quality.lossPercent))
      .replace("{jitter}", String(quality.jitterMs));
  }
}
