import { type Browser, openBrowser } from "#rig/chromium.ts";
import { type Demo, demoServes, startDemo } from "#rig/demo.ts";
import { installed } from "#rig/processes.ts";
import type { FrameLocator, Page } from "playwright-core";
import { type Check, check } from "./checks.ts";

/** The first run's page in Chromium: what a person does there, with the panes that they do it in. */
interface FirstRun {
  readonly page: Page;
  readonly site: FrameLocator;
  readonly ann: FrameLocator;
  readonly bob: FrameLocator;
  /** An agent's telephone that is a page of Tandem's. */
  readonly carol: FrameLocator;
}

/** Every scenario of the first run, done in Chromium on the page itself; its own tick is the verdict. */
export async function* proveScenarios(): AsyncGenerator<Check> {
  if (!installed("chromium")) {
    yield { name: "chromium", passed: false, detail: "is needed: bin/test --setup" };
    return;
  }
  await using demo = await startDemo();
  await demoServes(demo);
  await using browser = await openBrowser({ microphone: "beep" });
  const run = await openFirstRun(browser, demo);
  for (const { id, title } of await scenariosOf(run)) yield await check(title, () => doScenario(run, id));
  yield await check("nothing went wrong in the page", () => {
    if (run.errors.length > 0) throw new Error(run.errors.join("; "));
  });
}

/** From the command to the first bridged call, by a visitor who waits for nothing. */
export async function* proveFirstRun(): AsyncGenerator<Check> {
  if (!installed("chromium")) {
    yield { name: "chromium", passed: false, detail: "is needed: bin/test --setup" };
    return;
  }
  await using browser = await openBrowser();
  const beganAtMs = performance.now();
  const since = (): string => `${((performance.now() - beganAtMs) / 1000).toFixed(1)} s after the command`;
  await using demo = await startDemo();
  yield await check("bin/start serves", async () => {
    await demoServes(demo);
    return since();
  });
  const run = await openFirstRun(browser, demo);
  yield await check("the first call is bridged", async () => {
    await connects(run);
    return since();
  });
  yield await check("less than a minute", () => {
    if (performance.now() - beganAtMs > 60_000) throw new Error(since());
  });
}

async function openFirstRun(
  browser: Browser,
  demo: Demo,
): Promise<FirstRun & { readonly errors: readonly string[] }> {
  const visitor = await browser.visitor({
    viewport: { width: 1600, height: 1000 },
    permissions: ["microphone"],
  });
  const page = await visitor.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(`http://127.0.0.1:${demo.ports.firstRun}/`);
  const [site, ann, bob, carol] = ["site", "ann", "bob", "carol"].map((name) =>
    page.frameLocator(`iframe[name=${name}]`),
  );
  if (site === undefined || ann === undefined || bob === undefined || carol === undefined)
    throw new Error("There are four frames.");
  return { page, site, ann, bob, carol, errors };
}

/** As the page shows them, in their order. */
async function scenariosOf({ page }: FirstRun): Promise<readonly { id: string; title: string }[]> {
  const found = await page.locator(".scenario").all();
  return await Promise.all(
    found.map(async (scenario) => ({
      id: ((await scenario.getAttribute("id")) ?? "").replace(/^scenario-/, ""),
      title: (await scenario.locator("summary").innerText()).replace(/^\W+/, ""),
    })),
  );
}

/** Opens its page, does what it says, and waits for its tick. */
async function doScenario(run: FirstRun, id: string): Promise<void> {
  const act = acts[id];
  if (act === undefined) throw new Error(`Nobody does ${id}.`);
  const scenario = run.page.locator(`#scenario-${id}`);
  await scenario.locator("summary").click();
  await scenario.getByRole("button", { name: "Open the page for it" }).click();
  await act(run);
  await run.page.locator(`#scenario-${id}.seen`).waitFor({ timeout: 40_000 });
  for (const phone of [run.ann, run.bob]) await phone.getByText("Nobody calls.").waitFor();
}

