import type { PhoneFacts } from "#contract/browser-phone.ts";
import { whySoundless } from "../readiness.ts";
import { offerDevices, onDeviceChosen } from "./device-choice.ts";
import { Microphone } from "./microphone.ts";
import { element, say, show } from "./page-parts.ts";

/**
 * The welcome page's other way: "talk from this browser". Brought along by the click, and asks for the microphone then; the call can be
 * begun once the visitor sees that it hears them.
 */
export function talkHere(root: HTMLElement): void {
  const { words } = JSON.parse(root.dataset["phone"] ?? "{}") as Pick<PhoneFacts, "words">;
  const begin = element("talk-begin", HTMLButtonElement);
  const problem = element("talk-problem", HTMLElement);
  const ready = element("talk-ready", HTMLElement);
  const microphones = element("microphones", HTMLSelectElement);
  const level = element("level", HTMLMeterElement);
  const microphone = new Microphone(() => {
    const isLive = microphone.state === "live";
    if (isLive) void offerDevices(microphones, "microphone", words);
    // The click that brought us lets the page make sound.
    const why = whySoundless({ microphone: microphone.state, soundRuns: true });
    const told = why === undefined || why === "microphone-asked" ? undefined : words.whyNotReady[why];
    say(problem, told === undefined ? "" : `${told.why} ${told.todo}`);
    show(problem, told !== undefined);
    show(ready, isLive);
    show(begin, !isLive, element("talk-now", HTMLButtonElement));
  });
  const ask = async (): Promise<void> => {
    await microphone.open();
    await microphone.wake();
    if (microphone.state === "live") element("talk-now", HTMLButtonElement).focus();
  };
  const page = new AbortController();
  begin.addEventListener("click", () => void ask());
  onDeviceChosen(microphones, "microphone", () => void microphone.change(), page.signal);
  setInterval(() => (level.value = microphone.level()), 100);
  void ask();
}
