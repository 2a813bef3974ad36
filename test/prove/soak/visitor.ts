import { PlainBrowser } from "#rig/plain-browser.ts";
import { signedToken } from "#rig/story.ts";
import type { Plan } from "./plan.ts";

/** What a visitor has lived through. */
export interface Visit {
  /** How often the site did not answer, or said that it could not take a call now; then the visitor tried again. */
  readonly tries: number;
  /** Events that the live connection brought, where the page stayed open; and how often it broke. */
  readonly events: number;
  readonly breaks: number;
}

const againMs = 500;
const patienceMs = 90_000;

/** 201-204, as a person would who tries again when the site is away; and to the last page where the plan says so. */
export async function visit(platformUrl: string, plan: Plan, code: number): Promise<Visit> {
  const browser = new PlainBrowser(platformUrl);
  const { phone, types, watches } = plan;
  const context = { whisperCode: String(10 + (code % 90)), ...(types ? {} : { phone }) };
  const path = `/talk/bank/mortgages?token=${await signedToken({ context })}`;
  let tries = await patiently(async () => (await browser.opens(path)).status === 200);
  const form = browser.page;
  tries += await patiently(async () => {
    // The same form again: one that has begun a call leads to that call.
    browser.goesBackTo(form);
    return (await browser.submits("/talk/", types ? { phone } : {})).status === 200;
  });
  return { tries, ...(watches ? await watchesToTheEnd(browser) : { events: 0, breaks: 0 }) };
}

/** Until the page follows its call no more, which is said on its last one. */
async function watchesToTheEnd(browser: PlainBrowser): Promise<Pick<Visit, "events" | "breaks">> {
  let events = 0;
  let breaks = 0;
  const giveUp = AbortSignal.timeout(patienceMs);
  while (browser.page.html.includes("data-events=")) {
    if (giveUp.aborted) throw new Error("a visitor waits in vain", { cause: browser.text.slice(0, 200) });
    try {
      const text = await browser.watches(giveUp);
      events += text.match(/^data:/gm)?.length ?? 0;
    } catch {
      // The web process died: a browser connects again, and the page is as it stands now.
      breaks += 1;
    }
    await patiently(async () => (await browser.reloads()).status === 200);
  }
  return { events, breaks };
}

/** Resolves with how often it took another try. */
async function patiently(act: () => Promise<boolean>): Promise<number> {
  const giveUpMs = performance.now() + patienceMs;
  for (let tries = 0; ; tries += 1) {
    let why: unknown = "it was not answered as it should be";
    try {
      if (await act()) return tries;
    } catch (error) {
      why = error;
    }
    if (performance.now() > giveUpMs) throw new Error("a visitor gave up", { cause: why });
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
}
