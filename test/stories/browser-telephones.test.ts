/**
 * Telephones that are pages of ours, in Chromium with a false microphone that beeps once a second: the agent's, and the visitor's own
 * browser. Everything else is as in the other stories: real processes, real SIP and RTP, plain telephones at the far end.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import type { ConfigShape } from "#network/config-schema.ts";
import { type Browser, openBrowser } from "#rig/chromium.ts";
import { startCoturn } from "#rig/coturn.ts";
import { freePort } from "#rig/ports.ts";
import { installed } from "#rig/processes.ts";
import { type Story, tellStory } from "#rig/story.ts";

const missing = installed("chromium") ? false : "needs chromium: bin/test --setup";
const password = "correct-horse-battery";

describe("telephones in browsers", { skip: missing, timeout: 240_000 }, () => {
  let chromium: Browser | undefined;
  before(async () => {
    chromium = await openBrowser({ microphone: "beep" });
  });
  after(async () => await chromium?.[Symbol.asyncDispose]());

  /** A page that may use the microphone. */
  const opens = async (rig: AsyncDisposableStack): Promise<Page> => {
    assert.ok(chromium !== undefined);
    const context = await chromium.visitor();
    rig.defer(() => context.close());
    await context.grantPermissions(["microphone"]);
    await context.addInitScript(ear);
    return await context.newPage();
  };

  test("Bob's telephone is a page: it rings, he signs on, pushes a page, loads it anew, and hangs up", async () => {
    await tellStory(await options(agentInBrowser), async (story) => {
      await using rig = new AsyncDisposableStack();
      const bob = await opens(rig);
      await signsIn(bob, story);
      const ann = story.caller("Ann");
      await ann.clicks("mortgages", { signed: { context: { phone: "+12025550123", whisperCode: "A47" } } });
      await ann.confirmsNumber();
      await ann.answers();
      await bob.getByText("It rings!").waitFor();
      await bob.getByText("From +12025550123. Called: 7001.").waitFor();
      await bob.keyboard.press("Enter");
      await bob.getByText("You are talking.").waitFor();
      await hears(bob);
      await bob.keyboard.press("#");
      await ann.sees("Leave this page open: pages");
      for (const key of ["1", "2", "#"]) await bob.getByRole("button", { name: key, exact: true }).click();
      await ann.sees("30 years fixed: 6.1 %");

      await bob.getByRole("button", { name: "Hold" }).click();
      await bob.getByText("The call is on hold.").waitFor();
      await bob.getByRole("button", { name: "Hold" }).click();
      await bob.getByText("You are talking.").waitFor();

      await bob.reload();
      await bob.getByText("You are talking.").waitFor();
      for (const key of ["3", "#"]) await bob.getByRole("button", { name: key, exact: true }).click();
      await ann.sees("Application form");
      await bob.getByRole("button", { name: "Hang up" }).click();
      await ann.isHungUp();
      await ann.sees("Goodbye");
      const record = await story.record();
      assert.deepEqual(
        [record.outcome, record.routesTried.map(({ number, result }) => [number, result])],
        ["completed", [["bob.bank", "signed-on"]]],
      );
      assert.deepEqual(
        record.pagesPushed.map(({ digits }) => digits),
        ["12", "3"],
      );
    });
  });

  test("Bob's page may come by a TURN server alone: he hears and is heard", async (t) => {
    if (!installed("turnserver")) return t.skip("needs coturn: bin/test --setup");
    const secret = "what coturn and Tandem know";
    await using turn = await startCoturn({ secret });
    const { config, environment } = await options(agentInBrowser);
    const relays = {
      TANDEM_TURN_SERVERS: `turn:${turn.address}`,
      TANDEM_TURN_SECRET: secret,
      TANDEM_TURN_ONLY: "true",
    };
    await tellStory({ config, environment: { ...environment, ...relays } }, async (story) => {
      await using rig = new AsyncDisposableStack();
      const bob = await opens(rig);
      await signsIn(bob, story);
      const ann = story.caller("Ann");
      await ann.clicks("mortgages", { signed: { context: { phone: "+12025550123" } } });
      await ann.confirmsNumber();
      await ann.answers();
      await bob.getByText("It rings!").waitFor();
      assert.equal(turn.allocations, 0, "nothing is asked for before he answers");
      await bob.keyboard.press("Enter");
      await bob.getByText("You are talking.").waitFor();
      await hears(bob);
      assert.ok(turn.allocations > 0);
      await bob.keyboard.press("#");
      await ann.sees("Leave this page open: pages");
      await bob.getByRole("button", { name: "Hang up" }).click();
      await ann.isHungUp();
      assert.equal((await story.record()).outcome, "completed");
    });
  });

  test("Ann talks from her browser: the page is reloaded in mid-call, shown in two tabs, and nobody is dropped", async () => {
    await tellStory(await options(visitorInBrowser), async (story) => {
      await using rig = new AsyncDisposableStack();
      const ann = await opens(rig);
      const bob = story.agent("Bob");
      await ann.goto(`${story.platform.url}/talk/bank/mortgages`);
      await ann.getByRole("button", { name: "Talk from this browser" }).click();
      await ann.getByText("Say something").waitFor();
      await comesTrue(ann, "document.getElementById('level').value > 0.2");
      await ann.getByRole("button", { name: "Begin the call" }).click();
      const toBob = await bob.rings();
      assert.equal(toBob.assertedIdentity, undefined, "a browser has no number to show");
      await ann.getByRole("heading", { name: "We are calling the right person" }).waitFor();
      await hears(ann);
      await bob.answers();
      await bob.presses("#");
      await ann.getByRole("heading", { name: "You are connected" }).waitFor();
      await ann.getByText("Your sound is on.").waitFor();
      await bob.presses("12#");
      await ann.getByText("30 years fixed: 6.1 %").waitFor();
      // The form of the pushed page is sent from where it stands: the sound goes on.
      await ann.evaluate("globalThis.isTheSamePage = true");
      await ann.getByRole("button", { name: "Close this page" }).click();
      await ann.getByRole("heading", { name: "You are connected" }).waitFor();
      assert.equal(await ann.evaluate("globalThis.isTheSamePage"), true);

      await ann.reload();
      await ann.getByText("Your sound is on.").waitFor();
      const second = await ann.context().newPage();
      await second.goto(ann.url());
      await second.getByText("The sound is in another tab of this browser.").waitFor();
      await second.getByRole("button", { name: "Use this tab" }).click();
      await second.getByText("Your sound is on.").waitFor();
      await ann.getByText("The sound is in another tab of this browser.").waitFor();
      await bob.presses("12#");
      for (const tab of [ann, second]) await tab.getByText("30 years fixed: 6.1 %").waitFor();
      await second.getByRole("button", { name: "Hang up" }).click();
      await bob.isHungUp();
      for (const tab of [ann, second]) await tab.getByRole("heading", { name: "Goodbye" }).waitFor();
      assert.equal(await second.locator("[data-phone]").count(), 0, "no telephone is left on the last page");
      const record = await story.record();
      assert.equal(record.visitorNumber, "browser");
      assert.ok(record.bridgedSeconds > 0);
      assert.equal(record.routesTried.length, 1);
    });
  });

  test("Ann's call in her browser outlives the unit, also where that dies while it calls her back", async () => {
    await tellStory(await options(visitorInBrowser), async (story) => {
      await using rig = new AsyncDisposableStack();
      const ann = await opens(rig);
      const bob = story.agent("Bob");
      await ann.goto(`${story.platform.url}/talk/bank/mortgages`);
      await ann.getByRole("button", { name: "Talk from this browser" }).click();
      await ann.getByRole("button", { name: "Begin the call" }).click();
      await bob.rings();
      await bob.answers();
      await bob.presses("#");
      await ann.getByRole("heading", { name: "You are connected" }).waitFor();
      await ann.getByText("Your sound is on.").waitFor();
      for (let death = 0; death < 3; death++) {
        const calledBack = isInvited(ann);
        await story.platform.killUnit();
        await story.platform.startUnit();
        await calledBack;
      }
      await ann.getByText("Your sound is on.").waitFor();
      await bob.presses("12#");
      await ann.getByText("30 years fixed: 6.1 %").waitFor();
      await ann.getByRole("button", { name: "Hang up" }).click();
      await bob.isHungUp();
      assert.equal((await story.record()).outcome, "completed");
    });
  });
});

