import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { tokenKid, tokenSecret } from "#rig/bank.ts";
import type { Phone } from "#rig/baresip.ts";
import { takesSeconds } from "#rig/measured-call.ts";
import { SignJWT } from "jose";
import type { Page } from "playwright-core";

/** Who is there, and what was seen on the way that no capture holds. */
export interface Seen {
  readonly ann: Phone;
  readonly bob: Phone;
  /** Ann's browser. */
  readonly page: Page;
  readonly bank: BankPage;
  /** When Ann's browser showed the page that Bob keyed. */
  pageShownAtMs: number;
  /** Of the welcome page, without its style. */
  pageOctets: number;
}

/** What the people do, step by step; a step in which only the platform does something waits for what Ann sees of it. */
export const stepsOfCall: Readonly<Record<number, (seen: Seen) => Promise<void>>> = {
  201: async ({ page, bank }) => {
    await page.goto(bank.url);
    await page.getByRole("link", { name: "Speak to an agent" }).waitFor();
  },
  202: async (seen) => {
    const answered = seen.page.waitForResponse((response) => response.url() === seen.bank.link);
    await seen.page.getByRole("link", { name: "Speak to an agent" }).click();
    seen.pageOctets = (await (await answered).body()).length;
  },
  203: ({ page }) => shows(page, "Mortgages: talk to us"),
  204: async ({ page }) => {
    await page.getByLabel("Your telephone number").fill("(202) 555-0123");
    await page.getByRole("button", { name: "Call me now" }).click();
    await page.waitForURL("**/call/**");
  },
  207: async ({ page, ann }) => {
    await ann.event("CALL_INCOMING");
    await shows(page, "Your telephone is ringing");
  },
  208: async ({ ann }) => {
    await ann.answers();
    await ann.event("CALL_ESTABLISHED");
  },
  209: async ({ page, ann, bob }) => {
    await shows(page, "Press 1 on your telephone");
    // A person listens to the question first.
    await takesSeconds(2);
    const called = bob.events.filter(({ type }) => type === "CALL_INCOMING");
    assert.deepEqual(called, [], "Bob was called without consent");
    await ann.presses("1");
    await shows(page, "We are calling the right person");
  },
  212: async ({ bob }) => {
    await bob.event("CALL_INCOMING", { withinMs: 20_000 });
    await takesSeconds(4);
    await bob.answers();
    await bob.event("CALL_ESTABLISHED");
  },
  213: async ({ bob }) => {
    await takesSeconds(1.5);
    await bob.presses("#");
  },
  214: ({ page }) => shows(page, "Somebody has answered"),
  215: async ({ page }) => {
    await shows(page, "You are connected");
    await takesSeconds(2);
  },
  216: ({ bob }) => bob.presses("12#"),
  217: async (seen) => {
    await shows(seen.page, "Our rates today");
    seen.pageShownAtMs = Date.now();
    await takesSeconds(1);
    await seen.bob.presses("99#");
    await takesSeconds(1.5);
    await shows(seen.page, "Our rates today");
  },
  218: async ({ ann, bob }) => {
    await bob.hangsUp();
    await ann.event("CALL_CLOSED");
  },
  219: ({ page }) => shows(page, "Goodbye"),
};

/** Waits until the page's first heading reads so; the page changes by itself. */
async function shows(page: Page, headline: string): Promise<void> {
  try {
    await page.getByRole("heading", { level: 1, name: headline }).first().waitFor({ timeout: 15_000 });
  } catch (error) {
    const seen = await page.locator("h1").allInnerTexts();
    throw new Error(`the page shows ${JSON.stringify(seen)}, not "${headline}"`, { cause: error });
  }
}

/** What the bank's token says of Ann: not her number, so she has to agree on the telephone. */
export const signedCode = "A47";
/** What stands bare beside it, as anybody could write it. */
export const bareCode = "B99";

/** 201. A page of the bank's own, on another site than the platform's. */
export interface BankPage extends AsyncDisposable {
  readonly url: string;
  /** Where its button leads. */
  readonly link: string;
}

export async function openBankPage(platformUrl: string): Promise<BankPage> {
  const link = `${platformUrl}/talk/bank/mortgages?token=${await token()}&code=${bareCode}`;
  const html = `<!doctype html><title>Mortgages</title><a href="${link.replace("&", "&amp;")}">Speak to an agent</a>`;
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    url: `http://127.0.0.1:${address.port}/`,
    link,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function token(): Promise<string> {
  const context = { whisperCode: signedCode, pageTitle: "Mortgages, page 3" };
  return await new SignJWT({ context })
    .setProtectedHeader({ alg: "HS256", kid: tokenKid })
    .setIssuer("bank")
    .setAudience("tandem")
    .setJti("one-click")
    .setExpirationTime("10 minutes")
    .sign(new TextEncoder().encode(tokenSecret));
}
