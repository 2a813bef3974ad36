import assert from "node:assert/strict";
import { test } from "node:test";
import { PlainBrowser } from "#rig/plain-browser.ts";
import { annsNumber, areTalking, tellStory } from "#rig/story.ts";

const strangers = 60;

test(`Ann and Bob talk while ${strangers} others click beyond the limit: those are told so, and Ann's page is pushed as ever`, {
  timeout: 120_000,
}, async (t) => {
  const environment = { TANDEM_MAX_CALLS: "1" };
  await tellStory({ environment }, async (story) => {
    const { platform } = story;
    const [ann, bob] = [story.caller("Ann"), story.agent("Bob")];
    await ann.clicks("mortgages", { signed: { context: { phone: annsNumber, whisperCode: "A47" } } });
    await areTalking(ann, bob);

    const flood = Array.from({ length: strangers }, (_, at) => {
      const language = at % 2 === 0 ? "en" : "es";
      return refusedWish(new PlainBrowser(platform.url), language, `202555${String(1000 + at)}`);
    });
    await bob.presses("12#");
    await ann.sees("30 years fixed: 6.1 %");
    const tookMs = await Promise.all(flood);
    await ann.closesPage();
    await bob.presses("12#");
    await ann.sees("30 years fixed: 6.1 %");

    const figures = await platform.metrics();
    assert.ok(figures.includes(`tandem_call_wishes_total{answer="overloaded"} ${strangers}\n`), figures);
    assert.ok(figures.includes('tandem_call_wishes_total{answer="begun"} 1\n'), figures);
    assert.ok(figures.includes("tandem_push_seconds_count 2\n"), figures);
    tookMs.sort((one, other) => one - other);
    t.diagnostic(
      `${strangers} refused, median ${tookMs[strangers / 2]} ms, longest ${tookMs.at(-1)} ms; pushes: ${
        /tandem_push_seconds_sum (\S+)/.exec(figures)?.[1]
      } s in sum of two`,
    );
    // Ready all the same: pages of calls are served here.
    assert.equal((await fetch(new URL("/readyz", platform.url))).status, 200);

    await bob.hangsUp();
    await ann.isHungUp();
    await ann.sees("Goodbye");
    assert.equal((await story.record()).outcome, "completed");

    // There is room again.
    const next = story.caller("Ann");
    await next.clicks("mortgages");
    await next.submitsNumber("(202) 555-0123");
    await next.sees("Your telephone is ringing");
  });
});

/** Gives how long the answer to the form took, in ms. */
async function refusedWish(browser: PlainBrowser, language: "en" | "es", phone: string): Promise<number> {
  await browser.opens(`/talk/bank/mortgages?lang=${language}`);
  const beganAt = performance.now();
  const { status, html } = await browser.submits("/talk/", { phone });
  const tookMs = Math.round(performance.now() - beganAt);
  assert.equal(status, 503);
  const words = language === "en" ? "we can take no more calls" : "no podemos atender más llamadas";
  assert.ok(browser.text.includes(words), browser.text);
  assert.ok(html.includes(phone), "what was typed is kept");
  assert.match(html, /<form [^>]*method="post"/, "and can be sent again");
  return tookMs;
}
