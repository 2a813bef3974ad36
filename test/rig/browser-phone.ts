import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { rolldown } from "rolldown";
import { type Browser, openBrowser } from "./chromium.ts";
import { temporaryFolder } from "./processes.ts";
import { sequence } from "./sound.ts";
import { writeWav } from "./wav.ts";

/** Where a page's telephone registers, and as whom. */
export interface PageRegistration {
  /** `ws://127.0.0.1:5062` */
  readonly socket: string;
  readonly name: string;
  readonly password: string;
  readonly answers?: "by-itself" | "when-told";
  /** It says the fingerprint of another certificate than its own. */
  readonly lies?: "fingerprint";
}

/** A browser telephone that nobody here wrote: JsSIP in Chromium, with a microphone that hums. */
export interface PagePhone {
  readonly page: Page;
  /** Resolves when it has registered. */
  registered(): Promise<void>;
  /** Resolves when this tone is the loudest that it hears, within 15 Hz; 0 is silence. */
  hears(hz: number): Promise<void>;
  answers(): Promise<void>;
  presses(key: string): Promise<void>;
  holds(): Promise<void>;
  resumes(): Promise<void>;
  hangsUp(): Promise<void>;
  /** Resolves when a receiver report about what it sends has come (RFC 3550 6.4). */
  isReportedTo(): Promise<void>;
  /** How it was called since the page was loaded, in order; `resume` is an INVITE that takes a leg up again. */
  invites(): Promise<readonly ("ring" | "resume")[]>;
  reload(): Promise<void>;
  close(): Promise<void>;
}

export interface PagePhones extends AsyncDisposable {
  /** The origin of the pages. */
  readonly origin: string;
  open(registration: PageRegistration): Promise<PagePhone>;
}

/** Pages of one browser, whose microphone hums `hz`. */
export async function openPagePhones(hz: number): Promise<PagePhones> {
  const script = await bundled();
  const site = createServer((request, response) => {
    if (request.url === "/phone.js")
      return void response.setHeader("content-type", "text/javascript").end(script);
    response
      .setHeader("content-type", "text/html")
      .end('<title>phone</title><script type="module" src="/phone.js"></script>');
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  const address = site.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const origin = `http://127.0.0.1:${address.port}`;
  const folder = temporaryFolder("microphone");
  const wav = join(folder.path, "hum.wav");
  writeWav(wav, sequence([{ hz: [hz], seconds: 10 }]));
  const browser: Browser = await openBrowser({ microphone: wav });
  const contexts: BrowserContext[] = [];
  return {
    origin,
    async open(registration) {
      const context = await browser.visitor({ permissions: ["microphone"] });
      contexts.push(context);
      const page = await context.newPage();
      await page.goto(`${origin}/?${new URLSearchParams({ ...registration })}`);
      return around(page, () => context.close());
    },
    async [Symbol.asyncDispose]() {
      for (const context of contexts) await context.close();
      await browser[Symbol.asyncDispose]();
      site.closeAllConnections();
      site.close();
      folder[Symbol.dispose]();
    },
  };
}

function around(page: Page, close: () => Promise<void>): PagePhone {
  const say = async (words: string): Promise<void> => {
    await page.evaluate(`phone.${words}`);
  };
  const until = async (fact: string): Promise<void> => {
    await page.waitForFunction(fact, undefined, { polling: 50 });
  };
  return {
    page,
    close,
    registered: () => until("phone.state.registered"),
    hears: (hz) => until(`Math.abs(phone.loudest() - ${hz}) < 15`),
    isReportedTo: () => until("phone.isReportedTo()"),
    answers: () => say("answers()"),
    presses: (key) => say(`presses(${JSON.stringify(key)})`),
    holds: () => say("holds()"),
    resumes: () => say("resumes()"),
    hangsUp: () => say("hangsUp()"),
    invites: async () => await page.evaluate<("ring" | "resume")[]>("phone.state.invites"),
    reload: async () => void (await page.reload()),
  };
}

let script: Promise<string> | undefined;

function bundled(): Promise<string> {
  script ??= bundle();
  return script;
}

async function bundle(): Promise<string> {
  await using build = await rolldown({
    input: join(import.meta.dirname, "browser-phone", "phone.js"),
    platform: "browser",
    logLevel: "silent",
  });
  const { output } = await build.generate({ format: "esm" });
  return output[0].code;
}
