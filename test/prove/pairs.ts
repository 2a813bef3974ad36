import assert from "node:assert/strict";
import { join } from "node:path";
import type { ConfigShape } from "#network/config-schema.ts";
import { bankConfig } from "#rig/bank.ts";
import { type Phone, startBaresip } from "#rig/baresip.ts";
import { type Browser, openBrowser } from "#rig/chromium.ts";
import { takesSeconds } from "#rig/measured-call.ts";
import { openPlatform, type Platform } from "#rig/platform.ts";
import { freePort } from "#rig/ports.ts";
import { installed, temporaryFolder } from "#rig/processes.ts";
import { heardTone, lengthOf, sequence } from "#rig/sound.ts";
import { openToneVoice, voiceHz } from "#rig/tone-voice.ts";
import { annsTone, bobsTone } from "#rig/who-hears-what.ts";
import { signedToken } from "#rig/story.ts";
import { writeWav } from "#rig/wav.ts";
import type { Page } from "playwright-core";
import { type Check, check } from "./checks.ts";

type Device = "telephone" | "browser";
const pairs: readonly (readonly [visitor: Device, agent: Device])[] = [
  ["telephone", "telephone"],
  ["browser", "telephone"],
  ["telephone", "browser"],
  ["browser", "browser"],
];

const password = "correct-horse-battery";
/** What is said to the agent alone, as the rig's voice whistles it. */
const whispered: readonly number[] = [voiceHz.subject, voiceHz.customerCode, voiceHz.spelled];
const tones: readonly number[] = [annsTone, bobsTone, ...whispered];

/** Who is there for all four pairs: baresip and Chromium, each with a sound of its person's own. */
interface People {
  readonly platform: Platform;
  readonly ann: { readonly browser: Browser; readonly telephone: Phone };
  readonly bob: { readonly browser: Browser; readonly telephone: Phone };
}

/**
 * P62: telephone and browser, in all four pairs. Each is a whole call: sign-on by key, whisper, bridge, page push; and the sound that
 * each person hears is measured, in seconds of each tone.
 */
export async function* provePairs(): AsyncGenerator<Check> {
  if (!installed("chromium", "baresip")) {
    yield { name: "chromium and baresip", passed: false, detail: "are needed: bin/test --setup" };
    return;
  }
  await using rig = new AsyncDisposableStack();
  const people = await gather(rig);
  for (const [visitor, agent] of pairs) yield* provePair(people, visitor, agent);
}

async function* provePair(people: People, visitor: Device, agent: Device): AsyncGenerator<Check> {
  const name = `${visitor} to ${agent}`;
  await using rig = new AsyncDisposableStack();
  const page = await opens(people.ann.browser, rig);
  const ann = visitor === "browser" ? browsersLine(page) : telephonesLine(people.ann.telephone);
  const bobsPage = await opens(people.bob.browser, rig);
  const bob = agent === "browser" ? browsersLine(bobsPage) : telephonesLine(people.bob.telephone);

  yield await check(`${name}: Bob signs on by key, and they are connected`, async () => {
    if (agent === "browser") await signsIn(bobsPage, people.platform);
    const subject = agent === "browser" ? "savings" : "mortgages";
    const token = await signedToken({ subject, context: { whisperCode: "A47" } });
    await page.goto(`${people.platform.url}/talk/bank/${subject}?token=${token}`);
    if (visitor === "browser") await beginsInBrowser(page);
    else await agreesByTelephone(page, people.ann.telephone);
    await bob.picksUp();
    await takesSeconds(1.5);
    await bob.presses("#");
    await page.getByRole("heading", { name: "You are connected" }).waitFor();
    await takesSeconds(3);
  });
  yield await check(`${name}: Bob keys 1 2 #, and Ann sees the page`, async () => {
    await bob.presses("12#");
    await page.getByText("30 years fixed: 6.1 %").waitFor();
  });
  let annHeard: Tones = new Map();
  let bobHeard: Tones = new Map();
  yield await check(`${name}: Bob hangs up, and Ann's line ends with it`, async () => {
    annHeard = await ann.heardUntil(async () => {
      bobHeard = await bob.heardUntil(() => bob.hangsUp());
      await page.getByRole("heading", { name: "Goodbye" }).waitFor();
    });
  });
  yield await check(`${name}: each hears the other, and Bob alone the whisper`, () => {
    const told = `Ann: ${shown(annHeard)}; Bob: ${shown(bobHeard)}`;
    assert.ok(secondsOf(annHeard, bobsTone) > 1.5, `Ann does not hear Bob. ${told}`);
    assert.ok(secondsOf(bobHeard, annsTone) > 1.5, `Bob does not hear Ann. ${told}`);
    for (const hz of whispered) {
      assert.ok(secondsOf(bobHeard, hz) > 0.2, `Bob does not hear ${hz} Hz of the whisper. ${told}`);
      assert.ok(secondsOf(annHeard, hz) < 0.1, `Ann hears ${hz} Hz of the whisper. ${told}`);
    }
    return told;
  });
}

/** For how many seconds each tone was heard, by its Hz. */
type Tones = ReadonlyMap<number, number>;

const secondsOf = (heard: Tones, hz: number): number => heard.get(hz) ?? 0;
const shown = (heard: Tones): string =>
  [...heard].map(([hz, seconds]) => `${hz} Hz ${seconds.toFixed(1)} s`).join(", ");

/** A person's telephone, whatever it is. */
interface Line {
  picksUp(): Promise<void>;
  presses(keys: string): Promise<void>;
  hangsUp(): Promise<void>;
  /** What was heard in this call, which `end` brings to its end. */
  heardUntil(end: () => Promise<void>): Promise<Tones>;
}

