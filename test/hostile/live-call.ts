import { linearToMuLaw } from "#telecom/media/g711.ts";
import { annsNumber } from "#rig/story.ts";
import { bankConfig } from "#rig/bank.ts";
import { makeAuthority } from "#rig/certificate.ts";
import { PlainBrowser } from "#rig/plain-browser.ts";
import { openPlatform, type Platform } from "#rig/platform.ts";
import { freePort } from "#rig/ports.ts";
import { heardTone, lengthOf, sequence } from "#rig/sound.ts";
import { openSoftphone, type Softphone } from "../../examples/softphones/softphone.ts";
import { injectedHz } from "./media-attack.ts";

/** The real platform with Ann and Bob talking: each telephone says a tone of its own, so that each hears whether the other is there. */
export interface LiveCall extends AsyncDisposable {
  readonly platform: Platform;
  /** Where it takes SIP over TLS and over WebSocket. */
  readonly doors: { readonly tlsPort: number; readonly webSocketPort: number };
  readonly ann: Softphone;
  readonly bob: Softphone;
  readonly browser: PlainBrowser;
  /** Begins to listen; `told()` says what each heard from then on. */
  listen(): { told(): Readonly<Record<"ann" | "bob", WhatWasHeard>> };
  hangUp(): Promise<void>;
}

export interface WhatWasHeard {
  readonly seconds: number;
  /** Of these, how long the other one was heard. */
  readonly otherSeconds: number;
  /** And how long the stranger was. */
  readonly strangerSeconds: number;
}

const annsHz = 700;
const bobsHz = 1_100;
const patienceMs = 20_000;

export async function openLiveCall(rtpPorts: string): Promise<LiveCall> {
  const ann = await openSoftphone({ name: "Ann", sipPort: 0, says: toneOf(annsHz) });
  const bob = await openSoftphone({ name: "Bob", sipPort: 0, says: toneOf(bobsHz) });
  const config = bankConfig({ user: ann.sipPort, center: bob.sipPort }, { confirmation: "never" });
  // A heap that may have gigabytes fills up before anything is collected. In this one, what is kept of strangers has no room.
  const heap = { NODE_OPTIONS: "--max-old-space-size=64" };
  const authority = makeAuthority();
  const { certificateFile, keyFile } = authority.issue("IP:127.0.0.1");
  const doors = { tlsPort: await freePort(), webSocketPort: await freePort() };
  const environment = {
    ...heap,
    TANDEM_SIP_TLS_CERTIFICATE: certificateFile,
    TANDEM_SIP_TLS_KEY: keyFile,
    TANDEM_SIP_TLS_PORT: String(doors.tlsPort),
    TANDEM_SIP_WEBSOCKET_PORT: String(doors.webSocketPort),
  };
  const platform = await openPlatform({ config, rtpPorts, environment });
  const browser = new PlainBrowser(platform.url);
  const close = async (): Promise<void> => {
    await ann.close();
    await bob.close();
    await platform[Symbol.asyncDispose]();
    authority[Symbol.dispose]();
  };
  try {
    await connect({ ann, bob, browser });
  } catch (error) {
    const output = platform.output().slice(-6_000);
    await close();
    throw new Error(`Ann and Bob never came to talk: ${browser.text}\n${output}`, { cause: error });
  }
  return {
    platform,
    doors,
    ann,
    bob,
    browser,
    listen() {
      const from = { ann: ann.recording().length, bob: bob.recording().length };
      return {
        told: () => ({
          ann: heardBy(ann.recording().subarray(from.ann), bobsHz),
          bob: heardBy(bob.recording().subarray(from.bob), annsHz),
        }),
      };
    },
    async hangUp() {
      bob.hangUp();
      await ann.ends(AbortSignal.timeout(patienceMs));
      await sees(browser, /goodbye/i);
    },
    [Symbol.asyncDispose]: close,
  };
}

async function connect({ ann, bob, browser }: Pick<LiveCall, "ann" | "bob" | "browser">): Promise<void> {
  const signal = AbortSignal.timeout(2 * patienceMs);
  await browser.opens("/talk/bank/mortgages");
  await browser.submits("/talk/", { phone: annsNumber });
  await ann.rings(signal);
  await ann.answer();
  await bob.rings(signal);
  await bob.answer();
  bob.press("#");
  await sees(browser, "You are connected");
  while (!hearsNow(ann, bobsHz) || !hearsNow(bob, annsHz)) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** In the last half second. */
function hearsNow(phone: Softphone, hz: number): boolean {
  const { seconds, otherSeconds } = heardBy(phone.recording().subarray(-4_000), hz);
  return seconds > 0 && otherSeconds > 0.9 * seconds;
}

async function sees(browser: PlainBrowser, words: string | RegExp): Promise<void> {
  const giveUp = AbortSignal.timeout(patienceMs);
  while (browser.text.match(words) === null) {
    if (giveUp.aborted) throw new Error(`the page never said ${String(words)}, but: ${browser.text}`);
    await browser.changes(giveUp);
    await browser.reloads();
  }
}

function toneOf(hz: number): Uint8Array {
  const { samples } = sequence([{ hz: [hz], seconds: 1 }]);
  return Uint8Array.from(samples, (sample) => linearToMuLaw(Math.round(sample * 32_767)));
}

function heardBy(pcm: Int16Array, hz: number): WhatWasHeard {
  const sound = { sampleRate: 8_000, samples: Float64Array.from(pcm, (sample) => sample / 32_768) };
  const strict = { joinSeconds: 0, leastSeconds: 0.02 };
  return {
    seconds: sound.samples.length / sound.sampleRate,
    otherSeconds: lengthOf(heardTone(sound, hz, strict)),
    // A trace of it would be enough: the other's tone hides what is weaker than itself.
    strangerSeconds: lengthOf(heardTone(sound, injectedHz, { ...strict, share: 0.1 })),
  };
}