const acts: Readonly<Record<string, (run: FirstRun) => Promise<void>>> = {
  async telephone(run) {
    await connects(run);
    await hangsUp(run.bob);
  },
  async signed(run) {
    await run.site.getByRole("link", { name: "Call me at the number you know" }).click();
    await run.site.getByRole("button", { name: "Call me now" }).click();
    await answers(run.ann);
    await agentSignsOn(run);
    await hangsUp(run.ann);
  },
  async push(run) {
    await connects(run);
    await presses(run.bob, "12#");
    await run.site.getByRole("heading", { name: "Monthly payment" }).first().waitFor();
    await hangsUp(run.bob);
  },
  async "wrong-digits"(run) {
    await connects(run);
    await presses(run.bob, "99#");
    await run.page.locator("#scenario-wrong-digits.seen").waitFor();
    await hangsUp(run.bob);
  },
  async busy(run) {
    await clicks(run);
    await run.ann.getByRole("button", { name: "Busy" }).click();
    await run.site.getByRole("heading", { name: "Your telephone was busy" }).waitFor();
  },
  async refuses(run) {
    await clicks(run, "(202) 555-0199");
    await answers(run.ann);
    await run.site.getByRole("heading", { name: "Press 1 on your telephone" }).waitFor();
    await presses(run.ann, "9");
    await run.site.getByRole("heading", { name: "You will not be called again" }).waitFor();
  },
  async cancels(run) {
    await clicks(run);
    await run.ann.getByText("It rings!").waitFor();
    await run.site.getByRole("button", { name: "Cancel the call" }).click();
    await run.site.getByRole("heading", { name: "The call was cancelled" }).waitFor();
  },
  async "nobody-signs-on"(run) {
    await typesNumber(run);
    await answers(run.bob);
    await run.site.getByRole("heading", { name: "No agent was available" }).waitFor({ timeout: 40_000 });
  },
  async "center-first"(run) {
    await typesNumber(run);
    await answers(run.bob);
    await presses(run.bob, "#");
    await answers(run.ann);
    await isConnected(run);
    await hangsUp(run.ann);
  },
  async "outside-hours"(run) {
    await run.site.getByText("We cannot take your call now").waitFor();
  },
  async "two-tabs"(run) {
    await connects(run);
    const opened = run.page.context().waitForEvent("page");
    await run.page.getByRole("link", { name: "The same call in another window" }).click();
    const other = await opened;
    await other.getByRole("heading", { name: "You are connected" }).waitFor();
    await presses(run.bob, "12#");
    for (const page of [run.site, other])
      await page.getByRole("heading", { name: "Monthly payment" }).first().waitFor();
    await hangsUp(run.bob);
    await other.getByRole("heading", { name: "Goodbye" }).waitFor();
    await other.close();
  },
  async reload(run) {
    await connects(run);
    await run.page.locator("#reload").click();
    await isConnected(run);
    await hangsUp(run.bob);
  },
  async kill(run) {
    await connects(run);
    await run.page.getByRole("button", { name: "Kill the web process" }).click();
    await run.page.getByText("The web process is gone.").first().waitFor();
    await presses(run.bob, "12#");
    await run.site.getByRole("heading", { name: "Monthly payment" }).first().waitFor({ timeout: 30_000 });
    await hangsUp(run.bob);
    await run.site.getByRole("heading", { name: "Goodbye" }).waitFor();
  },
  async spanish(run) {
    await run.site
      .getByRole("link", { name: /^Hablar con un agente/ })
      .first()
      .click();
    await run.site.getByLabel("Su número de teléfono").fill("(202) 555-0101");
    await run.site.getByRole("button", { name: "Llámenme ahora" }).click();
    await answers(run.ann);
    await presses(run.ann, "1");
    await answers(run.bob);
    await presses(run.bob, "#");
    await run.page.locator("#scenario-spanish.seen").waitFor();
    await hangsUp(run.bob);
  },
  async browser(run) {
    await run.site
      .getByRole("link", { name: /^Speak to an agent/ })
      .first()
      .click();
    await run.site.getByRole("button", { name: "Talk from this browser" }).click();
    await run.site.getByText("Say something").waitFor();
    await run.site.getByRole("button", { name: "Begin the call" }).click();
    await agentSignsOn(run);
    await hangsUp(run.bob);
    // Her line hears the goodbye first; until then the page would lead back to this call.
    await run.site.getByRole("heading", { name: "Goodbye" }).waitFor();
  },
  async "agent-page"(run) {
    await run.carol.locator("#name").fill("carol.bank");
    await run.carol.locator("#password").fill("demonstration-only");
    await run.carol.getByRole("button", { name: "Sign in" }).click();
    await connectsCarol(run);
    for (const key of "12#") await run.carol.getByRole("button", { name: key, exact: true }).click();
    await run.site.getByRole("heading", { name: "Monthly payment" }).first().waitFor();
    await hangsUp(run.carol);
    await run.site.getByRole("heading", { name: "Goodbye" }).waitFor();
  },
  async "agent-reload"(run) {
    await connectsCarol(run);
    await run.page.locator("#reload-carol").click();
    await run.carol.getByText("You are talking.").waitFor();
    await hangsUp(run.carol);
    await run.site.getByRole("heading", { name: "Goodbye" }).waitFor();
  },
  async "center-busy"(run) {
    await typesNumber(run);
    await run.bob.getByRole("button", { name: "Busy" }).click();
    await run.site.getByRole("heading", { name: "All lines are busy" }).waitFor();
  },
  async "agent-hangs-up"(run) {
    await typesNumber(run);
    await answers(run.bob);
    await hangsUp(run.bob);
    await run.site.getByRole("heading", { name: "The call ended early" }).waitFor();
  },
};