function telephonesLine(phone: Phone): Line {
  return {
    async picksUp() {
      await phone.event("CALL_INCOMING", { from: begins(phone), withinMs: 20_000 });
      await phone.answers();
      await phone.event("CALL_ESTABLISHED", { from: begins(phone) });
    },
    presses: (keys) => phone.presses(keys),
    hangsUp: () => phone.hangsUp(),
    async heardUntil(end) {
      const from = begins(phone);
      await end();
      await phone.event("CALL_CLOSED", { from });
      const sound = phone.recordings("heard").at(-1);
      assert.ok(sound !== undefined, "the telephone recorded nothing");
      return new Map(tones.map((hz) => [hz, lengthOf(heardTone(sound, hz))]));
    },
  };
}

/** Where its last call begins among what it told. */
function begins({ events }: Phone): number {
  const over = events.findLastIndex(({ type }) => type === "CALL_CLOSED");
  return over + 1;
}

function browsersLine(page: Page): Line {
  return {
    async picksUp() {
      await page.getByText("It rings!").waitFor();
      await page.keyboard.press("Enter");
      await page.getByText("You are talking.").waitFor();
    },
    async presses(keys) {
      for (const key of keys) await page.keyboard.press(key);
    },
    hangsUp: () => page.getByRole("button", { name: "Hang up" }).click(),
    async heardUntil(end) {
      const seconds = await page.evaluate<Record<string, number>>("globalThis.heardSeconds");
      await end();
      return new Map(tones.map((hz) => [hz, seconds[hz] ?? 0]));
    },
  };
}

async function gather(rig: AsyncDisposableStack): Promise<People> {
  const voice = rig.use(openToneVoice());
  const telephone = async (user: string, hz: number): Promise<Phone> =>
    rig.use(await startBaresip({ user, answers: "when-told", says: sequence([{ hz: [hz], seconds: 1 }]) }));
  const browser = async (user: string, hz: number): Promise<Browser> => {
    const microphone = join(rig.use(temporaryFolder(`microphone-${user}`)).path, "hum.wav");
    writeWav(microphone, sequence([{ hz: [hz], seconds: 10 }]));
    return rig.use(await openBrowser({ microphone }));
  };
  const ann = {
    telephone: await telephone("+12025550123", annsTone),
    browser: await browser("ann", annsTone),
  };
  const bob = { telephone: await telephone("7001", bobsTone), browser: await browser("bob", bobsTone) };
  const platform = rig.use(
    await openPlatform({
      config: configOf({ user: ann.telephone.port, center: bob.telephone.port }),
      environment: { ...voice.environment, TANDEM_SIP_WEBSOCKET_PORT: String(await freePort()) },
    }),
  );
  return { platform, ann, bob };
}

/** Mortgages are answered at a telephone, savings in a browser. */
function configOf(ports: { user: number; center: number }): ConfigShape {
  const config = bankConfig(ports);
  const { bank } = config.subscribers;
  const { mortgages, savings } = bank?.subjects ?? {};
  assert.ok(bank !== undefined && mortgages !== undefined && savings !== undefined);
  const subjects = {
    mortgages,
    savings: {
      ...mortgages,
      routes: [{ center: "support", phone: "bob", dnis: "7002" }],
    },
  };
  return {
    ...config,
    subscribers: { bank: { ...bank, subjects, browserCalls: true, phones: { bob: { password } } } },
  };
}

async function opens(browser: Browser, rig: AsyncDisposableStack): Promise<Page> {
  const context = await browser.visitor({ permissions: ["microphone"] });
  rig.defer(() => context.close());
  await context.addInitScript(ear);
  return await context.newPage();
}

async function signsIn(page: Page, platform: Platform): Promise<void> {
  await page.goto(`${platform.url}/phone`);
  await page.locator("#name").fill("bob.bank");
  await page.locator("#password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("[data-why=ready]").waitFor();
}

async function beginsInBrowser(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Talk from this browser" }).click();
  await page.getByText("Say something").waitFor();
  await page.getByRole("button", { name: "Begin the call" }).click();
}

async function agreesByTelephone(page: Page, telephone: Phone): Promise<void> {
  await page.getByLabel("Your telephone number").fill("(202) 555-0123");
  await page.getByRole("button", { name: "Call me now" }).click();
  await telephonesLine(telephone).picksUp();
  await page.getByRole("heading", { name: "Press 1 on your telephone" }).waitFor();
  await takesSeconds(1.5);
  await telephone.presses("1");
}

/** Counts, in the page, for how long each tone was the loudest of what came to it. */
const ear = `
  globalThis.heardSeconds = {};
  const tones = ${JSON.stringify(tones)};
  const Connection = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Connection {
    constructor(...words) {
      super(...words);
      this.addEventListener("track", ({ track }) => {
        const context = new AudioContext();
        const analyser = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
        context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
        const levels = new Float32Array(analyser.frequencyBinCount);
        let before = context.currentTime;
        setInterval(() => {
          analyser.getFloatFrequencyData(levels);
          const peak = levels.reduce((best, level, at) => (level > levels[best] ? at : best), 0);
          const hz = (peak * context.sampleRate) / analyser.fftSize;
          const tone = levels[peak] > -60 ? tones.find((known) => Math.abs(known - hz) < 20) : undefined;
          if (tone !== undefined) heardSeconds[tone] = (heardSeconds[tone] ?? 0) + context.currentTime - before;
          before = context.currentTime;
        }, 20);
      });
    }
  };
`;
