import assert from "node:assert/strict";
import type { CallRecord } from "#call-manager/call-record.ts";
import { bankConfig, tokenKid, tokenSecret } from "#rig/bank.ts";
import { type Phone, startBaresip } from "#rig/baresip.ts";
import { mayCapture, startCapture } from "#rig/capture.ts";
import { openBrowser } from "#rig/chromium.ts";
import { openPlatform, type Platform } from "#rig/platform.ts";
import { ownRtpPorts } from "#rig/ports.ts";
import { installed } from "#rig/processes.ts";
import { sequence } from "#rig/sound.ts";
import { SignJWT } from "jose";
import type { Page } from "playwright-core";
import { type Check, check } from "./checks.ts";
import { annsNumber, annsTone, bobsTone, dnis } from "./flow-people.ts";
import { proveSound } from "./flow-sound.ts";
import { proveWire } from "./flow-wire.ts";

/**
 * Steps 201 to 219 on real things: Ann has Chromium and baresip, Bob has baresip, the platform runs as two processes. First
 * the call itself, then what the capture says of it: SIP as the table wants it, and who heard what when.
 */
export async function* proveFlow(): AsyncGenerator<Check> {
  if (!installed("chromium", "baresip", "tcpdump") || !mayCapture()) {
    const detail = "needs chromium, baresip, tcpdump and the right to capture: bin/test --setup, as root";
    yield { name: "peers", passed: false, detail };
    return;
  }
  await using ann = await startBaresip({
    user: annsNumber,
    answers: "when-told",
    says: sequence([{ hz: [annsTone], seconds: 1 }]),
  });
  await using bob = await startBaresip({
    user: dnis,
    answers: "when-told",
    says: sequence([{ hz: [bobsTone], seconds: 1 }]),
  });
  const rtpPorts = ownRtpPorts();
  const config = bankConfig({ user: ann.port, center: bob.port });
  await using platform = await openPlatform({ config, rtpPorts });
  await using browser = await openBrowser();
  await using capture = await startCapture([ann.port, bob.port], { rtpPorts });
  const visitor = await browser.visitor();
  const page = await visitor.newPage();

  for await (const step of callSteps({ ann, bob, page, platform })) {
    yield step;
    // What follows stands on this one: the first failure says all there is to say.
    if (!step.passed) {
      yield { name: "the platform's own words", passed: false, detail: platform.output().slice(-6_000) };
      return;
    }
  }
  await visitor.close();
  await capture.stop();
  const [record] = await platform.calls();
  if (record === undefined) {
    yield { name: "call record", passed: false, detail: "there is none" };
    return;
  }
  yield* proveRecord(record);
  yield* proveWire({
    messages: capture.sip(),
    annPort: ann.port,
    bobPort: bob.port,
    sipPort: platform.sipPort,
  });
  yield* proveSound({
    messages: capture.sip(),
    streams: capture.rtp(),
    annPort: ann.port,
    bobPort: bob.port,
    record,
  });
  const [heardByAnn] = ann.recordings("heard");
  const [heardByBob] = bob.recordings("heard");
  yield await check("both telephones recorded what they heard", () => {
    assert.ok((heardByAnn?.samples.length ?? 0) > 8000 && (heardByBob?.samples.length ?? 0) > 8000);
  });
}

async function* callSteps(told: {
  ann: Phone;
  bob: Phone;
  page: Page;
  platform: Platform;
}): AsyncGenerator<Check> {
  const { ann, bob, page, platform } = told;
  const shows = (headline: string): Promise<void> => shown(page, headline);

  yield await check("201-203  Ann clicks and sees the welcome page", async () => {
    await page.goto(`${platform.url}/talk/bank/mortgages?token=${await token()}`);
    await shows("Mortgages: talk to us");
  });
  yield await check("204      Ann types her number", async () => {
    await page.getByLabel("Your telephone number").fill("(202) 555-0123");
    await page.getByRole("button", { name: "Call me now" }).click();
    await page.waitForURL("**/call/**");
  });
  yield await check("205-207  the connect page stands, Ann's telephone rings", async () => {
    await ann.event("CALL_INCOMING");
    await shows("Your telephone is ringing");
  });
  yield await check("208      Ann picks up, and is asked to press 1", async () => {
    await ann.answers();
    await shows("Press 1 on your telephone");
    // A person listens to the question first.
    await seconds(2.5);
    assert.equal(
      bob.events.filter(({ type }) => type === "CALL_INCOMING").length,
      0,
      "Bob was called without consent",
    );
  });
  yield await check("209      Ann presses 1", async () => {
    await ann.presses("1");
    await shows("We are calling the right person");
  });
  yield await check(
    "210-211  Bob's telephone rings",
    async () => void (await bob.event("CALL_INCOMING", { withinMs: 20_000 })),
  );
  yield await check("212-213  Bob picks up, hears the prompt, and signs on", async () => {
    await bob.answers();
    await bob.event("CALL_ESTABLISHED");
    await seconds(2.5);
    await bob.presses("#");
  });
  yield await check("214      Bob is told what it is about", () => shows("Somebody has answered"));
  yield await check("215      the two are connected", async () => {
    await shows("You are connected");
    await seconds(2);
  });
  yield await check("216-217  Bob keys 1 2 #, Ann sees the rates", async () => {
    await bob.presses("12#");
    await shows("Our rates today");
    await seconds(1);
  });
  yield await check("217      a code that the bank does not have shows nothing", async () => {
    await bob.presses("99#");
    await seconds(1.5);
    await shows("Our rates today");
  });
  yield await check("218      Bob hangs up, Ann's line ends", async () => {
    await bob.hangsUp();
    await ann.event("CALL_CLOSED");
  });
  yield await check("219      Ann sees the goodbye page", () => shows("Goodbye"));
}

async function* proveRecord(record: CallRecord): AsyncGenerator<Check> {
  yield await check("record   the call is written down as it was", () => {
    assert.equal(record.outcome, "completed");
    assert.equal(record.visitorNumber, annsNumber);
    assert.deepEqual(
      record.routesTried.map((route) => route.dnis),
      [dnis],
    );
    assert.deepEqual(
      record.pagesPushed.map((push) => [push.digits, push.page]),
      [["12", "rates"]],
    );
    assert.ok(
      record.bridgedSeconds >= 4 && record.bridgedSeconds <= 30,
      `bridged ${record.bridgedSeconds} s`,
    );
    return `${record.steps.length} steps, bridged ${record.bridgedSeconds} s`;
  });
}

/** The bank's own word for who Ann is; her number is not in it, so she has to agree on the telephone. */
async function token(): Promise<string> {
  const context = { whisperCode: "A47", pageTitle: "Mortgages, page 3" };
  return await new SignJWT({ context })
    .setProtectedHeader({ alg: "HS256", kid: tokenKid })
    .setIssuer("bank")
    .setAudience("tandem")
    .setJti("one-click")
    .setExpirationTime("10 minutes")
    .sign(new TextEncoder().encode(tokenSecret));
}

/** Waits until the page's first heading reads so; the page changes by itself. */
async function shown(page: Page, headline: string): Promise<void> {
  try {
    await page.getByRole("heading", { level: 1, name: headline }).first().waitFor({ timeout: 15_000 });
  } catch (error) {
    const seen = await page.locator("h1").allInnerTexts();
    throw new Error(`the page shows ${JSON.stringify(seen)}, not "${headline}"`, { cause: error });
  }
}

/** How long people take: to listen, to talk. */
function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}