/** From the bank's page to the two who talk, as most scenarios begin. */
async function connects(run: FirstRun): Promise<void> {
  await clicks(run);
  await answers(run.ann);
  await run.site.getByRole("heading", { name: "Press 1 on your telephone" }).waitFor();
  await presses(run.ann, "1");
  await agentSignsOn(run);
}

/** Carol is signed in, or about to be. */
async function connectsCarol(run: FirstRun): Promise<void> {
  await run.carol.locator("[data-why=ready]").waitFor();
  await typesNumber(run);
  await answers(run.ann);
  await run.site.getByRole("heading", { name: "Press 1 on your telephone" }).waitFor();
  await presses(run.ann, "1");
  await run.carol.getByText("It rings!").waitFor();
  await run.carol.getByRole("button", { name: "Answer" }).click();
  await run.carol.getByText("You are talking.").waitFor();
  await run.carol.getByRole("button", { name: "#", exact: true }).click();
  await isConnected(run);
}

async function clicks(run: FirstRun, number?: string): Promise<void> {
  await run.site
    .getByRole("link", { name: /^Speak to an agent/ })
    .first()
    .click();
  await typesNumber(run, number);
}

async function typesNumber({ site }: FirstRun, number = "(202) 555-0101"): Promise<void> {
  await site.getByLabel("Your telephone number").fill(number);
  await site.getByRole("button", { name: "Call me now" }).click();
}

async function agentSignsOn(run: FirstRun): Promise<void> {
  await answers(run.bob);
  await presses(run.bob, "#");
  await isConnected(run);
}

async function isConnected({ site }: FirstRun): Promise<void> {
  await site.getByRole("heading", { name: "You are connected" }).waitFor({ timeout: 30_000 });
}

async function answers(phone: FrameLocator): Promise<void> {
  await phone.getByRole("button", { name: "Answer" }).click();
  await phone.getByText("In a call.").waitFor();
}

async function hangsUp(phone: FrameLocator): Promise<void> {
  await phone.getByRole("button", { name: "Hang up" }).click();
}

async function presses(phone: FrameLocator, keys: string): Promise<void> {
  for (const key of keys)
    await phone.getByRole("button", { name: key === "#" ? "pound" : key, exact: true }).click();
}