/** Resolves when an INVITE has come over a connection that the page opens from now on. */
async function isInvited(page: Page): Promise<void> {
  await new Promise<void>((resolve) => {
    page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        if (String(payload).startsWith("INVITE ")) resolve();
      }),
    );
  });
}

async function options(change: (config: ConfigShape) => ConfigShape) {
  return { config: change, environment: { TANDEM_SIP_WEBSOCKET_PORT: String(await freePort()) } };
}

function agentInBrowser(config: ConfigShape): ConfigShape {
  const { bank } = config.subscribers;
  const mortgages = bank?.subjects["mortgages"];
  assert.ok(bank !== undefined && mortgages !== undefined);
  const routes = [{ center: "support", phone: "bob", dnis: "7001" }];
  const subjects = { ...bank.subjects, mortgages: { ...mortgages, routes } };
  return { ...config, subscribers: { bank: { ...bank, subjects, phones: { bob: { password } } } } };
}

function visitorInBrowser(config: ConfigShape): ConfigShape {
  const { bank } = config.subscribers;
  assert.ok(bank !== undefined);
  return { ...config, subscribers: { bank: { ...bank, browserCalls: true } } };
}

async function signsIn(page: Page, story: Story): Promise<void> {
  await page.goto(`${story.platform.url}/phone`);
  await page.locator("#name").fill("bob.bank");
  await page.locator("#password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("[data-why=ready], [data-why=not-asked]").waitFor();
}

async function hears(page: Page): Promise<void> {
  await comesTrue(page, "globalThis.heard > 0.01");
}

/** Playwright's own way to wait for such a thing needs `eval`, which our pages forbid. */
async function comesTrue(page: Page, what: string): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!(${what})) return;
      clearInterval(timer);
      resolve();
    }, 50);
  })`);
}

/** Measures, in the page, how loud the loudest was that came to it. */
const ear = `
  globalThis.heard = 0;
  const Connection = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Connection {
    constructor(...words) {
      super(...words);
      this.addEventListener("track", ({ track }) => {
        const context = new AudioContext();
        const analyser = context.createAnalyser();
        context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
        const samples = new Float32Array(analyser.fftSize);
        setInterval(() => {
          analyser.getFloatTimeDomainData(samples);
          for (const sample of samples) globalThis.heard = Math.max(globalThis.heard, Math.abs(sample));
        }, 20);
      });
    }
  };
`;
