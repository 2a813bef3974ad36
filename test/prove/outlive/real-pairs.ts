import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { ConfigShape } from "#network/config-schema.ts";
import { type Phone, startBaresip } from "#rig/baresip.ts";
import { type Browser, openBrowser } from "#rig/chromium.ts";
import { PlainBrowser } from "#rig/plain-browser.ts";
import type { Platform } from "#rig/platform.ts";
import { sequence } from "#rig/sound.ts";
import type { Sound } from "#rig/wav.ts";

/** What a browser's audio may take to be back, after whichever death. */
const browserBackMs = 3_000;
/** A frame that is louder than this is somebody's voice. */
const loud = 0.02;
const frameSeconds = 0.02;
const tone = (hz: number): Sound => sequence([{ hz: [hz], seconds: 1 }]);

/**
 * Calls of telephones that nobody here made, beside the many light ones: baresip with baresip, and Chromium's page with baresip. Each has
 * a subscriber of its own, whose trunks lead to its telephones.
 */
export class RealPairs implements AsyncDisposable {
  readonly #rig: AsyncDisposableStack;
  readonly #plain: readonly PlainPair[];
  readonly #inBrowser: readonly BrowserPair[];

  static async start(count: number): Promise<RealPairs> {
    await using starting = new AsyncDisposableStack();
    if (count === 0) return new RealPairs(starting.move(), [], []);
    const phone = async (user: string, hz: number): Promise<Phone> =>
      starting.use(await startBaresip({ user, says: tone(hz) }));
    const plain: PlainPair[] = [];
    const inBrowser: BrowserPair[] = [];
    const browser = starting.use(await openBrowser({ microphone: "beep" }));
    for (let n = 0; n < count; n++) {
      plain.push(new PlainPair(`real-${n}`, await phone(visitorsNumber, 700), await phone(dnis, 1_000)));
      inBrowser.push(new BrowserPair(`web-${n}`, browser, await phone(dnis, 1_000)));
    }
    return new RealPairs(starting.move(), plain, inBrowser);
  }

  private constructor(
    rig: AsyncDisposableStack,
    plain: readonly PlainPair[],
    inBrowser: readonly BrowserPair[],
  ) {
    this.#rig = rig;
    this.#plain = plain;
    this.#inBrowser = inBrowser;
  }

  get count(): number {
    return this.#all.length;
  }

  get #all(): readonly (PlainPair | BrowserPair)[] {
    return [...this.#plain, ...this.#inBrowser];
  }

  addedTo(config: ConfigShape): ConfigShape {
    return this.#all.reduce((before, pair) => pair.addedTo(before), config);
  }

