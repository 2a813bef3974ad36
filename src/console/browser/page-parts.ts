import type { PhoneFacts } from "#contract/browser-phone.ts";

/** The elements that a telephone's page was rendered with, by their id. A page without one is a mistake of ours. */
export function element<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

export function factsOf(root: HTMLElement): PhoneFacts {
  return JSON.parse(root.dataset["phone"] ?? "{}") as PhoneFacts;
}

/** Says it where it has changed only: a live region is read aloud each time that it is written to. */
export function say(where: HTMLElement, text: string): void {
  if (where.textContent !== text) where.textContent = text;
}

/** Hides what need not be seen, but takes the focus to `instead` first when it would be lost with it. */
export function show(what: HTMLElement, isShown: boolean, instead?: HTMLElement): void {
  if (what.hidden !== isShown) return;
  if (!isShown && what.contains(document.activeElement)) instead?.focus();
  what.hidden = !isShown;
}
