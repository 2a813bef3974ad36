import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
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
  /** It says the fingerprint of another certificate than its own; or a description that is none; or one with 20,000 candidates. */
  readonly lies?: "fingerprint" | "nonsense" | "enormous";
}

/** The makes of browser telephones, none of which is ours, and the page of each. */
const scripts = { jssip: "phone.js", "sip.js": "sip-js.js" } as const;
export type PageMake = keyof typeof scripts;

/** A browser telephone that nobody here wrote, in Chromium, with a microphone that hums. */
export interface AnyPagePhone {
  readonly page: Page;
  /** Resolves when it has registered. */
  registered(): Promise<void>;
  /** Resolves when this tone is the loudest that it hears, within 15 Hz; 0 is silence. */
  hears(hz: number): Promise<void>;
  hangsUp(): Promise<void>;
  /** Registers again, as the same telephone with another Contact. */
  registersElsewhere(): Promise<void>;
  /** Resolves when that was taken. */
  unregisters(): Promise<void>;
  close(): Promise<void>;
}

/** JsSIP's. */
export interface PagePhone extends AnyPagePhone {
  answers(): Promise<void>;
  presses(key: string): Promise<void>;
  holds(): Promise<void>;
  resumes(): Promise<void>;
  /** Resolves when a receiver report about what it sends has come (RFC 3550 6.4). */
  isReportedTo(): Promise<void>;
  /** The kind of address that its sound goes by (RFC 8445 4): `host`, `srflx`, `prflx` or `relay`. */
  wayOfSound(): Promise<string>;
  /** How it was called since the page was loaded, in order; `resume` is an INVITE that takes a leg up again. */
  invites(): Promise<readonly ("ring" | "resume")[]>;
  reload(): Promise<void>;
}

export interface PagePhones extends AsyncDisposable {
  /** The origin of the pages. */
  readonly origin: string;
  open(registration: PageRegistration): Promise<PagePhone>;
  openOf(make: PageMake, registration: PageRegistration): Promise<AnyPagePhone>;
}

/** Pages of one browser, whose microphone hums `hz`, and which believes the certificate in the file `believes`. */
export async function openPagePhones(
  hz: number,
  { believes }: { readonly believes?: string } = {},
): Promise<PagePhones> {
  const site = createServer((request, response) => {
    const make = makeOf(request.url ?? "");
    if (make !== undefined) return void sendScript(make, response);
    const { searchParams } = new URL(request.url ?? "", "http://127.0.0.1");
    const src = `/${searchParams.get("make") ?? ""}`;
    response
      .setHeader("content-type", "text/html")
      .end(`<title>phone</title><script type="module" src="${src}"></script>`);
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  const address = site.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const origin = `http://127.0.0.1:${address.port}`;
  const folder = temporaryFolder("microphone");
  const wav = join(folder.path, "hum.wav");
  writeWav(wav, sequence([{ hz: [hz], seconds: 10 }]));
  const browser: Browser = await openBrowser({
    microphone: wav,
    ...(believes === undefined ? {} : { believes }),
  });
  const contexts: BrowserContext[] = [];
  const openOf = async (make: PageMake, registration: PageRegistration): Promise<PagePhone> => {
    const context = await browser.visitor({ permissions: ["microphone"] });
    contexts.push(context);
    const page = await context.newPage();
    await page.goto(`${origin}/?${new URLSearchParams({ make, ...registration })}`);
    return around(page, () => context.close());
  };
  return {
    origin,
    open: (registration) => openOf("jssip", registration),
    openOf,
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
    wayOfSound: async () => await page.evaluate<string>("phone.wayOfSound()"),
    answers: () => say("answers()"),
    presses: (key) => say(`presses(${JSON.stringify(key)})`),
    holds: () => say("holds()"),
    resumes: () => say("resumes()"),
    hangsUp: () => say("hangsUp()"),
    registersElsewhere: () => say("registersElsewhere()"),
    unregisters: () => say("unregisters()"),
    invites: async () => await page.evaluate<("ring" | "resume")[]>("phone.state.invites"),
    reload: async () => void (await page.reload()),
  };
}

function makeOf(path: string): PageMake | undefined {
  const name = path.slice(1);
  return name === "jssip" || name === "sip.js" ? name : undefined;
}

async function sendScript(make: PageMake, response: ServerResponse): Promise<void> {
  response.setHeader("content-type", "text/javascript").end(await bundled(make));
}

const bundles = new Map<PageMake, Promise<string>>();

function bundled(make: PageMake): Promise<string> {
  const known = bundles.get(make);
  if (known !== undefined) return known;
  const made = bundle(make);
  bundles.set(make, made);
  return made;
}

async function bundle(make: PageMake): Promise<string> {
  await using build = await rolldown({
    input: join(import.meta.dirname, "browser-phone", scripts[make]),
    platform: "browser",
    logLevel: "silent",
  });
  const { output } = await build.generate({ format: "esm" });
  return output[0].code;
}