  /** Resolves when all talk. */
  async begin(platform: Platform): Promise<void> {
    await Promise.all(this.#all.map((pair) => pair.begin(platform.url, this.#rig)));
  }

  /** From here on a browser's silence counts. */
  async listen(): Promise<void> {
    for (const pair of this.#inBrowser) await pair.listen();
  }

  /** Each call is the one that it was, nobody was rung again, and browsers hear as before. */
  async areAlive(): Promise<string> {
    for (const pair of this.#all) pair.assertUndisturbed();
    if (this.count === 0) return "no others";
    const gaps = [];
    for (const pair of this.#inBrowser) gaps.push(await pair.longestSilenceMs());
    const most = Math.max(...gaps);
    assert.ok(most <= browserBackMs, `browsers heard nothing for ${gaps.join(", ")} ms`);
    return `${this.count} calls of real telephones alive; browsers' longest silence ${most} ms`;
  }

  /** Every second one hangs up first; its other end must follow. What each telephone heard of the other is told, as a share of the call. */
  async hangUp(deaths: number): Promise<string> {
    if (this.count === 0) return "none";
    const missing: number[] = [];
    for (const [n, pair] of this.#all.entries()) missing.push(...(await pair.hangUp(n % 2 === 0)));
    const most = Math.max(...missing);
    assert.ok(
      most / deaths <= 1,
      `${missing.map((each) => each.toFixed(1)).join(", ")} s of the other unheard`,
    );
    return `of the other unheard ${(1_000 * most) / deaths} ms a death at most`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rig.disposeAsync();
  }
}

const visitorsNumber = "+12025550123";
const centersNumber = "+12025550142";
const dnis = "7001";

/** The bank once more, under another name, with telephones of its own. */
function withSubscriber(
  config: ConfigShape,
  name: string,
  ports: { readonly visitor: number; readonly center: number },
  more: Partial<ConfigShape["subscribers"][string]>,
): ConfigShape {
  const { bank } = config.subscribers;
  const mortgages = bank?.subjects["mortgages"];
  assert.ok(bank !== undefined && mortgages !== undefined);
  const center = `${name}-center`;
  const routes = [{ center: "support", trunk: center, number: centersNumber, dnis }];
  const policy = { ...bank.policy, confirmation: "never" as const };
  return {
    ...config,
    trunks: {
      ...config.trunks,
      [name]: { host: "127.0.0.1", port: ports.visitor, callerId: "+12025550100" },
      [center]: { host: "127.0.0.1", port: ports.center },
    },
    subscribers: {
      ...config.subscribers,
      [name]: { ...bank, trunk: name, policy, subjects: { mortgages: { ...mortgages, routes } }, ...more },
    },
  };
}

class PlainPair {
  readonly #name: string;
  readonly #visitor: Phone;
  readonly #agent: Phone;
  #beganAtMs = 0;

  constructor(name: string, visitor: Phone, agent: Phone) {
    this.#name = name;
    this.#visitor = visitor;
    this.#agent = agent;
  }

  addedTo(config: ConfigShape): ConfigShape {
    return withSubscriber(config, this.#name, { visitor: this.#visitor.port, center: this.#agent.port }, {});
  }

  async begin(url: string): Promise<void> {
    const page = new PlainBrowser(url);
    await page.opens(`/talk/${this.#name}/mortgages`);
    await page.submits("/talk/", { phone: visitorsNumber });
    await signsOn(this.#agent);
    await until(async () => (await page.reloads()).html.includes("You are connected"));
    this.#beganAtMs = Date.now();
  }

  assertUndisturbed(): void {
    for (const phone of [this.#visitor, this.#agent]) assertOneCall(phone);
  }

  async hangUp(byVisitor: boolean): Promise<readonly number[]> {
    const seconds = (Date.now() - this.#beganAtMs) / 1_000;
    await (byVisitor ? this.#visitor : this.#agent).hangsUp();
    for (const phone of [this.#visitor, this.#agent]) await phone.event("CALL_CLOSED", { withinMs: 5_000 });
    return [this.#visitor, this.#agent].map((phone) => seconds - loudSeconds(phone));
  }
}

class BrowserPair {
  readonly #name: string;
  readonly #browser: Browser;
  readonly #agent: Phone;
  #page: Page | undefined;

  constructor(name: string, browser: Browser, agent: Phone) {
    this.#name = name;
    this.#browser = browser;
    this.#agent = agent;
  }

  addedTo(config: ConfigShape): ConfigShape {
    const ports = { visitor: this.#agent.port, center: this.#agent.port };
    return withSubscriber(config, this.#name, ports, { browserCalls: true });
  }

  async begin(url: string, rig: AsyncDisposableStack): Promise<void> {
    const context = await this.#browser.visitor();
    rig.defer(() => context.close());
    await context.grantPermissions(["microphone"]);
    await context.addInitScript(ear);
    const page = await context.newPage();
    this.#page = page;
    await page.goto(`${url}/talk/${this.#name}/mortgages`);
    await page.getByRole("button", { name: "Talk from this browser" }).click();
    await page.getByRole("button", { name: "Begin the call" }).click();
    await signsOn(this.#agent);
    await page.getByRole("heading", { name: "You are connected" }).waitFor();
    await page.getByText("Your sound is on.").waitFor();
  }

  async listen(): Promise<void> {
    await this.#page?.evaluate("beginToListen()");
  }

  async longestSilenceMs(): Promise<number> {
    const silence = await this.#page?.evaluate<number>("longestSilence()");
    return Math.round(silence ?? Infinity);
  }

  assertUndisturbed(): void {
    assertOneCall(this.#agent);
  }

  async hangUp(byVisitor: boolean): Promise<readonly number[]> {
    if (byVisitor) await this.#page?.getByRole("button", { name: "Hang up" }).click();
    else await this.#agent.hangsUp();
    await this.#agent.event("CALL_CLOSED", { withinMs: 5_000 });
    await this.#page?.getByRole("heading", { name: "Goodbye" }).waitFor({ timeout: 5_000 });
    assert.ok(lastLoudSecond(this.#agent) <= 2, "the agent heard the browser to the end");
    return [];
  }
}

async function signsOn(agent: Phone): Promise<void> {
  await agent.event("CALL_ESTABLISHED", { withinMs: 60_000 });
  await agent.presses("#");
}

function assertOneCall({ events, address }: Phone): void {
  const count = (type: string): number => events.filter((event) => event.type === type).length;
  assert.deepEqual([count("CALL_ESTABLISHED"), count("CALL_CLOSED")], [1, 0], `${address}: answered, ended`);
}

function loudSeconds(phone: Phone): number {
  return loudFrames(phone).filter(Boolean).length * frameSeconds;
}

/** How long before its end it was last loud. */
function lastLoudSecond(phone: Phone): number {
  const frames = loudFrames(phone);
  return (frames.length - frames.lastIndexOf(true)) * frameSeconds;
}

function loudFrames(phone: Phone): readonly boolean[] {
  const [sound] = phone.recordings("heard");
  assert.ok(sound !== undefined, "it has recorded its call");
  const length = Math.round(sound.sampleRate * frameSeconds);
  return Array.from({ length: Math.floor(sound.samples.length / length) }, (_, at) =>
    sound.samples.subarray(at * length, (at + 1) * length).some((sample) => Math.abs(sample) > loud),
  );
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries++) {
    assert.ok(tries < 200, "it did not come to that");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** In the page: how long at a stretch it heard nothing, since it was told to listen. */
const ear = `
  let lastMs = performance.now();
  let longestMs = 0;
  globalThis.beginToListen = () => { lastMs = performance.now(); longestMs = 0; };
  globalThis.longestSilence = () => Math.max(longestMs, performance.now() - lastMs);
  const Connection = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Connection {
    constructor(...words) {
      super(...words);
      this.addEventListener("track", ({ track }) => {
        const context = new AudioContext();
        const analyser = context.createAnalyser();
        analyser.fftSize = 512;
        context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
        const samples = new Float32Array(analyser.fftSize);
        setInterval(() => {
          analyser.getFloatTimeDomainData(samples);
          if (!samples.some((sample) => Math.abs(sample) > ${loud})) return;
          const nowMs = performance.now();
          longestMs = Math.max(longestMs, nowMs - lastMs);
          lastMs = nowMs;
        }, 50);
      });
    }
  };
`;
