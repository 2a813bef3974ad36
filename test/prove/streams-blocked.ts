import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { PageId } from "#base/ids.ts";
import { type Random, seededRandom } from "#base/random.ts";
import { openBrowser } from "#rig/chromium.ts";
import { type Mood, openMoodyProxy } from "#rig/moody-proxy.ts";
import { presentationOnLoopback } from "#rig/open-test-presentation.ts";
import { type Check, check } from "./checks.ts";

/** The promise's: from the beginning of a stream that nothing comes through to the first page by another way. */
const longestFallbackMs = 3_000;
const forcedSwitches = 1_000;
/** The page's script lives so many times as fast while it is made to switch: its waits are what takes time. */
const hurry = 20;
const seed = "20261126";

/**
 * M3, for the visitor's page, whose first way is an event stream: Chromium behind a proxy that holds streams back, and behind one that
 * refuses, holds and breaks streams and long polls by chance, so that the page must go from the one to the other all the time.
 */
export async function* proveStreamsBlocked(): AsyncIterable<Check> {
  yield await check("a page whose stream is held back shows the next page within 3 s", async () => {
    await using visit = await visitBehind((request) => (isStream(request) ? "hold" : "pass"), "");
    const before = performance.now();
    visit.scene.callManager.moves("calling-you");
    await visit.ann.getByRole("heading", { level: 1, name: "Your telephone is ringing" }).waitFor();
    const tookMs = Math.round(performance.now() - before);
    assert.ok(tookMs <= longestFallbackMs, `${tookMs} ms`);
    return `${tookMs} ms after the call's page was there`;
  });
  const random = seededRandom(seed);
  const weather = new Weather(random);
  yield await check(
    `over ${forcedSwitches} switches between streams and long polls each pushed page is shown once, in order`,
    async () => {
      await using visit = await visitBehind((request) => weather.moodFor(request), hurryScript);
      let pushed = 0;
      while (weather.switches < forcedSwitches) {
        for (let burst = random.integer(4); burst >= 0; burst -= 1)
          visit.scene.callManager.pushes(pageOf(pushed++));
        await visit.titled(`page ${pushed - 1} `);
      }
      const seen = visit.titles.flatMap((title) => /^page (\d+) /.exec(title)?.[1] ?? []).map(Number);
      assert.deepEqual(
        seen,
        Array.from({ length: pushed }, (_, at) => at),
      );
      const results = visit.scene.callManager.pushResults();
      assert.deepEqual(new Set(results), new Set(["shown"]));
      assert.equal(results.length, pushed);
      return `${pushed} pages, ${weather.switches} switches, seed ${seed}: ${weather.told()}`;
    },
  );
}

/** What the way is like from one request to the next. */
class Weather {
  readonly #random: Random;
  readonly #counts = new Map<string, number>();
  #last: "stream" | "poll" | undefined;
  switches = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  moodFor(request: IncomingMessage): Mood {
    const way = isStream(request) ? "stream" : isPoll(request) ? "poll" : undefined;
    if (way !== undefined && this.#last !== undefined && way !== this.#last) this.switches += 1;
    this.#last = way ?? this.#last;
    const moods =
      way === undefined ? (isShown(request) ? ofWords : calm) : way === "stream" ? ofStreams : ofPolls;
    const mood = moods[this.#random.integer(moods.length)] ?? "pass";
    const name = `${way ?? "other"} ${mood}`;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    return mood;
  }

  told(): string {
    return [...this.#counts].map(([name, count]) => `${name} ${count}`).join(", ");
  }
}

const calm: readonly Mood[] = ["pass"];
const ofStreams: readonly Mood[] = ["hold", "refuse", "refuse", "break", "break-later", "break-later"];
const ofPolls: readonly Mood[] = ["pass", "break", "refuse", "break-later"];
/** What a page says of itself may be lost as well. */
const ofWords: readonly Mood[] = ["pass", "pass", "pass", "pass", "refuse", "break", "break-later"];

const isStream = ({ url = "" }: IncomingMessage): boolean =>
  url.includes("/events") && !url.includes("&poll");
const isPoll = ({ url = "" }: IncomingMessage): boolean => url.includes("/events") && url.includes("&poll");
const isShown = ({ url = "" }: IncomingMessage): boolean => url.includes("/shown/");

/** Before any script of the page. */
const hurryScript = `{
  const wait = setTimeout;
  window.setTimeout = (then, ms, ...more) => wait(then, ms / ${hurry}, ...more);
  addEventListener("DOMContentLoaded", () =>
    new MutationObserver(() => seen(document.title)).observe(document.querySelector("title"), { childList: true }));
}`;

function pageOf(number: number) {
  const title = { en: `page ${number} ` };
  return { id: `page-${number}` as PageId, title, content: { type: "text", text: title } } as const;
}

/** Nobody's page asks so often; and the clock of its limits stands still here. */
const asMuchAsItLikes = { pagesPerMinute: 1_000_000 };

async function visitBehind(moodFor: (request: IncomingMessage) => Mood, script: string) {
  let port = 0;
  const stack = new AsyncDisposableStack();
  try {
    const proxy = stack.use(await openMoodyProxy(() => port, moodFor));
    const scene = stack.use(await presentationOnLoopback({ publicUrl: proxy.url, limits: asMuchAsItLikes }));
    port = scene.presentation.port;
    const browser = stack.use(await openBrowser());
    const context = await browser.visitor();
    const titles: string[] = [];
    const news = new EventEmitter();
    await context.exposeFunction("seen", (title: string) => {
      titles.push(title);
      news.emit("title");
    });
    await context.addInitScript(script);
    const ann = await context.newPage();
    await ann.goto(`${proxy.url}/talk/bank/mortgages`);
    await ann.locator("#phone").fill("415 555 0100");
    await ann.locator("main button[type=submit]").click();
    await ann.waitForURL("**/call/**");
    const titled = async (start: string): Promise<void> => {
      const tooLong = AbortSignal.timeout(60_000);
      while (titles.at(-1)?.startsWith(start) !== true) await once(news, "title", { signal: tooLong });
    };
    return { scene, ann, titles, titled, [Symbol.asyncDispose]: async () => await stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
